# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An sshd of the benchmark's own: its port, keys and settings, reachable on loopback only."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.places import CHECKOUT, MOST_HOSTS, addresses
from tests.ports import free_port

_PATIENCE_SECONDS = 120
_SERVER = """\
Port {port}
ListenAddress 0.0.0.0
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/client_key.pub
PidFile {directory}/sshd.pid
AllowUsers {user}@127.0.0.0/8
AuthenticationMethods publickey
PasswordAuthentication no
UsePAM no
UseDNS no
StrictModes no
SetEnv HOME={home}
PrintMotd no
PrintLastLog no
LogLevel ERROR
MaxStartups 200
MaxSessions 100
"""
# One exchange under both of its names; Paramiko knows nothing newer. OpenSSH's own choice, which resists quantum
# computers, costs the controller six times as much, so that left to themselves the contestants would not do the same.
SHARED_KEY_EXCHANGE = "curve25519-sha256,curve25519-sha256@libssh.org"
# The port is in the name of a connection that is kept: one of a run that was killed leads to another server.
# Every contestant that uses OpenSSH reads exactly this; pyinfra is given the same user, key, port and known hosts.
_CLIENT = """\
Host 127.0.1.*
  Port {port}
  User {user}
  IdentityFile {directory}/client_key
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/{name}.known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  PreferredAuthentications publickey
  ControlMaster auto
  ControlPersist 300s
  ControlPath {directory}/{name}-%h-%p
  LogLevel ERROR
"""


@dataclass(frozen=True)
class Client:
    """How a contestant reaches the simulated hosts.

    Args:
        config: OpenSSH client configuration.
        known_hosts: keys of the hosts.
        key: private key.
        user: login name.
        port: TCP port.
    """

    config: Path
    known_hosts: Path
    key: Path
    user: str
    port: int


class ServerError(Exception):
    """The benchmark's sshd does not answer; says what it said."""


def write_client(directory: Path, name: str, port: int) -> Client:
    """Write the settings of a client that reaches the hosts on a port."""
    user = getpass.getuser()
    public = " ".join((directory / "host_key.pub").read_text(encoding="ascii").split()[:2])
    known = directory / f"{name}.known_hosts"
    known.write_text("".join(f"[{host}]:{port} {public}\n" for host in addresses(MOST_HOSTS)), encoding="ascii")
    config = directory / f"{name}.config"
    config.write_text(_CLIENT.format(port=port, user=user, directory=directory, name=name), encoding="utf-8")
    return Client(config, known, directory / "client_key", user, port)


@contextmanager
def running(directory: Path, key_exchange: str | None = SHARED_KEY_EXCHANGE) -> Iterator[tuple[int, Client]]:
    """Run sshd while the context lasts.

    Args:
        directory: where keys and settings are kept.
        key_exchange: the only one that is offered; None leaves it to each client's and sshd's defaults.

    Yields:
        The process id of the listening sshd, and how to reach it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for name in ("host_key", "client_key"):
        # The public half comes last: without it, whoever made them was killed meanwhile.
        if not (directory / f"{name}.pub").is_file():
            (directory / name).unlink(missing_ok=True)
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(directory / name)], check=True
            )
    # A login shell reads its user's start-up files once per command: what happens to be in them is not measured.
    home = directory / "home"
    home.mkdir(exist_ok=True)
    port = free_port()
    settings = directory / "sshd_config"
    user = getpass.getuser()
    lines = _SERVER.format(port=port, user=user, directory=directory, home=home)
    settings.write_text(lines + (f"KexAlgorithms {key_exchange}\n" if key_exchange else ""), encoding="utf-8")
    if os.geteuid() == 0:
        # Where root's sshd wants its unprivileged child to live; a machine whose own sshd never ran lacks it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = directory / "sshd.log"
    with log.open("wb") as output:
        # Orphans of a check come home to sshd, which reaps them: their CPU counts as the hosts'.
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.processes", "/usr/sbin/sshd", "-D", "-e", "-f", str(settings)],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for(port, server, log)
        yield server.pid, write_client(directory, "direct", port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.1.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ServerError(f"sshd does not listen: {log.read_text(encoding='utf-8', errors='replace').strip()}")
