# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log that several processes count has the figures of a log that one process counts, whatever becomes of them."""

from __future__ import annotations

import copy
import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import access_log, engine, jsonl_log, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs import counting, workers
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.files import LogFile
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.tally import Callers
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.plugin_utils import payload
from tests.bench.logs import generate
from tests.bench.logs.day import DAY
from tests.bench.logs.ours import CHECKS

KINDS = {"access": access_log, "jsonl": jsonl_log}
ODD = (
    "not a record",
    "",
    '{"timestamp":"2026-11-24T05:00:00Z","level":"ERROR","message":"back\\\\slash"}',
    '{"timestamp":"2026-11-24T05:00:00Z","level":"ERROR","duration_ms":007}',
    '{"timestamp":"2026-11-23T05:00:00Z","level":"ERROR","message":"the day before"}',
    '10.0.0.9 - - [24/Nov/2026:05:00:00 +0000] "GET /\\"x HTTP/1.1" 500 1 "-" "-" 7',
    '10.0.0.9 - - [23/Nov/2026:05:00:00 +0000] "GET / HTTP/1.1" 500 1 "-" "-" 7',
    "\x00\x00",
    "x" * 9000,
)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make parts so small that little logs have many."""
    monkeypatch.setattr(counting, "PART_BYTES", 5000)
    monkeypatch.setattr(workers, "LARGE_BYTES", 1)


@pytest.fixture(params=["access", "jsonl"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """Write a log with a rotated and a compressed copy, with lines in it that are none."""
    name: str = request.param
    lines = generate.access_lines(3000) if name == "access" else generate.json_lines(3000)
    mixed = []
    for number, line in enumerate(lines):
        mixed.append(line)
        if number * 7919 % 20 == 0:
            mixed.append(ODD[number * 104729 % len(ODD)] + "\n")
    path = tmp_path / "app.log"
    path.write_text("".join(mixed[2000:]) + "cut o", encoding="utf-8")
    Path(f"{path}.1").write_text("".join(mixed[1000:2000]), encoding="utf-8")
    Path(f"{path}.2.gz").write_bytes(gzip.compress("".join(mixed[:1000]).encode()))
    for age, name_of_copy in enumerate((path, f"{path}.1", f"{path}.2.gz")):
        os.utime(name_of_copy, (DAY + 86000 - age, DAY + 86000 - age))
    return name, path


def observed(log: tuple[str, Path], helping: list[workers.Worker] | None = None, seconds: float = 60) -> Observation:
    """Look at a log."""
    return KINDS[log[0]].look(parameters_of(log), context_of(helping or [], seconds))


def parameters_of(log: tuple[str, Path]) -> dict[str, Any]:
    """Return what the benchmark asks of such a log."""
    name, path = log
    return validated("here", KINDS[name].PARAMETERS, {**CHECKS[name][1], "path": str(path)})


def context_of(helping: list[workers.Worker], seconds: float = 60) -> Context:
    """Return the end of the benchmark's day."""
    return Context(now=DAY + 86399.5, deadline=time.monotonic() + seconds, workers=helping)


@pytest.fixture
def helping(log: tuple[str, Path]) -> Iterator[list[workers.Worker]]:
    """Start two workers for a log."""
    started = workers.start(KINDS[log[0]].counting(parameters_of(log), context_of([])), 2)
    yield started
    for worker in started:
        worker.end()


def test_all_figures_are_the_same(log: tuple[str, Path], helping: list[workers.Worker]) -> None:
    alone = observed(log)
    assert alone.coverage is not None
    assert 0.9 < alone.coverage < 1
    assert observed(log, helping) == alone


def test_a_killed_worker_costs_nothing_but_time(log: tuple[str, Path], helping: list[workers.Worker]) -> None:
    alone = observed(log)
    os.kill(helping[0].pid, signal.SIGKILL)
    assert observed(log, helping) == alone


