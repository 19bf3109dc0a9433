# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AIMO with a corrupt DuckDB: the ways are named, no salvage is promised; the newest set comes back, or none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted

HOST = "aimo-1"
DATABASE, PYTHON = "/opt/aimo/data/cache/aimo.duckdb", "/opt/aimo/.venv/bin/python"
RECOVERY = "/opt/aimo/recovery"
CONFIRM = ("-e", f"run_confirm={HOST}")
#: A further table that is large enough for blocks of its own, and one of these damaged: the others can be read.
DAMAGE = """
import duckdb
connection = duckdb.connect(DATABASE)
connection.execute("CREATE TABLE history AS SELECT range AS id, hash(range) AS word FROM range(300000)")
connection.execute("CHECKPOINT")
query = "SELECT max(block_id) FROM pragma_storage_info('history') WHERE block_id >= 0 AND segment_type <> 'VALIDITY'"
(block,) = connection.execute(query).fetchone()
connection.close()
with open(DATABASE, "r+b") as file:
    file.seek(12288 + block * 262144 + 5000)
    file.write(b"damage")
"""
COUNTS = """
import duckdb
connection = duckdb.connect(DATABASE, read_only=True)
for table in ("runs", "analysis_cache"):
    print(connection.execute("SELECT count(*) FROM " + table).fetchone()[0], end=" ")
"""

pytestmark = pytest.mark.xdist_group("aimo-1")


def python(host: testinfra.host.Host, program: str) -> str:
    """Run a program with the application's interpreter."""
    return str(host.check_output(f"{PYTHON} -c %s", f"DATABASE = {DATABASE!r}\n{program}"))


@pytest.fixture(scope="module")
def counts(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host], act: Callable[..., Acted]
) -> str:
    """Return the rows of the healthy database, of which there is a backup."""
    prepared(HOST)
    made = act("backup", HOST)
    assert made.returncode == 0, made.output
    return python(testinfra_host(HOST), COUNTS)


@pytest.fixture
def host(counts: str, testinfra_host: Callable[[str], testinfra.host.Host]) -> Iterator[testinfra.host.Host]:
    """Return the host with a damaged database; afterwards it is as it was."""
    found = testinfra_host(HOST)
    found.check_output(f"cp -a {DATABASE} /root/whole.duckdb")
    python(found, DAMAGE)
    yield found
    found.check_output(f"rm -rf {RECOVERY} {DATABASE}.*; mv /root/whole.duckdb {DATABASE}")


def test_the_ways_are_named_and_one_that_is_not_there_or_not_confirmed_is_refused(
    host: testinfra.host.Host, act: Callable[..., Acted]
) -> None:
    before = host.check_output(f"sha256sum {DATABASE}; ls /opt/aimo/data/cache")
    shown = act("recover", HOST)
    words = " ".join(shown.output.split())
    assert f"{DATABASE} is corrupt" in words
    assert "restore loses what was written in the last" in words
    assert "salvage is not possible: a DuckDB database is not salvaged" in words
    assert "damaged: main.history" in words
    assert "reset loses everything" in words
    refused = act("recover", HOST, "-e", "recover_by=salvage", *CONFIRM)
    assert refused.returncode != 0
    assert "salvage is not possible" in " ".join(refused.output.split())
    assert act("recover", HOST, "-e", "recover_by=reset").returncode != 0, "nobody confirmed it"
    assert host.check_output(f"sha256sum {DATABASE}; ls /opt/aimo/data/cache") == before


def test_the_newest_set_comes_back_and_what_can_be_read_is_kept(
    host: testinfra.host.Host, counts: str, act: Callable[..., Acted]
) -> None:
    done = act("recover", HOST, "-e", "recover_by=restore", *CONFIRM)
    assert done.returncode == 0, done.output
    assert done.states == {"recover_database": "done"}
    assert python(host, COUNTS) == counts
    detail = done.detail("recover_database")
    assert host.file(f"{detail['aside']}/evidence.json").contains("corrupt")
    tables = detail["report"]["rows"]
    assert [tables["main.runs"], tables["main.analysis_cache"]] == [int(count) for count in counts.split()]
    assert "main.history" not in tables
    assert host.file(f"{detail['aside']}/readable/main.runs.parquet").size > 0


def test_the_engine_begins_anew(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    begun = act("recover", HOST, "-e", "recover_by=reset", *CONFIRM)
    assert begun.states == {"recover_database": "done"}, begun.output
    assert not host.file(DATABASE).exists, "the engine makes it when it runs next"
    assert [one["state"] for one in begun.run["results"]] == ["critical"], "and until then this is said"
    assert host.file(begun.detail("recover_database")["kept"]).exists
