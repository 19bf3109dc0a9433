# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator with a corrupt database: the ways out are named, and the newest set comes back (EST-17)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted

HOST = "estimator-2"
DATABASE = "/opt/ai-estimator2/backend/app.db"
DAMAGE = """
import sqlite3
connection = sqlite3.connect(DATABASE)
connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
pages = connection.execute("SELECT pageno FROM dbstat WHERE name = 'tasks' AND pagetype = 'leaf'").fetchall()
(size,) = connection.execute("PRAGMA page_size").fetchone()
connection.close()
with open(DATABASE, "r+b") as file:
    file.seek((pages[len(pages) // 2][0] - 1) * size)
    file.write(b"\\xff" * size)
"""
WHOLE = """
import sqlite3
print(sqlite3.connect("file:" + DATABASE + "?mode=ro", uri=True).execute("PRAGMA integrity_check").fetchone()[0])
"""

pytestmark = pytest.mark.xdist_group("estimator-2")


def python(host: testinfra.host.Host, program: str) -> str:
    """Run a Python program on the host."""
    return str(host.check_output("python3 -c %s", f"DATABASE = {DATABASE!r}\n{program}"))


def test_the_ways_are_named_and_the_newest_set_comes_back(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host], act: Callable[..., Acted]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    found = host.file(DATABASE)
    before = (found.user, found.group, found.mode)
    assert act("recover", HOST).states == {"recover_database": "skipped"}
    host.check_output("systemctl stop estimator")
    python(host, DAMAGE)
    host.check_output("systemctl start estimator")

    shown = act("recover", HOST)
    words = " ".join(shown.output.split())
    assert f"{DATABASE} is corrupt" in words
    assert "restore loses what was written in the last" in words
    assert "salvage loses" in words
    assert "reset loses everything" in words
    assert host.service("estimator").is_running

    done = act("recover", HOST, "-e", "recover_by=restore", "-e", f"run_confirm={HOST}")
    assert done.returncode == 0, done.output
    assert done.states == {"recover_database": "done"}
    assert python(host, WHOLE) == "ok"
    found = host.file(DATABASE)
    assert (found.user, found.group, found.mode) == before
    assert host.service("estimator").is_running
    (aside,) = (name for name in host.file("/opt/ai-estimator2/recovery").listdir() if name.startswith("app.db.2"))
    assert host.file(f"/opt/ai-estimator2/recovery/{aside}/evidence.json").contains("corrupt")
    host.check_output("rm -rf /opt/ai-estimator2/recovery")
