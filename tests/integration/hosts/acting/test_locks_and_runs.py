# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""run_now.yml and unlock.yml on a host whose application really crashes, hangs, and does nothing with status 0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("aimo-1")
HOST = "aimo-1"
Act = Callable[..., Acted]
INPUT = ("-e", "aimo_run_input=/opt/aimo/data/input/paloalto.csv")
ROOT = "--root /opt/aimo --input /opt/aimo/data/input/paloalto.csv"
RUN = f"cd /opt/stand-ins; /opt/aimo/.venv/bin/python -m demo run aimo {ROOT} --layout"
LISTING = "cd /opt/aimo; find data ops -printf '%p %i %s %T@\\n' | sort | sha256sum"
FIGURES = {
    "run_id",
    "duckdb_path",
    "temp_directory",
    "rule_hit",
    "unknown_count",
    "llm_analyzed_count",
    "needs_review_count",
    "cache_hit_rate",
    "thresholds_used",
}
PUBLISHED = json.dumps(
    {
        "aimo_lock": "/opt/aimo/ops/state/aimo.engine.lock.d",
        "aimo_pid_file": "/opt/aimo/ops/state/aimo.engine.pid",
    }
)


#: Waits until the run has used no processor for two seconds: it hangs, and does not just begin.
IDLE = """
used() { cut -d ' ' -f 14,15 "/proc/$(cat /opt/aimo/data/cache/aimo.pid)/stat"; }
before=; while [ "$(used)" != "$before" ]; do before=$(used); sleep 2; done
"""


@pytest.fixture(scope="module")
def host(prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]) -> testinfra.host.Host:
    """Return the host with its healthy system."""
    prepared(HOST)
    return testinfra_host(HOST)


@pytest.fixture(autouse=True)
def free_afterwards() -> Iterator[None]:
    """Leave no lock and no run behind, whatever a test came to."""
    yield
    on_host(
        HOST,
        "for pid in $(cat /opt/aimo/data/cache/aimo.pid 2>/dev/null); do kill -9 $pid 2>/dev/null || true; done\n"
        "rm -rf /opt/aimo/data/cache/aimo.lock* /opt/aimo/data/cache/aimo.pid* /opt/aimo/ops/state/aimo.engine*",
    )


def trapped(name: str) -> tuple[str, str]:
    """Return arguments that let a run go wrong."""
    return "-e", json.dumps({"aimo_run_environment": {"DEMO_TRAP": name}})


def test_a_run_is_planned_done_and_audited(host: testinfra.host.Host, act: Act) -> None:
    before = on_host(HOST, LISTING)
    without = act("run_now", HOST)
    assert "give it, for example with -e aimo_run_input=" in without.output.lower()
    assert act("run_now", HOST, *INPUT, "--check").returncode == 0
    assert on_host(HOST, LISTING) == before
    done = act("run_now", HOST, *INPUT)
    assert done.states["run_input"] == "done", done.output
    detail = done.detail("run_input")
    assert (set(detail["figures"]), detail["missing"]) == (FIGURES, [])
    assert host.file(detail["produced"][0]).exists
    assert host.file(detail["logs"][0]).contains("DuckDB temp_directory: /opt/aimo/data/cache/duckdb_tmp")
    assert not host.file("/opt/aimo/data/cache/aimo.lock").exists


def test_status_0_proves_nothing(host: testinfra.host.Host, act: Act) -> None:
    failed = act("run_now", HOST, *INPUT, *trapped("noop"))
    assert (failed.returncode != 0, failed.states["run_input"]) == (True, "failed")
    assert "It did nothing: status 0" in failed.detail("run_input")["message"]


def test_a_wrong_place_to_spill_is_put_right_before_the_run_that_proves_it(host: testinfra.host.Host, act: Act) -> None:
    spill = "/opt/aimo/data/cache/duckdb_tmp"
    on_host(HOST, "printf 'A=1\\nDUCKDB_TEMP_DIRECTORY=/tmp/wrong\\nB=2\\n' > /opt/aimo/.env.local")
    on_host(HOST, f"chmod 700 {spill}; touch {spill}/left {spill}/duckdb_temp_block-7.block")
    arguments = (*INPUT, "-e", "aimo_temp_directory_variable=DUCKDB_TEMP_DIRECTORY")
    done = act("run_now", HOST, *arguments)
    assert {done.states[name] for name in ("set_temp_directory", "clean_temp_directory", "run_input")} == {"done"}
    directory = host.file(spill)
    assert (directory.mode, done.detail("run_input")["figures"]["temp_directory"]) == (0o750, directory.path)
    assert done.detail("clean_temp_directory")["removed"] == ["duckdb_temp_block-7.block"]
    assert directory.listdir() == ["left"]
    assert host.file("/opt/aimo/.env.local").contains(f"^DUCKDB_TEMP_DIRECTORY={spill}$")
    on_host(HOST, f"rm -f /opt/aimo/.env.local* {spill}/left")


