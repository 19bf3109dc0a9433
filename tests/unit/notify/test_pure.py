# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses, parts, hours: what a message goes through before it is sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.contacts import addresses
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.backoff import pause_seconds, retry_after_seconds
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.splitting import numbered, parts

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DUTY = {"role": "developers", "language": "ja", "channels": [{"channel": "hook"}, {"channel": "mail", "to": "dev@a.b"}]}
WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "until": "18:00"}


@given(st.text(alphabet="ab\n日本 ", max_size=400), st.integers(1, 30))
def test_parts_say_everything_and_none_is_too_long(text: str, limit: int) -> None:
    found = parts(text, limit)
    assert all(len(each) <= limit for each in found)
    assert "".join(found).replace("\n", "") == text.replace("\n", "")


def test_several_parts_are_numbered() -> None:
    assert numbered(parts("one\ntwo\nthree", 7)) == ["(1/2)\none\ntwo", "(2/2)\nthree"]
    assert numbered(parts("one", 7)) == ["one"]


@given(st.integers(0, 10_000), st.none() | st.floats(0, 1e9))
def test_a_pause_grows_and_ends_somewhere(attempts: int, asked: float | None) -> None:
    pause = pause_seconds(attempts, asked)
    assert 1 <= pause <= 3600
    assert pause >= min(asked or 0, 3600)
    assert pause <= pause_seconds(attempts + 1, asked)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("30", 30.0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, expected: float | None) -> None:
    assert retry_after_seconds(header, NOON) == expected


def told(role: str, contacts: list[dict[str, object]], wall: datetime, zone: str = "Asia/Tokyo") -> list[str]:
    """Return the keys of the addresses."""
    return [each.key for each in addresses([role], contacts, wall, zone)[0]]


def test_a_role_is_told_on_all_its_channels_in_its_language() -> None:
    found, missing = addresses(["developers", "cto", "developers"], [DUTY], NOON, "UTC")
    assert [(each.key, each.language) for each in found] == [
        ("developers/hook", "ja"),
        ("developers/mail/dev@a.b", "ja"),
    ]
    assert missing == ["cto"]


def test_outside_the_hours_of_the_systems_zone_somebody_else_is_told() -> None:
    manager = {"role": "manager", "language": "en", "channels": [{"channel": "hook"}]}
    contacts = [{**DUTY, "hours": WEEKDAYS, "otherwise": "manager"}, manager]
    friday_ten_in_tokyo = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    friday_evening = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert told("developers", contacts, friday_ten_in_tokyo) == ["developers/hook", "developers/mail/dev@a.b"]
    assert told("developers", contacts, friday_evening) == ["manager/hook"]
    assert told("developers", contacts, NOON) == ["manager/hook"]


def test_hours_may_go_past_midnight() -> None:
    night = [{**DUTY, "hours": {"from": "22:00", "until": "06:00"}, "otherwise": "manager"}]
    night.append({"role": "manager", "channels": [{"channel": "hook"}]})
    assert told("developers", night, datetime(2026, 11, 20, 23, 0, tzinfo=UTC), "UTC")[0] == "developers/hook"
    assert told("developers", night, NOON, "UTC") == ["manager/hook"]


def test_nobody_is_left_out_because_of_the_hour() -> None:
    alone = [{**DUTY, "hours": WEEKDAYS}]
    circle = [{**DUTY, "hours": WEEKDAYS, "otherwise": "developers"}]
    assert (
        told("developers", alone, NOON)
        == told("developers", circle, NOON)
        == [
            "developers/hook",
            "developers/mail/dev@a.b",
        ]
    )
