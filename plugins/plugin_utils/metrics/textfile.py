# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded runs of one system as metrics, for the textfile collector of the node exporter. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .exposition import Family, exposition

#: Kind of the checks that look at backups; the value is the age of the newest set in seconds.
BACKUP_KIND = "backup_set"


def textfile(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the metrics of one system.

    A check appears as it was last looked at, whichever procedure did. A state is one sample for each state that there
    is, 1 for the one it has: what is unknown is not ok, and an alert on it is as easy as on any other.

    Args:
        runs: the newest finished run of each procedure, in any order.
    """
    newest_last = sorted(runs, key=lambda run: (_moment(run["started"]), run["id"]))
    newest = {result["check"]: (run, result) for run in newest_last for result in run["results"]}
    return exposition([*_of_runs(newest_last), *_of_checks(newest.values()), *_of_backups(newest.values())])


def _of_runs(runs: Sequence[Mapping[str, Any]]) -> list[Family]:
    state = Family("aiops_system_state", "1 for the verdict of the system's newest run, 0 for the other verdicts.")
    reachable = Family("aiops_system_reachable", "Whether the newest run reached the system.")
    began = Family("aiops_run_timestamp_seconds", "When the newest run of a procedure began, in Unix time.")
    took = Family("aiops_run_duration_seconds", "How long the newest run of a procedure took.")
    failed = Family("aiops_run_failed", "Whether the newest run of a procedure failed, or one of its actions.")
    checks = Family("aiops_run_checks", "How many checks of the newest run of a procedure have a state.")
    for run in runs:
        labels = {**_system(run), "procedure": run["procedure"]}
        began.add(_moment(run["started"]), **labels)
        if run.get("finished"):
            took.add(_moment(run["finished"]) - _moment(run["started"]), **labels)
        failed.add(run.get("failure") is not None or any(act["state"] == "failed" for act in run["actions"]), **labels)
        for each in STATES:
            checks.add(sum(result["state"] == each for result in run["results"]), **labels, state=each)
    for run in runs[-1:]:
        _add_states(state, run["state"], _system(run))
        reachable.add(bool(run.get("reachable")), **_system(run))
    return [state, reachable, began, took, failed, checks]


def _of_checks(newest: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[Family]:
    state = Family("aiops_check_state", "1 for the state a check had when it was last looked at, 0 for the others.")
    value = Family("aiops_check_value", "First figure of a check, in the unit of its label; absent when not measured.")
    other = Family("aiops_check_metric", "Further figures of a check, by name; absent when they were not measured.")
    looked = Family("aiops_check_timestamp_seconds", "When a check was last looked at, in Unix time.")
    for run, result in newest:
        labels = {**_system(run), "check": result["check"], "kind": result.get("kind")}
        _add_states(state, result["state"], labels)
        looked.add(_moment(result.get("started") or run["started"]), **labels)
        if _is_number(result.get("value")):
            value.add(result["value"], **labels, unit=result.get("unit") or "")
        for name, figure in (result.get("metrics") or {}).items():
            if _is_number(figure):
                other.add(figure, **labels, metric=name)
    return [state, value, other, looked]


def _of_backups(newest: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[Family]:
    age = Family("aiops_backup_age_seconds", "Age of the newest whole backup when it was last looked at.")
    made = Family("aiops_backup_timestamp_seconds", "When the newest whole backup was made, in Unix time.")
    for run, result in newest:
        if result.get("kind") == BACKUP_KIND and result.get("unit") == "s" and _is_number(result.get("value")):
            labels = {**_system(run), "check": result["check"]}
            age.add(result["value"], **labels)
            made.add(_moment(result.get("started") or run["started"]) - result["value"], **labels)
    return [age, made]


def _add_states(family: Family, found: str, labels: Mapping[str, Any]) -> None:
    for state in STATES:
        family.add(state == found, **labels, state=state)


def _system(run: Mapping[str, Any]) -> dict[str, Any]:
    return {"system": run["system"], "host": run["host"]}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
