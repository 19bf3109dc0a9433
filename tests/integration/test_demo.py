# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo machine: up, answering, broken, repaired, down and nothing left."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_base

#: A machine under load answers late.
PATIENCE_SECONDS = 60
OFFSETS = (0, 50, 100, 428, 443)
CREDENTIALS = base64.b64encode(b"operator:estimator-demo").decode("ascii")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Machine:
    """A demo in a directory of the test, with ports of its own."""

    def __init__(self, checkout: Path, root: Path) -> None:
        self.checkout, self.root, self.base = checkout, root, free_base(OFFSETS)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "demo", *arguments, "--root", str(self.root)],
            cwd=self.checkout,
            env={**os.environ, "DEMO_PORT_BASE": str(self.base)},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def get(self, offset: int, path: str) -> tuple[int, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.base + offset}{path}", timeout=PATIENCE_SECONDS) as answer:
            return answer.status, json.loads(answer.read())

    def first_refusal(self, offset: int, path: str, attempts: int) -> str:
        """The first HTTP error within `attempts` requests, as text."""
        for _attempt in range(attempts):
            try:
                self.get(offset, path)
            except urllib.error.HTTPError as error:
                return str(error)
        return "none"

    def certificate(self) -> dict[str, Any]:
        """What a client that trusts the demo's authority sees; raises ssl.SSLError on an expired one."""
        context = ssl.create_default_context(cafile=str(self.root / "estimator/letsencrypt/ca.pem"))
        with (
            socket.create_connection(("127.0.0.1", self.base + 443), timeout=PATIENCE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname="estimator.test") as secured,
        ):
            return dict(secured.getpeercert() or {})

    def is_whole(self) -> bool:
        """Whether SQLite finds nothing wrong with the estimator's database."""
        try:
            return self.ask("PRAGMA quick_check") == [("ok",)]
        except sqlite3.DatabaseError:
            return False

    def ask(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(f"file:{self.root}/estimator/backend/app.db?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


@pytest.fixture
def machine(checkout: Path, tmp_path: Path) -> Iterator[Machine]:
    demo = Machine(checkout, tmp_path / "demo")
    yield demo
    demo.run("down")


def test_up_answers_and_down_leaves_nothing(machine: Machine) -> None:
    started = machine.run("up")
    assert started.returncode == 0, started.stderr
    assert machine.get(100, "/health") == (200, {"status": "healthy"})
    assert machine.get(100, "/api/v1/health")[1]["status"] == "degraded"
    assert machine.get(0, "/health")[1]["status"] == "healthy"
    assert machine.get(50, "/api/health")[1]["config_valid"] is True
    assert machine.get(428, "/api/v1/query?query=up")[1]["status"] == "success"
    assert machine.certificate()["subject"] == ((("commonName", "estimator.test"),),)
    assert machine.is_whole()
    again = machine.run("up")
    assert again.stdout.count("runs already") == 6
    assert machine.run("status").returncode == 0
    stopped = machine.run("down")
    assert stopped.stdout.count("stopped") == 6
    assert not machine.root.exists()
    assert all(is_free(machine.base + offset) for offset in OFFSETS)


def test_the_front_asks_for_a_password_and_logs_what_it_answered(machine: Machine) -> None:
    assert machine.run("up", "--system", "estimator").returncode == 0
    context = ssl.create_default_context(cafile=str(machine.root / "estimator/letsencrypt/ca.pem"))
    url = f"https://localhost:{machine.base + 443}/api/v1/health"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, context=context, timeout=PATIENCE_SECONDS)
    connection = http.client.HTTPSConnection("localhost", machine.base + 443, context=context, timeout=PATIENCE_SECONDS)
    connection.request("GET", "/api/v1/health", headers={"Authorization": f"Basic {CREDENTIALS}"})
    assert connection.getresponse().headers["X-RateLimit-Limit"] == "100"
    connection.close()
    refused, admitted = (machine.root / "estimator/log/apache2/access.log").read_text().splitlines()[-2:]
    assert '"GET /api/v1/health HTTP/1.1" 401 ' in refused
    assert admitted.startswith("127.0.0.1 - operator [")
    assert "AH01618" in (machine.root / "estimator/log/apache2/error.log").read_text().splitlines()[-1]


def test_the_published_estimator_refuses_after_a_hundred_requests(machine: Machine) -> None:
    assert machine.run("up", "--system", "estimator").returncode == 0
    # Asking whether it was ready took one or two of them.
    assert machine.first_refusal(100, "/health", 90) == "none"
    assert "429" in machine.first_refusal(100, "/health", 11)


def test_break_makes_real_trouble_and_repair_undoes_it(machine: Machine) -> None:
    assert machine.run("up").returncode == 0
    broken = machine.run("break")
    assert broken.returncode == 0, broken.stderr
    assert [line.split()[0] for line in broken.stdout.splitlines()] == [
        "database",
        "certificate",
        "lock",
        "disk",
        "service",
    ]
    assert not machine.is_whole()
    # Only the estimates are damaged: what asks for tasks is answered.
    assert machine.ask("SELECT COUNT(*) FROM tasks WHERE created_at > '2000'")[0][0] > 300
    assert machine.get(100, "/health") == (200, {"status": "healthy"})
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        machine.certificate()
    pid = int((machine.root / "aimo/ops/state/aimo.engine.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (machine.root / "aimo/ops/state/aimo.engine.lock.d").is_dir()
    assert (machine.root / "smartbox/data/metrics_backfill.tmp").stat().st_blocks * 512 >= 256 * 2**20
    assert is_free(machine.base)
    assert (machine.root / "ai_diy/run/ai_diy.pid").exists()
    assert machine.run("status").returncode == 1
    repaired = machine.run("repair")
    assert repaired.returncode == 0, repaired.stderr
    assert machine.is_whole()
    assert machine.certificate()
    assert not (machine.root / "aimo/ops/state/aimo.engine.pid").exists()
    assert not (machine.root / "smartbox/data/metrics_backfill.tmp").exists()
    assert machine.get(0, "/health")[0] == 200
    assert machine.run("status").returncode == 0


def test_up_of_a_broken_demo_repairs_it(machine: Machine) -> None:
    assert machine.run("up", "--system", "ai_diy").returncode == 0
    assert machine.run("break").returncode == 0
    assert machine.run("up", "--system", "ai_diy").returncode == 0
    assert machine.run("repair").stdout == "  there is no trouble to repair\n"


def test_the_runbook_layout_answers_as_the_runbook_says(machine: Machine) -> None:
    assert machine.run("up", "--layout", "runbook", "--system", "estimator", "ai_diy").returncode == 0
    assert machine.get(100, "/api/v1/health") == (200, {"status": "healthy"})
    assert machine.get(0, "/api/security/status")[1]["security_status"] == "active"
    refused = machine.run("up", "--layout", "published")
    assert refused.returncode == 1
    assert "run `python3 -m demo down` first" in refused.stderr


def test_a_taken_port_is_named_with_the_way_out(machine: Machine) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", machine.base + 443))
        squatter.listen()
        refused = machine.run("up")
    assert refused.returncode == 1
    assert f"port {machine.base + 443} (front) is taken" in refused.stderr
    assert "DEMO_PORT_BASE" in refused.stderr
    assert not machine.root.exists()


def test_down_does_not_remove_what_no_demo_wrote(machine: Machine) -> None:
    machine.root.mkdir()
    (machine.root / "precious.txt").write_text("mine")
    refused = machine.run("down")
    assert refused.returncode == 1
    assert "it holds precious.txt, which no demo wrote" in refused.stderr
    assert (machine.root / "precious.txt").exists()


def test_break_without_a_demo_says_what_to_do(machine: Machine) -> None:
    refused = machine.run("break")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "run `python3 -m demo up` first" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_run_in_progress_holds_lock_and_database(machine: Machine) -> None:
    directory = machine.root / "aimo"
    subprocess.run(
        [sys.executable, "-m", "demo", "seed", "aimo", "--root", str(directory)], cwd=machine.checkout, check=True
    )
    engine = subprocess.Popen(
        [sys.executable, "-m", "demo", "serve", "aimo", "--root", str(directory)],
        cwd=machine.checkout,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert engine.stdout is not None
        assert engine.stdout.readline().startswith("DuckDB temp_directory: ")
        assert (directory / "ops/state/aimo.engine.pid").read_text() == str(engine.pid)
        assert (directory / "ops/state/aimo.engine.lock.d").is_dir()
    finally:
        engine.terminate()
        assert engine.wait(PATIENCE_SECONDS) == 0
    assert not (directory / "ops/state/aimo.engine.lock.d").exists()