def test_a_run_that_hangs_is_ended_at_its_limit_and_its_lock_freed(host: testinfra.host.Host, act: Act) -> None:
    failed = act("run_now", HOST, *INPUT, *trapped("hang"), "-e", "aimo_run_seconds=20")
    assert "It was ended after 20 s" in failed.detail("run_input")["message"]
    assert host.file("/opt/aimo/data/cache/aimo.lock").exists
    assert act("unlock", HOST).states["free_lock"] == "done"
    assert not host.file("/opt/aimo/data/cache/aimo.lock").exists


def test_a_crashed_runs_lock_is_put_aside_and_the_run_tried_once_more(host: testinfra.host.Host, act: Act) -> None:
    crashed = act("run_now", HOST, *INPUT, *trapped("segfault"))
    assert "signal 11 (SIGSEGV)" in crashed.detail("run_input")["message"]
    before = on_host(HOST, LISTING)
    assert act("unlock", HOST, *INPUT, "--check").returncode == 0
    assert on_host(HOST, LISTING) == before
    done = act("unlock", HOST, *INPUT)
    assert done.states["free_lock"] == "done", done.output
    detail = done.detail("free_lock")
    assert set(detail["retry"]["figures"]) == FIGURES
    assert [host.file(one["aside"]).exists for one in detail["put_aside"]] == [True, True]
    assert not host.file("/opt/aimo/data/cache/aimo.lock").exists
    again = act("unlock", HOST, *INPUT)
    assert again.states["free_lock"] == "skipped"


def test_the_published_locks_directory_is_freed_alike(host: testinfra.host.Host, act: Act) -> None:
    on_host(HOST, f"DEMO_TRAP=segfault; export DEMO_TRAP; {RUN} published || true")
    assert host.file("/opt/aimo/ops/state/aimo.engine.lock.d").is_directory
    done = act("unlock", HOST, "-e", PUBLISHED)
    assert done.states["free_lock"] == "done", done.output
    assert not host.file("/opt/aimo/ops/state/aimo.engine.lock.d").exists
    assert not host.file("/opt/aimo/ops/state/aimo.engine.pid").exists


def test_a_stuck_run_is_stopped_only_when_the_host_is_confirmed(host: testinfra.host.Host, act: Act) -> None:
    on_host(
        HOST,
        f"{RUN} runbook >/dev/null 2>&1 </dev/null &\nsleep 0.1".replace("cd ", "export DEMO_TRAP=hang; cd ", 1)
        + f"\nwhile ! test -s /opt/aimo/data/cache/aimo.pid; do sleep 0.1; done\n{IDLE}"
        + "\ntouch -d '2 hours ago' /opt/aimo/data/cache/aimo.lock",
    )
    pid = host.file("/opt/aimo/data/cache/aimo.pid").content_string
    refused = act("unlock", HOST)
    assert refused.states["free_lock"] == "failed"
    assert "did nothing for 3 s" in refused.detail("free_lock")["message"]
    assert host.file(f"/proc/{pid}").exists
    done = act("unlock", HOST, "-e", "run_confirm=aimo-1", *INPUT)
    assert done.states["free_lock"] == "done", done.output
    assert done.detail("free_lock")["signals"][0].startswith(f"SIGTERM to {pid}: ")
    assert not host.file(f"/proc/{pid}").exists
    assert not host.file("/opt/aimo/data/cache/aimo.lock").exists


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("ln -sfn /etc/passwd /opt/aimo/data/cache/aimo.pid", "problem: symlink"),
        ("echo 1 > /opt/aimo/data/cache/aimo.pid", "command: "),
    ],
)
def test_what_is_not_proven_is_left_alone(host: testinfra.host.Host, act: Act, script: str, fault: str) -> None:
    on_host(HOST, f"touch /opt/aimo/data/cache/aimo.lock; {script}")
    refused = act("unlock", HOST, "-e", "run_confirm=aimo-1")
    assert fault in refused.detail("free_lock")["message"]
    assert host.file("/opt/aimo/data/cache/aimo.lock").exists
