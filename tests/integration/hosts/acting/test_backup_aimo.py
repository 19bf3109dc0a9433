# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of a DuckDB database with the application's own DuckDB, while a pipeline holds it and when that is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("aimo-1")
HOST = "aimo-1"
PYTHON, DATABASE = "/opt/aimo/.venv/bin/python", "/opt/aimo/data/cache/aimo.duckdb"
HOLD = f"import duckdb, time; c = duckdb.connect('{DATABASE}'); open('/run/piping', 'w').close(); time.sleep(3600)"
COUNT = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
    "print(c.execute('FROM runs SELECT count(*)').fetchone())"
)


def test_a_database_that_a_pipeline_holds_is_waited_for_then_said_and_later_copied(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host], act: Callable[..., Acted]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    on_host(
        HOST,
        f'rm -rf /var/backups/aimo /run/piping; systemd-run --quiet --unit=pipeline {PYTHON} -c "{HOLD}"\n'
        "until [ -e /run/piping ]; do sleep 0.1; done",
    )
    try:
        pid = on_host(HOST, "systemctl show --property MainPID --value pipeline.service").strip()
        busy = act("backup", HOST, "-e", "aimo_backup_wait_seconds=2")
    finally:
        on_host(HOST, "systemctl stop pipeline.service")
    assert busy.returncode == 2
    said = " ".join(busy.output.split())
    assert "Duckdb in use" in said
    assert f"pid {pid}" in said
    assert host.run("ls -A /var/backups/aimo").stdout == "", "no half set"
    before = host.file(DATABASE).sha256sum
    made = act("backup", HOST)
    assert made.returncode == 0, made.output
    path = made.detail("make_backup")["set"]
    assert host.file(DATABASE).sha256sum == before, "production is only read"
    counts = [host.run(f'{PYTHON} -c "{COUNT}" {one}').stdout for one in (DATABASE, f"{path}/aimo.duckdb")]
    assert counts[0] == counts[1] != ""
    verified = act("backup_verify", HOST)
    assert verified.returncode == 0, verified.output
