# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DuckDB database with a log beside it, and one that a pipeline holds: restored without either of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("aimo-1")

HOST = "aimo-1"
CONFIRM = ("-e", f"run_confirm={HOST}")
#: A pipeline that is killed after it has written: what it wrote is in the log beside the database and nowhere else.
OPENED = "import duckdb, os, time; c = duckdb.connect('{0}'); "
KILLED = OPENED + "c.execute('CREATE TABLE since AS SELECT 1 AS x'); os.kill(os.getpid(), 9)"
HOLDING = OPENED + "open('/run/holding', 'w').close(); time.sleep(3600)"
TABLES = "import duckdb; c = duckdb.connect('{0}', read_only=True); print(sorted(c.execute('SHOW TABLES').fetchall()))"


def test_no_log_of_the_old_database_reaches_the_restored_one(
    prepared: Callable[..., None],
    act: Callable[..., Acted],
    testinfra_host: Callable[[str], testinfra.host.Host],
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    database = on_host(HOST, "find /opt /srv -name aimo.duckdb").split()[0]
    python = on_host(HOST, "find /opt /srv -path '*/bin/python' | head -1").strip()

    def run(program: str) -> str:
        return on_host(HOST, f'{python} -c "{program.format(database)}" || true')

    tables = run(TABLES)
    made = act("backup", HOST)
    assert made.returncode == 0, made.output
    drilled = act("restore_drill", HOST)
    assert [one["state"] for one in drilled.run["results"] if one["check"] == "restore_drill"] == ["ok"], drilled.output
    run(KILLED)
    assert host.file(f"{database}.wal").size > 0
    on_host(
        HOST, f'rm -f /run/holding; ({python} -c "{HOLDING.format(database)}" >/dev/null 2>&1 & echo $! > /run/holder)'
    )
    on_host(HOST, "while ! [ -e /run/holding ]; do sleep 0.1; done")
    refused = act("restore", HOST, *CONFIRM)
    assert refused.returncode != 0
    assert "is still open in process" in refused.output
    on_host(HOST, "kill -9 $(cat /run/holder); while kill -0 $(cat /run/holder) 2>/dev/null; do sleep 0.1; done")
    restored = act("restore", HOST, *CONFIRM)
    assert restored.returncode == 0, restored.output
    assert not host.file(f"{database}.wal").exists
    assert run(TABLES) == tables
    (kept,) = (one["path"] for one in restored.detail("restore")["kept"] if one["target"] == database)
    assert "since" in on_host(HOST, f'{python} -c "{TABLES.format(kept)}"'), "what was in the log is kept with it"
    on_host(HOST, f"rm {kept}*")
