# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where DuckDB spills to: described cases, and real directories with a real process that holds the database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import duckdb_tempdir
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir_facts import (
    Spill,
    TempdirFacts,
    gather,
    is_spill_name,
    orphans,
)
from tests.unit.cases import load_cases
from tests.unit.checks.asking import differences, judged, look

BLOCK = "duckdb_temp_block-4611686018427387904.block"


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_duckdb_tempdir"))
def test_observe_duckdb_tempdir(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    given = arguments.pop("facts")
    facts = TempdirFacts(**{**given, "spills": [Spill(*spill) for spill in given["spills"]]})
    said = list(map(tuple, arguments.pop("said")))
    result = judged("duckdb_tempdir", lambda: duckdb_tempdir.observe(facts, said), arguments)
    assert differences(result, expected) == {}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (BLOCK, True),
        ("duckdb_temp_storage-0.tmp", True),
        ("duckdb_temp_storage_S96K-12.tmp", True),
        ("duckdb_temp_4711_0_owner", True),
        ("duckdb_temp_4711_0_storage_DEFAULT-0.tmp", True),
        ("duckdb_temp_notes.txt", False),
        ("aimo.duckdb", False),
        ("duckdb_temp_block-7.block.keep", False),
        ("duckdb_temp_4711_0_owner\n", False),
    ],
)
def test_only_what_duckdb_names_so_is_its_own(name: str, known: bool) -> None:
    assert is_spill_name(name) is known


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a database with a spilled file, a foreign one, and a run's log beside it."""
    (tmp_path / "wiki.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 100)
    directory = tmp_path / "duckdb_tmp"
    directory.mkdir(mode=0o750)
    (directory / BLOCK).write_bytes(b"x" * 1000)
    (directory / "notes.txt").write_text("not DuckDB's")
    (tmp_path / "run_1.out.log").write_text(f"hello\nDuckDB temp_directory: {directory}\nbye\n")
    return tmp_path / "wiki.duckdb"


def test_left_files_are_counted_and_others_are_not(database: Path) -> None:
    logs = [str(database.parent / "run_*.out.log")]
    result = look("duckdb_tempdir", database=str(database), run_logs=logs, warning="> 0")
    assert (result["value"], result["metrics"]["orphaned_bytes"]) == (1, 1000)
    assert result["metrics"]["logs_audited"] == 1
    assert any("1 spilled files, 1 others" in line for line in result["evidence"])
    # Where tests run in memory that is the greater fault.
    assert result["state"] in ("warning", "critical")
    assert (database.parent / "duckdb_tmp" / BLOCK).exists()


def test_what_a_living_process_spilled_is_not_left_over(database: Path) -> None:
    program = f"f = open({str(database)!r}, 'rb'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        # A process of our own is left out by whoever asks; this one has to look like somebody else's.
        holders = subprocess.run(
            [sys.executable, "-c", _ASKING.format(database=str(database), path=sys.path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert holders == [str(other.pid), "0"]
        other.stdin.close()
    assert [spill.size_bytes for spill in orphans(gather(str(database))) or []] == [1000]


_ASKING = """
import sys
sys.path[:0] = {path!r}
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir_facts import gather, orphans
facts = gather({database!r})
print(*facts.holders, len(orphans(facts)))
"""


def test_a_missing_directory_and_a_link_are_told_apart(database: Path) -> None:
    elsewhere = database.parent / "elsewhere"
    (database.parent / "duckdb_tmp").rename(elsewhere)
    assert gather(str(database)).kind == "missing"
    (database.parent / "duckdb_tmp").symlink_to(elsewhere)
    facts = gather(str(database))
    assert (facts.kind, facts.same_device, facts.mode) == ("symlink", None, None)
    assert gather(str(database), str(elsewhere)).kind == "directory"
