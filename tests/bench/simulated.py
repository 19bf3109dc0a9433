# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application that the simulated hosts run: small, but every check has something real to look at."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_DAY_SECONDS = 86400
_JAPAN_SECONDS = 9 * 3600
_REQUESTS = 500
_PATIENCE_SECONDS = 120


class _Health(http.server.BaseHTTPRequestHandler):
    """Answers every question with good health."""

    def do_GET(self) -> None:  # the name that http.server asks for
        """Send a small JSON document."""
        body = json.dumps({"status": "healthy", "database": "ok"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent: the terminal belongs to the table."""


def serve(port: int) -> None:
    """Answer on a loopback port until the process is ended."""
    http.server.ThreadingHTTPServer(("127.0.0.1", port), _Health).serve_forever()


@contextmanager
def running(root: Path, port: int, now: float) -> Iterator[set[int]]:
    """Seed the application's files, run its two processes, and remove everything afterwards.

    Args:
        root: where the files go; emptied first.
        port: where health is asked for.
        now: seconds since the epoch.

    Yields:
        The ids of the processes.
    """
    shutil.rmtree(root, ignore_errors=True)
    seed(root, now)
    serving = [sys.executable, "-c", f"from tests.bench.simulated import serve; serve({port})"]
    idling = [sys.executable, "-c", "import time  # tests.bench front\nwhile True: time.sleep(3600)"]
    processes = [subprocess.Popen(argv) for argv in (serving, idling)]
    try:
        for name, process in zip(("app", "front"), processes, strict=True):
            (root / f"{name}.pid").write_text(f"{process.pid}\n", encoding="ascii")
        _wait_for(port, processes[0])
        yield {process.pid for process in processes}
    finally:
        for process in processes:
            process.terminate()
            process.wait()
        shutil.rmtree(root, ignore_errors=True)


def _wait_for(port: int, serving: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and serving.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody answers for the application on port {port}")


def seed(root: Path, now: float) -> None:
    """Write the application's database, backups, logs, certificate and other files."""
    root.mkdir(parents=True)
    (root / ".env").write_text("MODE=production\n", encoding="utf-8")
    uploads = root / "uploads"
    uploads.mkdir()
    for number in range(40):
        (uploads / f"drawing-{number}.pdf").write_bytes(bytes(4096))
    _database(root / "app.db", now)
    _logs(root / "logs", now)
    for days in range(7):
        made = time.gmtime(now - 3600 - days * _DAY_SECONDS + _JAPAN_SECONDS)
        backup = root / "backups" / time.strftime("%Y%m%d_%H%M%S", made)
        backup.mkdir(parents=True)
        shutil.copy(root / "app.db", backup)
        shutil.copy(root / ".env", backup)
        shutil.copytree(uploads, backup / "uploads")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=bench.example"),
            *("-keyout", str(root / "key.pem"), "-out", str(root / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )


def _database(path: Path, now: float) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT, created_at TEXT)")
        connection.execute("CREATE INDEX tasks_by_time ON tasks (created_at)")
        connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, task INTEGER REFERENCES tasks, body TEXT)")
        for number in range(300):
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - number * 3600))
            connection.execute("INSERT INTO tasks VALUES (?, ?, ?)", (number, f"Task {number}", at))
            connection.execute("INSERT INTO messages VALUES (?, ?, ?)", (number, number, "An estimate, please. " * 12))
        connection.commit()


def _logs(directory: Path, now: float) -> None:
    directory.mkdir()
    (directory / "app.log").write_text("INFO all is well\n" * 2000, encoding="utf-8")
    lines = []
    for number in range(_REQUESTS):
        at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now - (_REQUESTS - number) * 600))
        client, micros = f"192.0.2.{1 + number * 7 % 97}", 20_000 + number * 7919 % 880_000
        lines.append(f'{client} - - [{at}] "GET /tasks/{number} HTTP/1.1" 200 5120 "-" "Mozilla/5.0" {micros}\n')
    (directory / "access_log").write_text("".join(lines), encoding="ascii")
