# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play asks for all of its hosts at once, and each host gets its own answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.derive import derived_results
from tests.unit.store.builders import maintenance
from tests.unit.trends.histories import NOW, profile, runs_of

ASKED = {
    "system_slos": [
        {"name": "up", "kind": "availability", "target": ">= 99"},
        {"name": "errors", "kind": "error_rate", "target": "< 1", "check": "traffic"},
    ],
    "system_trends": [{"name": "full", "kind": "forecast", "check": "disk", "limit": ">= 90"}],
}
HOSTS = 30


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> store.Store:
    """Return a store with 90 days of thirty hosts, whose disks fill at different paces."""
    found = store.open_store(f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite")
    known = profile(**ASKED)
    for number in range(HOSTS):
        host = f"wiki-{number}"
        disk = {"every_days": 1, "figures": [10 + 0.01 * (number + 1) * day for day in range(91)]}
        looks = {"every_days": 1, "figures": "u" * 80 + ("d" if number == 7 else "u") + "u" * 10}
        weeks = {"every_days": 7, "figures": [{"value": 0.5, "requests": 100 + number}] * 5}
        store.finish(found, runs_of({"disk": disk, "web": looks, "traffic": weeks}, known, host)[:-1])
    return found


def test_every_host_has_its_own_answers_from_a_fixed_number_of_statements(opened: store.Store) -> None:
    known = profile(**ASKED)
    hosts = [f"wiki-{number}" for number in range(HOSTS)]
    current = [runs_of({"web": {"every_days": 1, "figures": "u"}}, known, host)[0] for host in hosts]
    statements: list[str] = []

    @sa.event.listens_for(opened.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            statements.append(statement)

    answers = derived_results(opened, current, dict.fromkeys(hosts, known.questions), NOW)
    sa.event.remove(opened.engine, "before_cursor_execute", note)
    assert len(statements) <= 5
    found = {host: {each["check"]: each for each in results} for host, results in answers.items()}
    assert [host for host in hosts if found[host]["up"]["state"] != "ok"] == ["wiki-7"]
    assert found["wiki-3"]["errors"]["metrics"]["requests"] == 3 * 103
    days = [found[f"wiki-{number}"]["full"]["metrics"]["per_month_percent"] for number in range(HOSTS)]
    assert days == pytest.approx([0.3 * (number + 1) for number in range(HOSTS)])


def test_nothing_is_read_when_nothing_is_asked(tmp_path: Path) -> None:
    gone = store.open_store(f"sqlite:///{tmp_path}/store.sqlite")
    gone.engine.dispose()
    (tmp_path / "store.sqlite").unlink()
    assert derived_results(gone, [], {"wiki-1": []}, NOW) == {}


def test_maintenance_is_no_downtime(tmp_path: Path) -> None:
    known = profile(**ASKED)
    *recorded, current = runs_of({"web": {"every_days": 1, "figures": "u" * 20 + "d" + "u" * 20}}, known)
    found = store.open_store(f"sqlite:///{tmp_path}/store.sqlite")
    store.finish(found, recorded)
    asked = {"wiki-1": known.questions[:1]}
    (without,) = derived_results(found, [current], asked, NOW)["wiki-1"]
    began = NOW - timedelta(days=20, hours=1)
    window = {"host": "wiki-1", "system": "wiki", "begins": began, "ends": began + timedelta(hours=2)}
    store.plan_maintenance(found, [maintenance("m1", **window)])
    (announced,) = derived_results(found, [current], asked, NOW)["wiki-1"]
    assert (without["state"], announced["state"]) == ("critical", "ok")
    assert announced["metrics"]["downtime_seconds"] == 0


def test_a_defect_costs_its_own_answer_and_no_other(tmp_path: Path) -> None:
    known = profile(**ASKED)
    broken = [{**known.questions[1], "window": "fortnight"}, known.questions[2]]
    *recorded, current = runs_of({"traffic": {"every_days": 7, "figures": [{"value": 1, "requests": 1}] * 5}}, known)
    found = store.open_store(f"sqlite:///{tmp_path}/store.sqlite")
    store.finish(found, recorded)
    first, second = derived_results(found, [current], {"wiki-1": broken}, NOW)["wiki-1"]
    assert (first["state"], first["reason"]["id"]) == ("unknown", "internal_error")
    assert second["reason"]["id"] == "too_little_history"
