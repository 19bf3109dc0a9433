# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""duckdb_tempdir with what a killed DuckDB really leaves: spill files go only when nobody has the database open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir import (
    in_use,
    log_proof,
    placement_faults,
    remove_orphans,
    spill_files,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir_facts import gather
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.integration.ansible_module import call_module
from tests.unit.cases import load_cases
from tests.unit.databases.making import everything_in

SPILLING = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute(f"SET temp_directory = '{sys.argv[2]}'; SET memory_limit = '60MB'; SET threads = 1")
print("up", flush=True)
connection.execute("CREATE TABLE t AS SELECT range AS a, hash(range) AS b FROM range(30000000) ORDER BY b")
"""
OPEN = "import duckdb, sys\nkept = duckdb.connect(sys.argv[1])\nprint('up', flush=True)\nsys.stdin.read()"


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program of DuckDB and wait until it says so."""
    command = [sys.executable, "-c", program, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def killed_while_spilling(folder: Path) -> dict[str, Any]:
    """Let DuckDB spill, kill it, and return the module's arguments."""
    database, directory = folder / "app.duckdb", folder / "duckdb_tmp"
    directory.mkdir(mode=0o755)
    process = started(SPILLING, str(database), str(directory))
    deadline = time.monotonic() + 600
    while not spill_files(gather(str(database), str(directory))) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert spill_files(gather(str(database), str(directory))), "nothing was spilled"
    return {"database": str(database), "minimum_free_bytes": 1, "mode": "0750"}


@pytest.mark.parametrize(("arguments", "expected"), load_cases("placement_faults"))
def test_a_place_is_refused_for_all_that_is_wrong_with_it(arguments: dict[str, Any], expected: list[str]) -> None:
    assert placement_faults(**arguments) == expected


def test_planned_then_done_then_nothing_to_do(tmp_path: Path) -> None:
    arguments = killed_while_spilling(tmp_path)
    directory = tmp_path / "duckdb_tmp"
    (directory / "notes.txt").write_text("somebody's own")
    before = everything_in(tmp_path)
    planned = call_module("duckdb_tempdir", arguments, "--check", "--diff")
    assert planned.word == "CHANGED"
    assert everything_in(tmp_path) == before
    holder = started(OPEN, arguments["database"])
    kept = call_module("duckdb_tempdir", arguments)
    assert (kept.result["removed"], kept.result["kept"]) == ([], f"process {holder.pid} has the database open")
    holder.communicate("")
    done = call_module("duckdb_tempdir", arguments)
    assert done.result["removed"] == planned.result["removed"]
    assert done.result["removed_bytes"] > 0
    assert [path.name for path in directory.iterdir()] == ["notes.txt"]
    assert directory.stat().st_mode & 0o7777 == 0o750
    again = call_module("duckdb_tempdir", arguments)
    assert (again.word, again.result["proof"]["state"]) == ("SUCCESS", "no_log")


def test_a_database_that_is_opened_after_the_plan_keeps_its_files(tmp_path: Path) -> None:
    arguments = killed_while_spilling(tmp_path)
    directory = str(tmp_path / "duckdb_tmp")
    files = spill_files(gather(arguments["database"], directory))
    assert in_use(arguments["database"], files) == ""
    holder = started(OPEN, arguments["database"])
    with pytest.raises(RunbooksError, match="is in use"):
        remove_orphans(arguments["database"], directory, files)
    holder.communicate("")
    # A file that is another one by now is not what was judged.
    os.utime(os.path.join(directory, files[0].name), (1, 1))
    removed, _bytes = remove_orphans(arguments["database"], directory, files)
    assert removed == [one.name for one in files[1:]]


def test_a_place_in_memory_or_behind_a_link_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "app.duckdb"
    database.touch()
    (tmp_path / "duckdb_tmp").symlink_to("/dev/shm")
    answer = call_module("duckdb_tempdir", {"database": str(database), "minimum_free_bytes": 1})
    assert answer.word == "FAILED"
    assert answer.result["faults"][0] == f"{tmp_path}/duckdb_tmp is a symlink, not a directory"
    elsewhere = {"database": str(database), "directory": "/dev/shm", "minimum_free_bytes": 1}
    assert "is in memory (tmpfs)" in call_module("duckdb_tempdir", elsewhere).result["msg"]


def test_the_newest_log_proves_the_directory_or_does_not(tmp_path: Path) -> None:
    pattern, directory = "^DuckDB temp_directory: (.+)$", str(tmp_path / "tmp")

    def proof() -> tuple[str, str | None]:
        seen = log_proof([str(tmp_path / "run_*.log")], pattern, directory)
        return seen["state"], seen["said"]

    assert proof() == ("no_log", None)
    for number, (text, expected) in enumerate(
        (
            (f"DuckDB temp_directory: {directory}\n", ("proven", directory)),
            ("started\nDuckDB temp_directory: /tmp/other\n", ("differs", "/tmp/other")),
            ("started\n", ("missing", None)),
        )
    ):
        log = tmp_path / f"run_{number}.log"
        log.write_text(text)
        os.utime(log, (1000 + number, 1000 + number))
        assert proof() == expected


MOMENTS = ("before", "after")
#: The module's steps, in a process that gets a signal before or after a call of one of them.
ENDED = """
import os, signal, sys
# A test run that was started in the background ignores it, and hands that down.
signal.signal(signal.SIGINT, signal.default_int_handler)
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir_facts import gather
from ansible_collections.aiops.runbooks.plugins.modules.duckdb_tempdir import clean, place
database, step, moment, number = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
real = getattr(os, step)
def ended(*arguments, **options):
    if moment == "before":
        os.kill(os.getpid(), number)
    real(*arguments, **options)
    os.kill(os.getpid(), number)
setattr(os, step, ended)
found = gather(database, None)
place(database, found.directory, found.kind, 0o750, False)
clean({"database": database, "remove_orphans": True}, found, False)
"""


@pytest.mark.parametrize(
    ("step", "moment", "number"),
    [
        *((step, moment, signal.SIGKILL) for step in ("mkdir", "chmod", "chown", "unlink") for moment in MOMENTS),
        ("unlink", "after", signal.SIGINT),
        ("unlink", "after", signal.SIGTERM),
    ],
)
def test_ended_at_any_step_the_next_call_completes_it_and_the_database_is_free(
    tmp_path: Path, step: str, moment: str, number: signal.Signals
) -> None:
    database, directory = tmp_path / "app.duckdb", tmp_path / "duckdb_tmp"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
    if step == "unlink":
        directory.mkdir(mode=0o700)
        for name in ("duckdb_temp_block-1.block", "duckdb_temp_storage-0.tmp"):
            (directory / name).write_bytes(b"spilled")
    elif step == "chown" and os.geteuid() == 0:
        os.chown(database, 65534, 65534)
    command = [sys.executable, "-c", ENDED, str(database), step, moment, str(int(number))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -number, ended.stderr
    # Nobody is kept out by what ended, and the database is whole.
    with duckdb.connect(str(database)) as connection:
        assert connection.execute("SELECT answer FROM t").fetchall() == [(42,)]
    arguments = {"database": str(database), "minimum_free_bytes": 1, "mode": "0750"}
    undone = is_undone(directory, database)
    assert call_module("duckdb_tempdir", arguments).word == ("CHANGED" if undone else "SUCCESS")
    assert not is_undone(directory, database)


def is_undone(directory: Path, database: Path) -> bool:
    """Tell whether anything of what the module does is still to be done."""
    if not directory.exists() or os.listdir(directory):
        return True
    there, owner = directory.stat(), database.stat()
    return (there.st_mode & 0o7777, there.st_uid, there.st_gid) != (0o750, owner.st_uid, owner.st_gid)
