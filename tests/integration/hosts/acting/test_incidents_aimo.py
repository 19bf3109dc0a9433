# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch system without its database: classified, told, evidence kept, and over when a person has brought it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.hosts.acting.incidents import desk_for
from tests.integration.hosts.plays import on_host

HOST = "aimo-1"
pytestmark = pytest.mark.xdist_group("aimo-1")
DATABASE = "/opt/aimo/data/cache/aimo.duckdb"


def test_a_database_that_is_gone_is_told_as_lost_data_and_nothing_is_tried(
    prepared: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    prepared(HOST)
    with desk_for(HOST, tmp_path_factory.mktemp("incidents")) as desk:
        on_host(HOST, f"mv {DATABASE} /opt/aimo/aside.duckdb")
        try:
            acted = desk.act()
            assert acted.returncode == 2
            incident = desk.incident()
            assert (incident["level"], incident["facts"]["rules"]) == ("P1", ["database_gone"])
            assert set(incident["categories"]) == {"data_loss"}
            assert incident["facts"]["next"] == {"id": "next_no_step"}
            assert desk.steps() == {}, "its runbook has no step for it"
            assert acted.states == {}
            mails = [mail["To"] for mail in desk.box.mails]
            assert {"operations@example.com", "cto@example.com"} <= set(mails)
            assert any(line.startswith("/ ") or line.startswith("/:") for line in desk.evidence()["disk"]), (
                desk.evidence()["disk"]
            )
            assert "aimo.duckdb" not in on_host(HOST, "ls -A /opt/aimo/data/cache"), "nothing was made in its place"
        finally:
            on_host(HOST, f"mv /opt/aimo/aside.duckdb {DATABASE}")
        over = desk.act()
        assert over.returncode == 0, over.output
        assert desk.incident()["state"] == "recovered"
        assert len(desk.hook.told("復旧時刻")) > 0
