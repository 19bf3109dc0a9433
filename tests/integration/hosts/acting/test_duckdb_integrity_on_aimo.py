# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AIMO's DuckDB through its own interpreter: damage that no query sees is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import testinfra.host

from tests.hosts.definition import INVENTORY
from tests.integration.ansible_module import call_module_on

HOST = "aimo-1"
DATABASE, COPY, PYTHON = "/opt/aimo/data/cache/aimo.duckdb", "/root/copy.duckdb", "/opt/aimo/.venv/bin/python"
#: Damage the first block that is in use and that no column of a table lies on.
DAMAGE_INDEX = """
import duckdb
query = "SELECT DISTINCT block_id FROM pragma_storage_info('{}') WHERE block_id >= 0"
connection = duckdb.connect(COPY)
connection.execute("CREATE TABLE keyed (k VARCHAR PRIMARY KEY)")
connection.execute("INSERT INTO keyed SELECT 'key' || i FROM range(30000) t(i)")
connection.execute("CHECKPOINT")
tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
columns = {row[0] for table in tables for row in connection.execute(query.format(table)).fetchall()}
metadata = {row[0] for row in connection.execute("SELECT block_id FROM pragma_metadata_info()").fetchall()}
(count,) = connection.execute("SELECT total_blocks FROM pragma_database_size()").fetchone()
connection.close()
with open(COPY, "r+b") as file:
    for block in sorted(set(range(count)) - columns - metadata):
        file.seek(12288 + block * 262144 + 1000)
        file.write(b"damage")
print(duckdb.connect(COPY, read_only=True).execute("SELECT count(*) FROM keyed").fetchone()[0])
"""

pytestmark = pytest.mark.xdist_group("aimo-1")


def integrity(path: str) -> dict[str, Any]:
    """Return what the module says of a database on the host."""
    arguments = {"path": path, "python": PYTHON, "tables": ["runs", "analysis_cache"]}
    return call_module_on(HOST, INVENTORY, "duckdb_integrity", arguments).result


def test_damage_that_no_query_sees(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    before = host.check_output(f"sha256sum {DATABASE}")
    whole = integrity(DATABASE)
    assert (whole["verdict"], whole["duckdb_version"], whole["damaged_blocks"]) == ("ok", "1.1.3", 0)
    assert host.check_output(f"sha256sum {DATABASE}") == before

    host.check_output(f"cp {DATABASE} {COPY} && head -c 500 /dev/urandom > {COPY}.wal")
    assert integrity(COPY)["verdict"] == "wal_corrupt"
    host.check_output(f"rm {COPY}.wal")
    assert host.check_output(f"{PYTHON} -c %s", f"COPY = {COPY!r}\n{DAMAGE_INDEX}") == "30000"
    damaged = integrity(COPY)
    assert damaged["verdict"] == "corrupt"
    assert damaged["damaged_blocks"] > 0
    assert damaged["damaged_tables"] == []
    host.check_output(f"rm {COPY}")
