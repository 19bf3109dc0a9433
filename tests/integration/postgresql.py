# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private PostgreSQL server for the tests: its own directory, port and socket, gone afterwards."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ports import free_port

#: Where Debian keeps the server's programs, which are not on the PATH.
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
PASSWORD = "drop/of:water@sea"
MEMORY = "/dev/shm"
_ROOM_BYTES = 1024**3
#: A server that was stopped at once repeats at its start what it had written, which takes long on a busy machine.
_PATIENCE_SECONDS = 900
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        programs: directory of its programs.
        data: its data directory.
        port: TCP port on 127.0.0.1.
        account: account it runs under, None for the one that runs the tests.
    """

    programs: Path
    data: Path
    port: int
    account: str | None

    def url(self, database: str, *, user: str = "store", password: str | None = None) -> str:
        """Return the URL of one of its databases."""
        escaped = quote(password or PASSWORD, safe="")
        return f"postgresql+psycopg://{user}:{escaped}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the server's own superuser and return what psql prints."""
        argv = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.data), "-p", str(self.port), "-U", "admin"]
        return self.run([*argv, "-d", database, "-c", statement])

    def create_database(self) -> str:
        """Create an empty database for a store and return its name."""
        name = f"store{next(_NUMBERS)}"
        self.sql(f"CREATE DATABASE {name} OWNER store")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, argv: list[str]) -> str:
        """Run one of its programs under its account and return the output."""
        done = subprocess.run(
            [str(self.programs / argv[0]), *argv[1:]],
            user=self.account,
            extra_groups=[] if self.account else None,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{argv}: {done.stdout}"
        return done.stdout.strip()

    def start(self) -> None:
        """Start it and wait until it answers."""
        # Durability against a power cut is not what these tests ask for; speed on a small machine is.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.data} -c fsync=off -c max_connections=300"
        logged = ["-l", str(self.data / "log")]
        self.run(["pg_ctl", "-D", str(self.data), *logged, "-w", "-t", str(_PATIENCE_SECONDS), "-o", options, "start"])

    def stop(self) -> None:
        """Stop it at once."""
        self.run(["pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "-t", str(_PATIENCE_SECONDS), "stop"])


def programs() -> Path:
    """Return the directory of the server's programs; a machine without them cannot run these tests, and says so."""
    on_path = shutil.which("pg_ctl")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(DEBIAN_PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    usable = [path for path in found if (path / "initdb").exists() and (path / "postgres").exists()]
    if usable:
        return usable[0]
    message = "NOT TESTED: the store on PostgreSQL. Install the server (Debian: apt-get install postgresql)."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def server(in_memory: bool = False) -> Iterator[Server]:
    """Run a server as long as the block lasts; it refuses to run as root, so root lends it the account ``nobody``.

    Args:
        in_memory: keep its data in memory where there is room; each database is 300 files.
    """
    binaries = programs()
    account = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    # Not pytest's directory: the socket's path must be short, and the account must be able to enter it.
    place = MEMORY if in_memory and _free_bytes(MEMORY) > _ROOM_BYTES else None
    with tempfile.TemporaryDirectory(prefix="aiops-pg-", dir=place) as name:
        if account:
            shutil.chown(name, account)
        data = Path(name) / "data"
        running = Server(programs=binaries, data=data, port=free_port(), account=account)
        running.run(["initdb", "-D", str(data), "-U", "admin", "-A", "trust", "-E", "UTF8", "--no-sync"])
        (data / "pg_hba.conf").write_text("local all admin trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        running.start()
        try:
            running.sql(f"CREATE ROLE store LOGIN PASSWORD '{PASSWORD}'")
            yield running
        finally:
            if (data / "postmaster.pid").exists():
                running.stop()


def _free_bytes(place: str) -> int:
    try:
        there = os.statvfs(place)
    except OSError:
        return 0
    return there.f_bavail * there.f_frsize
