# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the rest of a fleet is not run any more, the sizes of batches, and which plays make one job."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.aiops.runbooks.plugins.filter.batches import batches
from ansible_collections.aiops.runbooks.plugins.plugin_utils.batches import job_name
from ansible_collections.aiops.runbooks.plugins.plugin_utils.fleet import Limits, Progress, after_batch


def told(**hosts: str) -> dict[str, dict[str, Any]]:
    """Return what is said of hosts: a state, or ``broken``."""
    return {
        host: {
            "failed": state in ("critical", "broken"),
            "state": "critical" if state == "broken" else state,
            "message": f"{host} {state}" if state in ("critical", "broken") else "",
            "broken": state == "broken",
        }
        for host, state in hosts.items()
    }


def end(before: Progress, left: int, limits: Limits | None = None, **hosts: str) -> Progress:
    """Return the progress after a batch of an acting procedure on ten hosts."""
    return after_batch(before, told(**hosts), left, 10, limits or Limits(), acting=True, planning=False)


@pytest.mark.parametrize("state", ["critical", "broken", "unknown", "refused"])
def test_a_canary_that_is_not_proven_well_stops_the_rest(state: str) -> None:
    stopped = end(Progress(), 8, a="ok", b=state).stopped
    assert stopped == {"id": "not_run_canary", "fields": {"host": "b"}}


def test_a_warning_is_well_enough_and_the_only_batch_has_no_canary() -> None:
    assert end(Progress(), 9, a="warning").stopped is None
    assert end(Progress(), 0, a="critical").stopped is None


def test_failures_of_all_batches_are_counted_together() -> None:
    limits = Limits(failures=1)
    second = end(end(Progress(), 9, limits, a="ok"), 6, limits, b="critical", c="ok", d="ok")
    assert (second.failed, second.stopped) == (["b"], None)
    third = end(second, 3, limits, e="ok", f="broken", g="unknown")
    assert third.failed == ["b", "f"]
    assert third.stopped == {"id": "not_run_failures", "fields": {"failed": 2, "total": 10, "limit": 1}}


def test_a_share_is_one_of_all_hosts_and_may_be_reached_but_not_passed() -> None:
    first = end(Progress(), 9, a="ok")
    assert end(first, 5, Limits(percentage=20), b="critical", c="critical", d="ok").stopped is None
    over = end(first, 5, Limits(percentage=19.5), b="critical", c="critical", d="ok")
    assert over.stopped == {"id": "not_run_failures", "fields": {"failed": 2, "total": 10, "limit": "19.5%"}}


def test_no_failure_at_all_can_be_asked_for() -> None:
    assert end(end(Progress(), 9, a="ok"), 5, Limits(failures=0), b="critical", c="ok").stopped is not None


def test_a_batch_that_failed_as_a_whole_is_told_later() -> None:
    spared = end(end(Progress(), 9, a="ok"), 5, Limits(failures=5), b="critical", c="critical")
    assert (spared.stopped, spared.spared) == (None, {"b": "b critical", "c": "c critical"})
    last = end(spared, 0, Limits(failures=5), d="critical")
    assert last.spared == spared.spared, "the last batch fails by itself"


def test_a_look_is_never_stopped() -> None:
    looked = after_batch(Progress(), told(a="critical"), 9, 10, Limits(failures=0), acting=False, planning=False)
    assert (looked.stopped, list(looked.spared)) == (None, ["a"])


def test_a_plan_is_stopped_by_what_a_real_run_could_not_pass_either() -> None:
    def planned(**hosts: str) -> Progress:
        return after_batch(Progress(), told(**hosts), 9, 10, Limits(failures=0), acting=True, planning=True)

    assert planned(a="critical").stopped is None
    assert planned(a="broken").stopped == {"id": "not_run_canary", "fields": {"host": "a"}}


def test_sizes_are_a_list_or_a_text() -> None:
    assert batches("1, 25%,100%") == batches(["1", "25%", "100%"]) == ["1", "25%", "100%"]
    assert batches(50) == ["50"]


@pytest.mark.parametrize("size", ["", "0", "0%", "101%", "1,,2", "all", "-1"])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(AnsibleFilterError, match="is no size of a batch"):
        batches(size)


def test_slices_of_a_template_are_one_job_and_nodes_of_a_workflow_are_not() -> None:
    slice_ = {"awx_workflow_job_id": 41, "awx_workflow_job_name": "Weekly", "awx_job_template_name": "Weekly"}
    assert job_name(slice_, "", "weekly") == "awx-41-weekly"
    assert job_name({key.replace("awx", "tower"): value for key, value in slice_.items()}, "", "weekly") == (
        "awx-41-weekly"
    )
    assert job_name({**slice_, "awx_workflow_job_name": "Incident with approvals"}, "", "weekly") is None
    assert job_name({}, "", "weekly") is None
    assert job_name(slice_, "monday", "weekly") == "monday-weekly"
