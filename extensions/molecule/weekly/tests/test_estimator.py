# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator's host is a real one: systemd, Apache with TLS, SQLite in WAL mode with a writer, backups."""

from __future__ import annotations

import time

from testinfra.host import Host

from tests.hosts.ssh import CLIENT_CONFIGURATION

testinfra_hosts = [f"ssh://estimator-1?ssh_config={CLIENT_CONFIGURATION}"]
#: The writer writes twice a second; a busy machine keeps it waiting.
WRITER_SECONDS = 60


def test_systemd_runs_everything(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"
    for unit in ("estimator", "apache2", "ssh", "cron"):
        assert host.service(unit).is_running
    for unit in ("estimator", "apache2"):
        assert host.service(unit).is_enabled


def test_browsers_would_accept_what_apache_serves(host: Host) -> None:
    answer = host.run("curl --silent --fail --user operator:estimator-demo https://estimator.test/api/v1/health")
    assert answer.rc == 0, answer.stderr
    assert answer.stdout == '{"status": "healthy"}'


def test_apache_asks_for_a_password(host: Host) -> None:
    answer = host.check_output("curl --silent --head https://estimator.test/")
    assert answer.startswith("HTTP/1.1 401 ")


def test_access_log_ends_in_microseconds(host: Host) -> None:
    host.run("curl --silent --user operator:estimator-demo https://estimator.test/")
    last = host.check_output("tail --lines 1 /var/log/apache2/access.log")
    assert int(last.rsplit(" ", 1)[1]) > 0


def test_somebody_writes_to_the_database(host: Host) -> None:
    assert host.check_output("sqlite3 /opt/ai-estimator2/backend/app.db 'PRAGMA journal_mode'") == "wal"
    newest = "sqlite3 /opt/ai-estimator2/backend/app.db 'SELECT max(id) FROM messages'"
    before = int(host.check_output(newest))
    deadline = time.monotonic() + WRITER_SECONDS
    while int(host.check_output(newest)) == before:
        assert time.monotonic() < deadline, "nobody has written"
        time.sleep(0.5)


def test_there_are_two_weeks_of_backups(host: Host) -> None:
    sets = host.file("/var/backups/estimator").listdir()
    assert len(sets) == 14
    for item in ("app.db", ".env", "uploads"):
        assert host.file(f"/var/backups/estimator/{max(sets)}/{item}").exists


def test_journal_knows_the_unit(host: Host) -> None:
    assert "Started estimator.service" in host.check_output("journalctl --unit estimator --no-pager")
