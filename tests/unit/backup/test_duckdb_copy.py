# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DuckDB database is copied whole or not at all, and the original is only read."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import verify_set
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_copy import copy_database, survey
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from tests.unit.backup import little_wiki as wiki

# Rows in the file and further ones in the write-ahead log, whose writer dies without a checkpoint.
FILL = """
import duckdb, os, signal, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, note VARCHAR, started_at TIMESTAMP)")
connection.execute("CREATE SEQUENCE ids START 7")
connection.execute("INSERT INTO runs SELECT range, 'it''s ' || range, TIMESTAMP '2026-11-01' FROM range(1000)")
connection.execute("CHECKPOINT")
connection.execute("INSERT INTO runs VALUES (5000, NULL, TIMESTAMP '2026-11-02 10:00:00'), (5001, '', NULL)")
os.kill(os.getpid(), signal.SIGKILL)
"""
HOLD = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a database as a crashed pipeline leaves it."""
    path = tmp_path / "jobs.duckdb"
    done = subprocess.run([sys.executable, "-c", FILL, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert Path(f"{path}.wal").stat().st_size > 0
    return path


def digests(path: Path) -> list[str]:
    """Return what the database is, file and log."""
    return [hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(path.parent.glob("jobs.duckdb*"))]


@contextmanager
def held(path: Path, seconds: float) -> Iterator[int]:
    """Let another process hold the database for writing."""
    command = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.kill()


@pytest.mark.parametrize("method", ["copy", "export"])
def test_rows_of_file_and_log_are_in_the_copy_and_the_original_is_untouched(
    database: Path, tmp_path: Path, method: str
) -> None:
    before, target = digests(database), tmp_path / "set" / "jobs.duckdb"
    target.parent.mkdir()
    tables, version = copy_database(sys.executable, str(database), str(target), method, wiki.plenty, 0)
    assert (tables["runs"].rows, tables["runs"].newest) == (1002, "2026-11-02 10:00:00")
    assert version == duckdb.__version__
    assert digests(database) == before
    assert not Path(f"{target}.wal").exists()
    # Under another name, as a set has it in the end.
    moved = tmp_path / "named"
    target.parent.rename(moved)
    assert survey(sys.executable, str(moved / "jobs.duckdb"), method, wiki.plenty) == tables


def test_who_holds_the_database_is_waited_for_and_then_named(database: Path, tmp_path: Path) -> None:
    with held(database, 600) as pid, pytest.raises(CheckError) as caught:
        copy_database(sys.executable, str(database), str(tmp_path / "copy"), "copy", wiki.plenty, 0.5)
    assert (caught.value.reason_id, caught.value.fields["pid"]) == ("duckdb_in_use", pid)
    assert not list(tmp_path.glob("copy*"))
    begun = time.monotonic()
    with held(database, 1.5):
        tables, _version = copy_database(sys.executable, str(database), str(tmp_path / "copy"), "copy", wiki.plenty, 60)
    assert tables["runs"].rows == 1002
    assert time.monotonic() - begun > 1


def test_a_set_with_a_database_is_verified_to_its_last_value(database: Path, tmp_path: Path) -> None:
    contents = {"jobs.duckdb": {"type": "duckdb", "source": str(database), "python": sys.executable}}
    made = wiki.back_up(contents, tmp_path / "sets")
    assert made.manifest.versions["duckdb"] == duckdb.__version__
    assert verify_set(made.path, made.manifest, "integrity", wiki.plenty, sys.executable).whole
    assert [one.fault for one in verify_set(made.path, made.manifest, "integrity", wiki.plenty).faults] == [
        "not_checked"
    ]
    copy = Path(made.path) / "jobs.duckdb"
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 0xFF
    copy.write_bytes(bytes(data))
    assert not verify_set(made.path, made.manifest, "checksums", wiki.plenty).whole


def test_a_damaged_database_makes_no_copy_that_is_called_good(database: Path, tmp_path: Path) -> None:
    os.unlink(f"{database}.wal")
    data = bytearray(database.read_bytes())
    for at in range(len(data) // 3, len(data), 4096):
        data[at : at + 64] = os.urandom(64)
    database.write_bytes(bytes(data))
    with pytest.raises(CheckError) as caught:
        copy_database(sys.executable, str(database), str(tmp_path / "copy"), "copy", wiki.plenty, 0)
    assert caught.value.reason_id in ("duckdb_damaged", "duckdb_crashed", "duckdb_not_a_database")
