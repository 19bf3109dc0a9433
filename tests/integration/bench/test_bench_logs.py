# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of logs: both engines find the same, and ours needs no more memory for a hostile file."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.logs.__main__ import CACHE, goals, measured, table
from tests.bench.logs.contestants import CONTESTANTS
from tests.bench.logs.day import DAY
from tests.bench.logs.generate import access_lines, json_lines
from tests.conftest import CHECKOUT

# All of them write into the benchmark's cache.
pytestmark = pytest.mark.xdist_group("bench")
_LINES = 20000
_MEGABYTES = 150
_MEASURE = """
import sys
from pathlib import Path
from tests.bench.logs.__main__ import measure
from tests.bench.logs.contestants import CONTESTANTS, OURS
ours = next(one for one in CONTESTANTS if (one.log, one.key) == (sys.argv[1], OURS))
print(measure(ours, Path(sys.argv[2])).megabytes)
"""


def test_it_starts_in_a_checkout_that_no_python_knows() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for module in ("tests.bench", "tests.bench.logs", "tests.bench.backup", "tests.bench.restore", "tests.bench.fleet"):
        started = [sys.executable, "-m", module, "--help"]
        done = subprocess.run(started, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "usage:" in done.stdout


def test_one_round_finds_what_duckdb_finds() -> None:
    contestants = [one for one in CONTESTANTS if one.key in ("ours", "duckdb")]
    samples = measured(contestants, _LINES, 1)
    assert [one.title in line for one, line in zip(contestants, table(samples)[2:], strict=True)] == [True] * 4
    assert len(goals(samples)) == 3

    access = json.loads((CACHE / "access-ours.txt").read_text(encoding="utf-8"))["metrics"]
    answers = _answers("access")
    count, quantiles, mean, longest, over, clients = answers[0][0]
    assert (access["requests"], access["unique_clients"], access["over_slo"]) == (count, clients, over)
    seconds = [access[f"p{percent}_seconds"] for percent in (50, 95, 99)]
    assert seconds == [quantile / 1e6 for quantile in quantiles]
    assert (access["mean_seconds"], access["maximum_seconds"]) == (pytest.approx(mean / 1e6), longest / 1e6)
    assert {status: number for status, number in answers[1] if status == "401"} == {"401": access["unauthorized"]}
    assert sum(number for _client, number in answers[6]) == access["path_traversal"] + access["suspicious_input"]

    jsonl = json.loads((CACHE / "jsonl-ours.txt").read_text(encoding="utf-8"))["metrics"]
    answers = _answers("jsonl")
    count, quantiles, mean, longest, slow, clients, failed, errors, highest, first, last, limited = answers[0][0]
    names = ("records", "slow_calls", "unique_clients", "failed_calls", "errors", "rate_limit_violations")
    assert [jsonl[name] for name in names] == [count, slow, clients, failed, errors, limited]
    assert [jsonl[f"p{percent}_ms"] for percent in (50, 95, 99)] == quantiles
    assert (jsonl["mean_ms"], jsonl["maximum_ms"]) == (pytest.approx(mean), longest)
    assert [jsonl[f"gauge_{name}"] for name in ("maximum", "first", "last")] == [highest, first, last]
    clusters = {"openai": "openai_api", "lock": "database_lock", "other": "other_errors"}
    assert {clusters.get(name, name): number for name, number in answers[4]} == {
        name: jsonl[name] for name in ("openai_api", "database_lock", "memory", "timeout", "other_errors")
    }


def _answers(log: str) -> list[Any]:
    return [ast.literal_eval(line) for line in (CACHE / f"{log}-duckdb.txt").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("log", ["access", "jsonl"])
def test_a_log_in_which_nothing_repeats_fits_the_memory(log: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.log"
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(_hostile_access() if log == "access" else _hostile_json())
    # A small process measures: what the kernel counts for a child begins with what its parent needs.
    measuring = [sys.executable, "-c", _MEASURE, log, str(path)]
    done = subprocess.run(measuring, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=1500)
    assert float(done.stdout) < _MEGABYTES
    assert json.loads((CACHE / f"{log}-ours.txt").read_text(encoding="utf-8"))["coverage"] == 1


def _hostile_access() -> list[str]:
    # Clients, paths, durations: everybody is new, refused, slow and suspicious.
    lines = list(access_lines(_LINES * 10))
    return [
        f'2001:db8::{number:x} - - {line[line.index("[") : line.index("]") + 1]} "GET /{number}/../x HTTP/1.1"'
        f' {(401, 429, 500)[number % 3]} 1 "-" "-" {10**9 + number}\n'
        for number, line in enumerate(lines)
    ]


def _hostile_json() -> list[str]:
    lines = []
    for number, line in enumerate(json_lines(_LINES * 5)):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        more = {
            "level": "ERROR",
            "message": word,
            "route": f"/{word}",
            "details": {"client_ip": word},
            "duration_ms": 5000 + number,
        }
        lines.append(json.dumps({**json.loads(line), **more, "logger": "ai_diy.security", "event": word}) + "\n")
    return lines


def test_the_logs_are_one_days() -> None:
    assert next(json_lines(1)).startswith('{"timestamp":"2026-11-24T00:00:00')
    assert DAY % 86400 == 0
