# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A procedure on a fleet: canary first, batch by batch, and no further after too many failures."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from tests.integration.fleet.wikis import CHECK, Fleet, fleet
from tests.integration.weekly.runs import BINARIES, CHECKOUT, HANGS_SECONDS, Played, play


def retention(made: Fleet, *arguments: str) -> Played:
    """Run the playbook that rotates the logs."""
    return play(made.inventory, made.root / "state", *arguments, playbook="playbooks/retention.yml")


def states(played: Played) -> dict[str, str]:
    """Return the state of the newest run of each host."""
    return {host: run["state"] for host, run in played.newest().items()}


def begun(played: Played) -> list[list[str]]:
    """Return the hosts of each batch, in the order in which the batches were looked at."""
    batches = played.output.split("PLAY [")[1:]
    return [sorted(set(re.findall(r"^(?:ok|changed|fatal): \[([\w-]+)\]", text, re.MULTILINE))) for text in batches]


def jobs(played: Played) -> set[str]:
    """Return the jobs of the recorded runs."""
    return {run["job"] for run in played.runs()}


def test_a_canary_that_fails_stops_all_and_what_is_left_is_resumed(tmp_path: Path) -> None:
    wikis = fleet(tmp_path, 5)
    wikis.ill("wiki-05")

    planned = retention(wikis, "--check", "-e", "run_canary=canaries")
    assert planned.status == 2, "a system is critical, as it would be without batches"
    assert planned.output.count("→ Planned: ") == 5, "a plan does not know whether the canary is well after the action"
    assert not (tmp_path / "state").exists()
    assert not wikis.rotated()

    stopped = retention(wikis, "-e", "run_canary=canaries")
    assert stopped.status == 2
    assert begun(stopped) == [["wiki-05"]]
    assert wikis.rotated() == {"wiki-05"}
    assert states(stopped) == {**dict.fromkeys(wikis.hosts, "not_run"), "wiki-05": "critical"}
    assert "Not run: 4 of 5." in " ".join(stopped.output.split())
    assert len(re.findall(r"wiki +wiki-0[1-4] +Not run", stopped.output)) == 4
    left_out = stopped.newest()["wiki-01"]["failure"]
    assert left_out["message"] == "Not run: wiki-05 went first and did not end well."
    (job,) = jobs(stopped)
    assert f"Go on with -e run_resume={job}" in " ".join(stopped.output.split())

    wikis.ill()
    resumed = retention(wikis, "-e", "run_resume=last", "-e", "run_batch=1,100%")
    assert resumed.status == 0, resumed.output
    assert begun(resumed) == [["wiki-05"], ["wiki-01", "wiki-02", "wiki-03", "wiki-04"]]
    assert set(states(resumed).values()) == {"ok"}
    assert wikis.rotated() == set(wikis.hosts)
    assert len(jobs(resumed)) == 2, "all batches of a play are one job"

    nothing = retention(wikis, "-e", "run_resume=last")
    assert nothing.status == 0
    assert begun(nothing) == [[]], "nothing is left to do"
    opened = store.open_store(f"sqlite:///{tmp_path}/state/store.sqlite", read_only=True)
    assert [part["stopped"]["id"] for part in store.job_parts(opened, job)] == ["not_run_canary"]


def test_failures_are_counted_over_all_batches(tmp_path: Path) -> None:
    wikis = fleet(tmp_path, 8)
    # One of two in a batch: no batch has more than its half, and the second failure is one too many.
    wikis.ill("wiki-03", "wiki-04", "wiki-07")
    stopped = retention(wikis, "-e", "run_batch=1,2", "-e", "run_max_failures=1", "-e", "run_max_fail_percentage=100")
    assert stopped.status == 2
    assert begun(stopped) == [["wiki-01"], ["wiki-02", "wiki-03"], ["wiki-04", "wiki-05"]]
    found = states(stopped)
    assert [host for host, state in found.items() if state == "not_run"] == ["wiki-06", "wiki-07", "wiki-08"]
    assert found["wiki-05"] == "ok"
    message = stopped.newest()["wiki-08"]["failure"]["message"]
    assert message == "Not run: 2 of 8 systems failed, more than the limit of 1."

    # A share is one of all systems; what was done before is not done again.
    wikis.fill()
    wikis.ill()
    resumed = retention(wikis, "-e", f"run_resume={next(iter(jobs(stopped)))}", "-e", "run_batch=100%")
    assert resumed.status == 0, resumed.output
    assert begun(resumed) == [["wiki-03", "wiki-04", "wiki-06", "wiki-07", "wiki-08"]]
    assert "wiki-01" not in wikis.rotated()


