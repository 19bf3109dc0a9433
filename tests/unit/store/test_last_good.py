# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database said before somebody took hold of it stands beside the unknown result, never in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.last_good import held, with_last_good
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.period import period_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.render import render
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import finish, open_store
from tests.unit.store.builders import HOUR, NOON, finished, result

IN_USE = {"id": "duckdb_in_use", "fields": {"database": "/srv/w.duckdb", "pid": 4711}}


def _held(check: str, **changes: Any) -> dict[str, Any]:
    return result(
        check, "unknown", value=None, metrics={}, evidence=["a"], reason=IN_USE, kind="duckdb_query", **changes
    )


def test_an_unknown_result_shows_the_last_good_figures_and_their_age(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    known = result("cost", "warning", value=5.5, unit="USD", metrics={"cost": 5.5, "tokens": 70}, started=NOON)
    finish(store, [finished("r1", results=[known])])
    now = NOON + 26 * HOUR
    run = finished("r2", state="unknown", results=[_held("cost"), _held("new"), result("disk")], started=now)
    assert held([run]) == {("est1", "cost"), ("est1", "new")}

    (run,) = with_last_good(store, [{**run, "started": now.isoformat()}], now)

    cost, new, disk = run["results"]
    assert (cost["state"], cost["value"], cost["metrics"]) == ("unknown", None, {})
    assert cost["last_good"] == {
        "value": 5.5,
        "unit": "USD",
        "state": "warning",
        "metrics": {"cost": 5.5, "tokens": 70},
        "started": "2026-11-21T12:00:00Z",
        "run_id": "r1",
        "age_seconds": 93600,
    }
    assert cost["evidence"] == [
        "a",
        "last good, not current: 5.5 USD (warning) at 2026-11-21T12:00:00Z, 93600 s before this look",
        "last good, not current: cost=5.5",
        "last good, not current: tokens=70",
    ]
    assert (new, disk) == (_held("new"), result("disk"))

    finish(store, [run])
    files = render("daily", [run], [run], period_of(now.isoformat(), "UTC", 1), name="report")
    assert "Last good figure, not current: $5.50 (Warning), measured 2026-11-21 12:00, " in files["report.en.txt"]
    assert "直近の計測値(現在の値ではありません): " in files["report.ja.txt"]
    assert "Last good figure, not current: $5.50" in files["report.html"]


def test_what_is_held_again_shows_the_look_before(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    finish(store, [finished("r1", results=[result("cost", value=1, started=NOON)])])
    for hour in (1, 2):
        now = NOON + hour * HOUR
        (run,) = with_last_good(
            store, [finished(f"h{hour}", state="unknown", results=[_held("cost", started=now)])], now
        )
        finish(store, [run])
        assert run["results"][0]["last_good"]["run_id"] == "r1"
        assert run["results"][0]["last_good"]["age_seconds"] == hour * 3600
