# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AIMO's host is a real one, and the weekly procedure has removed the work directories that may go."""

from __future__ import annotations

from testinfra.host import Host

from tests.hosts.ssh import CLIENT_CONFIGURATION

testinfra_hosts = [f"ssh://aimo-1?ssh_config={CLIENT_CONFIGURATION}"]

PYTHON = "/opt/aimo/.venv/bin/python"
RUNS = """
import duckdb
connection = duckdb.connect('/opt/aimo/data/cache/aimo.duckdb', read_only=True)
for run in connection.execute('SELECT run_id, status FROM runs').fetchall():
    print(*run)
"""


def test_systemd_runs_everything(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"


def test_application_has_the_duckdb_that_it_pins(host: Host) -> None:
    assert host.check_output("/opt/aimo/.venv/bin/python -c 'import duckdb; print(duckdb.__version__)'") == "1.1.3"
    assert host.run("/usr/bin/python3 -c 'import duckdb'").rc == 1


def test_only_old_work_of_finished_runs_is_gone(host: Host) -> None:
    listed = [line.split() for line in host.check_output(f"{PYTHON} -c %s", RUNS).splitlines()]
    finished = {run for run, status in listed if status == "succeeded"}
    unfinished = {run for run, status in listed if status != "succeeded"}
    left = set(host.file("/opt/aimo/data/work").listdir())
    old = set(host.check_output("find /opt/aimo/data/work -mindepth 1 -maxdepth 1 -mtime +8 -printf '%f\\n'").split())
    assert unfinished
    assert unfinished <= left
    assert old & finished == set()
    assert left & finished