def test_a_batch_that_fails_as_a_whole_stops_nothing_while_the_limit_allows_it(tmp_path: Path) -> None:
    wikis = fleet(tmp_path, 4)
    wikis.ill("wiki-02")
    through = retention(wikis, "-e", "run_batch=1", "-e", "run_max_fail_percentage=25")
    assert through.status == 2, "the last batch says that an earlier one failed"
    assert begun(through) == [["wiki-01"], ["wiki-02"], ["wiki-03"], ["wiki-04"]]
    assert states(through) == {**dict.fromkeys(wikis.hosts, "ok"), "wiki-02": "critical"}
    assert "wiki-02 is critical." in through.output


def test_a_canary_that_cannot_be_reached_stops_the_plan_as_well(tmp_path: Path) -> None:
    wikis = fleet(tmp_path, 3, lost=["wiki-01"])
    planned = retention(wikis, "--check")
    assert planned.status != 0
    assert len(re.findall(r"wiki +wiki-0[23] +Not run", planned.output)) == 2
    assert not (tmp_path / "state").exists()
    stopped = retention(wikis)
    assert stopped.status != 0
    assert states(stopped) == {"wiki-01": "critical", "wiki-02": "not_run", "wiki-03": "not_run"}
    assert not wikis.rotated()


def test_a_look_in_batches_is_one_report_and_never_stops(tmp_path: Path) -> None:
    wikis = fleet(tmp_path, 5)
    wikis.ill("wiki-01", "wiki-02", "wiki-03")
    looked = play(wikis.inventory, tmp_path / "state", "-e", "run_batch=2", playbook="playbooks/daily.yml")
    assert looked.status == 2
    assert begun(looked) == [["wiki-01", "wiki-02"], ["wiki-03", "wiki-04"], ["wiki-05"]]
    assert sorted(states(looked).values()) == ["critical"] * 3 + ["ok"] * 2
    (text,) = (tmp_path / "state" / "reports").glob("*.en.txt")
    assert all(host in text.read_text() for host in wikis.hosts)

    planned = play(wikis.inventory, tmp_path / "plan", "--check", "-e", "run_batch=2", playbook="playbooks/daily.yml")
    assert planned.status == 2
    assert len(re.findall(r"^wiki +wiki-0\d ", planned.output, re.MULTILINE)) == 5


def test_a_controller_that_is_killed_in_a_batch_leaves_the_rest_to_be_resumed(tmp_path: Path) -> None:
    held = 'while test -e "$1/held"; do sleep 0.1; done; test -e "$1/well"'
    looked = {"argv": ["sh", "-c", held, "sh", "{{ wiki_root }}"]}
    wikis = fleet(tmp_path, 5, system_checks=[{**CHECK, "parameters": looked, "timeout_seconds": 3600}])
    # The look at the second batch does not end before its end is wanted.
    hold = tmp_path / "wiki-02" / "held"
    hold.touch()
    environment = {**os.environ, "AIOPS_STATE_DIR": str(tmp_path / "state"), "ANSIBLE_NOCOLOR": "1"}
    process = subprocess.Popen(
        [
            str(BINARIES / "ansible-playbook"),
            "playbooks/retention.yml",
            "-i",
            str(wikis.inventory),
            "-e",
            "run_batch=1,2",
        ],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    killed = Played(0, "", tmp_path / "state")
    try:
        deadline = time.monotonic() + HANGS_SECONDS
        # The second batch has begun: its runs are recorded as running before anything is done.
        while killed.states().get("wiki-02") != "running":
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        hold.unlink()
    assert states(killed) == {"wiki-01": "ok", "wiki-02": "running", "wiki-03": "running"}

    resumed = retention(wikis, "-e", "run_resume=last", "-e", "run_batch=100%")
    assert resumed.status == 0, resumed.output
    assert begun(resumed) == [["wiki-02", "wiki-03", "wiki-04", "wiki-05"]]
    assert set(states(resumed).values()) == {"ok"}
    assert [run["state"] for run in resumed.runs() if run["host"] == "wiki-02"] == ["interrupted", "ok"]


def test_a_size_that_is_none_is_refused_before_anything_happens(tmp_path: Path) -> None:
    wikis = fleet(tmp_path, 2)
    refused = retention(wikis, "-e", "run_batch=some")
    assert refused.status != 0
    assert "run_batch: 'some' is no size of a batch" in " ".join(refused.output.split())
    unknown = retention(wikis, "-e", "run_resume=no-such-job")
    assert unknown.status != 0
    assert "run_resume=no-such-job" in unknown.output
    assert not wikis.rotated()