def test_nor_does_one_that_never_answers(
    log: tuple[str, Path], helping: list[workers.Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = observed(log)
    monkeypatch.setattr(counting, "_PATIENCE_SECONDS", 0.2)
    os.kill(helping[0].pid, signal.SIGSTOP)
    assert observed(log, helping) == alone
    with pytest.raises(ChildProcessError):
        os.waitpid(helping[0].pid, 0)


def test_a_log_that_is_rotated_away_before_its_worker_opens_it_is_counted_once(
    log: tuple[str, Path], helping: list[workers.Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = observed(log)
    places = counting.places

    def rotated_first(file: LogFile, stream: Any, number: int) -> Iterator[tuple[int, int]]:
        if os.path.exists(file.path) and file.path == str(log[1]):
            os.rename(file.path, f"{file.path}-20261124")
        yield from places(file, stream, number)

    monkeypatch.setattr(counting, "places", rotated_first)
    rotated = observed(log, helping)
    assert rotated.metrics == alone.metrics
    assert rotated.coverage == alone.coverage


def test_the_deadline_holds_with_workers_too(log: tuple[str, Path], helping: list[workers.Worker]) -> None:
    with pytest.raises(CheckError, match="log_not_read_in_time"):
        observed(log, helping, seconds=0)


def test_a_worker_stands_back_and_ends_with_the_process_that_started_it(log: tuple[str, Path]) -> None:
    name, path = log
    program = (
        "import os, sys, time\n"
        "from ansible_collections.aiops.runbooks.plugins.module_utils.logs import workers\n"
        f"from ansible_collections.aiops.runbooks.plugins.module_utils.checks import {name}_log as kind\n"
        "from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated\n"
        "from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context\n"
        "parameters = validated('here', kind.PARAMETERS, {'path': sys.argv[1]})\n"
        "(worker,) = workers.start(kind.counting(parameters, Context(now=time.time(), deadline=0.0)), 1)\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5))
    finally:
        process.kill()
        process.wait()
    until(lambda: not running(pid))


def test_a_look_starts_workers_for_a_large_log_and_leaves_none(
    log: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, path = log
    started = tmp_path / "started"
    start = workers.start

    def noted(asked: workers.Counting, number: int) -> list[workers.Worker]:
        found = start(asked, number)
        started.write_text(" ".join(str(worker.pid) for worker in found), encoding="utf-8")
        return found

    monkeypatch.setattr(workers, "start", noted)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})
    kind, parameters = CHECKS[name]
    check = {"name": name, "kind": kind, "parameters": {**parameters, "path": str(path)}, "timeout_seconds": 60}
    (result,) = engine.look("wiki", [engine.parse_check(check, registry.load)], registry.load, "UTC", DAY + 86399.5)
    assert result["metrics"] == observed(log).metrics
    pids = [int(pid) for pid in started.read_text(encoding="utf-8").split()]
    assert len(pids) == 2
    until(lambda: not any(running(pid) for pid in pids))


def test_a_large_log_is_counted_through_the_lean_lane_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    path = tmp_path / "app.jsonl"
    day = "".join(generate.json_lines(20000))
    path.write_text(day * (workers.LARGE_BYTES // len(day) + 1), encoding="utf-8")
    parameters = {**CHECKS["jsonl"][1], "path": [str(path)], "window": "900000"}
    check = engine.parse_check(
        {"name": "log", "kind": "jsonl_log", "parameters": parameters, "timeout_seconds": 120}, registry.load
    )
    done = subprocess.run(
        ["sh", "-c", payload.command(sys.executable)],
        input=payload.pack(payload.library_sources(), "wiki", "UTC", [check]),
        capture_output=True,
        check=False,
    )
    (result,) = payload.unpack(done.stdout.decode()) or [{"metrics": done.stderr.decode()}]
    context = Context(now=time.time(), deadline=time.monotonic() + 120)
    assert result["metrics"] == jsonl_log.look(check.parameters, context).metrics


def running(pid: int) -> bool:
    """Tell whether a process is there and has not ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def until(condition: Any) -> None:
    """Wait for something that a process does."""
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.parametrize("names", [[], [b""], [b"10.0.0.1", b"10.0.0.2", b"\xff"], [b"two\nlines", b"one"]])
@pytest.mark.parametrize("limit", [2, 100])
def test_callers_arrive_as_they_were_sent(names: list[bytes], limit: int) -> None:
    callers = Callers(limit)
    callers.add_many([*names, *names[:1]])
    # A copy is made as what is sent: of the same state.
    received = copy.copy(callers)
    assert (received.count(), received.most()) == (callers.count(), callers.most())
    received.merge(copy.copy(callers))
    assert (received.count(), received.most()) == (callers.count(), 4 if names else None)


def test_the_parts_of_a_file_are_its_lines_and_get_smaller(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"".join(b"%d\n" % number for number in range(30000)))
    with path.open("rb") as stream:
        data = stream.read()
        log = LogFile(str(path), len(data), 0.0, (0, 0))
        found = list(counting.places(log, stream, workers=1))
    assert b"".join(data[begin:end] for begin, end in found) == data
    assert all(data[end - 1 : end] == b"\n" for _begin, end in found)
    sizes = [end - begin for begin, end in found]
    assert sizes[0] >= counting.PART_BYTES
    assert max(sizes[-4:]) <= counting.PART_BYTES / 8 + 10
