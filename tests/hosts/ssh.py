# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the test hosts are reached: a key pair of this checkout, and host keys learnt from the hosts themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.hosts.containers import podman
from tests.hosts.definition import CACHE, Host, all_hosts

DIRECTORY = CACHE / "ssh"
KEY = DIRECTORY / "id_ed25519"
KNOWN_HOSTS = DIRECTORY / "known_hosts"
CLIENT_CONFIGURATION = DIRECTORY / "config"


def ensure_key() -> Path:
    """Return the private key, generated at the first call."""
    if not KEY.is_file():
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "aiops test hosts", "-f", str(KEY)], check=True
        )
    return KEY


def enrol(host: Host) -> str:
    """Let the key in on a host, and return the host's own public key (`type base64`)."""
    public = KEY.with_suffix(".pub").read_text(encoding="utf-8")
    install = ["install", "-D", "-m", "0600", "/dev/stdin", "/root/.ssh/authorized_keys"]
    podman("exec", "--interactive", host.container, *install, stdin=public)
    host_key = podman("exec", host.container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    return " ".join(host_key.split()[:2])


def write_client_files(hosts: Sequence[Host], host_keys: Mapping[Host, str]) -> None:
    """Write known_hosts and a client configuration, so that `ssh -F .cache/hosts/ssh/config NAME` works by hand.

    Hosts that were enrolled before stay known: a set can be started host by host.
    """
    known = KNOWN_HOSTS.read_text(encoding="utf-8").splitlines() if KNOWN_HOSTS.is_file() else []
    keys = {line.partition(" ")[0]: line for line in known}
    keys.update({host.address: f"{host.address} {host_keys[host]}" for host in hosts})
    _put(KNOWN_HOSTS, "".join(f"{line}\n" for line in keys.values()))
    _put(
        CLIENT_CONFIGURATION,
        "".join(
            f"Host {host.name}\n  HostName {host.address}\n  User root\n  IdentityFile {KEY}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {KNOWN_HOSTS}\n  StrictHostKeyChecking yes\n"
            for host in all_hosts()
        ),
    )


def _put(path: Path, text: str) -> None:
    """Replace a file as a whole: others connect while hosts are added, and half a list of host keys refuses them."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
