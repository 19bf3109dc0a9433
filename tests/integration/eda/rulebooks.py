# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ansible-rulebook with a rulebook of this collection, and what is sent to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import StoreError
from tests.conftest import CHECKOUT, COLLECTIONS

BINARIES = Path(sys.executable).parent
TOKEN = "0123456789abcdef-token"
#: A machine under load starts a Java machine and a play slowly.
LIMIT_SECONDS = 600.0


@dataclass
class Rulebook:
    """A running ansible-rulebook.

    Args:
        port: where its source listens, if it does.
        log: the file of its output.
        process: itself.
    """

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def post(self, body: Any, token: str | None = TOKEN) -> tuple[int, dict[str, Any]]:
        """Post a notification, and return the status and the answer."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return ask(self.port, "POST", "/alertmanager", data, headers)

    def until(self, what: str, true: Callable[[], Any]) -> Any:
        """Wait until something is true, and return it."""
        end = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            # A moment in which somebody else makes or writes the store is none to see anything in.
            with contextlib.suppress(StoreError):
                if found := true():
                    return found
            time.sleep(0.3)
        pytest.fail(f"{what}: not within {LIMIT_SECONDS:.0f} s\n{self.log.read_text()[-5000:]}")


@contextlib.contextmanager
def rulebook(name: str, inventory: Path, port: int = 0, **variables: Any) -> Iterator[Rulebook]:
    """Run a rulebook of the collection until the block ends.

    Args:
        name: of the rulebook.
        inventory: of the systems; the store lies beside it.
        port: where its source listens.
        variables: of the rulebook.
    """
    need(str(BINARIES / "ansible-rulebook"), "python3-pip; pip install -r requirements-dev.txt")
    need("java", "default-jre-headless")
    directory = inventory.parent
    stated = directory / "rulebook.json"
    stated.write_text(json.dumps(variables))
    log = directory / "rulebook.log"
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(BINARIES), os.environ["PATH"]]),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "AIOPS_STATE_DIR": str(directory / "state"),
        "AIOPS_EVENT_TOKEN": TOKEN,
    }
    command = [str(BINARIES / "ansible-rulebook"), "--verbose", "--rulebook", f"aiops.runbooks.{name}"]
    command += ["--inventory", str(inventory), "--vars", str(stated), "--env-vars", "AIOPS_EVENT_TOKEN"]
    begun = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    running = Rulebook(port, log, process)
    try:
        running.until("Waiting for events", lambda: b"Waiting for events" in log.read_bytes()[begun:])
        if port:
            running.until("its source listens", lambda: _listens(port))
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Ask a server of this machine, and return the status and the answer, which may be JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text.startswith(b"{") else text.decode()


def need(program: str, package: str) -> None:
    """Skip a test on a machine without a program; in CI, where it must be, fail."""
    if shutil.which(program):
        return
    message = f"NOT TESTED: {program} is missing (Debian: apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
