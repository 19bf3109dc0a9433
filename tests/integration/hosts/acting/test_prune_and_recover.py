# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smartbox under Compose: old incidents go, and a corrupt state database comes back (SBX-12, SBX-18, SBX-30)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted

HOST = "smartbox-1"
DATABASE = "/opt/smartbox/data/anomaly_state.db"
COUNTS = """
import json, sqlite3
connection = sqlite3.connect("file:" + DATABASE + "?mode=ro", uri=True)
assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
old = "updated_at < datetime('now', '-30 days')"
print(json.dumps([connection.execute("SELECT count(*) FROM incidents WHERE " + where).fetchone()[0]
    for where in ("1", "status = 'OPEN'", "status = 'CLOSED' AND " + old)]))
"""
#: More incidents than fit a page, so that damage destroys some and leaves some; some are old and open.
GROW = """
import sqlite3
connection = sqlite3.connect(DATABASE)
columns = [row[1] for row in connection.execute("PRAGMA table_info(incidents)")]
others = ", ".join(name for name in columns if name != "incident_id")
for turn in range(12):
    connection.execute(
        f"INSERT INTO incidents (incident_id, {others}) SELECT incident_id || '-' || ?, {others} FROM incidents"
        " WHERE incident_id NOT LIKE '%-%'", (turn,))
connection.execute("UPDATE incidents SET status = 'OPEN', resolved_at = NULL WHERE incident_id LIKE '%-11'")
connection.commit()
"""
DAMAGE = """
import sqlite3
connection = sqlite3.connect(DATABASE)
pages = connection.execute("SELECT pageno FROM dbstat WHERE name = 'incidents' AND pagetype = 'leaf'").fetchall()
connection.close()
with open(DATABASE, "r+b") as file:
    file.seek((pages[len(pages) // 2][0] - 1) * 4096)
    file.write(b"\\xff" * 4096)
"""

pytestmark = pytest.mark.xdist_group("smartbox-1")


@pytest.fixture
def smartbox(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]
) -> Iterator[testinfra.host.Host]:
    """Return the host, with its system healthy; it is left as it was found."""
    prepared(HOST)
    host = testinfra_host(HOST)
    host.check_output(f"cp -a {DATABASE} /root/kept.db")
    yield host
    host.check_output(f"""
        cd /opt/smartbox && docker compose stop --timeout 2 && rm -rf recovery pruned {DATABASE}* &&
        cp -a /root/kept.db {DATABASE} && docker compose up --detach --wait --wait-timeout 300""")


def python(host: testinfra.host.Host, program: str) -> str:
    """Run a Python program on the host."""
    return str(host.check_output("python3 -c %s", f"DATABASE = {DATABASE!r}\n{program}"))


def test_prune_then_corrupt_then_salvage(smartbox: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    python(smartbox, GROW)
    everything, still_open, due = json.loads(python(smartbox, COUNTS))
    assert due > 50
    planned = act("prune", HOST, "--check", "--diff")
    assert planned.returncode == 0, planned.output
    assert f"-incidents: {everything} rows" in planned.output
    assert json.loads(python(smartbox, COUNTS)) == [everything, still_open, due]

    pruned = act("prune", HOST)
    assert pruned.returncode == 0, pruned.output
    assert pruned.states == {"prune_incidents": "done"}
    assert json.loads(python(smartbox, COUNTS)) == [everything - due, still_open, 0]
    (copy,) = smartbox.file("/opt/smartbox/pruned").listdir()
    assert copy.startswith("anomaly_state.db.before-prune-")

    owner = smartbox.file(DATABASE)
    before = (owner.user, owner.group, owner.mode)
    python(smartbox, DAMAGE)
    shown = act("recover", HOST)
    words = " ".join(shown.output.split())
    assert f"{DATABASE} is corrupt" in words
    assert "salvage loses" in words
    assert "reset loses everything" in words
    assert smartbox.check_output("cd /opt/smartbox && docker compose ps --format '{{.State}}' yaga") == "running"

    refused = act("recover", HOST, "-e", "recover_by=salvage")
    assert refused.returncode != 0
    recovered = act("recover", HOST, "-e", "recover_by=salvage", "-e", f"run_confirm={HOST}")
    assert recovered.returncode == 0, recovered.output
    assert recovered.states == {"recover_database": "done"}
    detail = recovered.detail("recover_database")
    table = detail["report"]["tables"]["incidents"]
    left, open_left, due_left = json.loads(python(smartbox, COUNTS))
    # An index remembers every row: what is lost is known exactly.
    assert (left, table["rows_lost"], table["more_lost"]) == (table["rows"], everything - due - left, False)
    assert (0 < left < everything - due, open_left > 0, due_left) == (True, True, 0)
    found = smartbox.file(DATABASE)
    assert (found.user, found.group, found.mode) == before
    assert smartbox.file(detail["kept"]).is_file
    assert smartbox.file(f"{detail['aside']}/evidence.json").mode == 0o600
    assert smartbox.check_output("cd /opt/smartbox && docker compose ps --format '{{.State}}' yaga") == "running"
    assert act("recover", HOST).states == {"recover_database": "skipped"}
