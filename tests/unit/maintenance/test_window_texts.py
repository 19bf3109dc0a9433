# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people are told of maintenance windows, in the times of their system."""

from __future__ import annotations

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.maintenance import Place, window_texts

PLACE = Place({"en": "Team Wiki", "ja": "社内Wiki"}, "Europe/Paris")
WINDOW = {
    "host": "a",
    "begins": "2026-12-01T20:00:00Z",
    "ends": "2026-12-01T22:30:00Z",
    "reason": "New disk",
    "closed": None,
}


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (None, "Team Wiki: maintenance from 2026-12-01 21:00 to 23:30 (Europe/Paris): New disk"),
        (
            "2026-11-30T10:00:00Z",
            "Team Wiki: the maintenance planned for 2026-12-01 21:00 (Europe/Paris) does not take place: New disk",
        ),
        (
            "2026-12-01T21:00:00Z",
            "Team Wiki: the maintenance that began at 2026-12-01 21:00 (Europe/Paris) is over: New disk",
        ),
    ],
)
def test_a_window_is_planned_cancelled_or_over(closed: str | None, expected: str) -> None:
    assert window_texts([{**WINDOW, "closed": closed}], {"a": PLACE})["en"] == expected


def test_several_windows_have_a_line_each_with_the_day_where_it_changes() -> None:
    late = {**WINDOW, "begins": "2026-12-01T22:00:00Z", "ends": "2026-12-01T23:30:00Z"}
    assert window_texts([WINDOW, late], {"a": PLACE})["ja"].splitlines() == [
        "社内Wiki：2026-12-01 21:00から23:30まで（Europe/Paris）メンテナンスを行います。内容：New disk",
        "社内Wiki：2026-12-01 23:00から2026-12-02 00:30まで（Europe/Paris）メンテナンスを行います。内容：New disk",
    ]
