# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine can run the test hosts, and what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.hosts import report

# The program that shows each Debian package is there. iptables gives the network its masquerading; netavark and
# aardvark-dns live outside PATH.
PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "conmon": "conmon",
    "netavark": "/usr/lib/podman/netavark",
    "golang-github-containers-common": "/usr/share/containers/containers.conf",
    "iptables": "iptables",
    "iproute2": "ip",
    "mmdebstrap": "mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "openssh-client": "ssh",
}


class CannotRunHostsError(Exception):
    """This machine cannot run the test hosts; the message says why and what would help."""


def missing_packages() -> list[str]:
    """Return the Debian packages that are not installed yet."""
    return [
        package
        for package, proof in PACKAGES.items()
        if not (os.path.exists(proof) if proof.startswith("/") else shutil.which(proof))
    ]


def prepare_machine() -> None:
    """Install what is missing.

    Raises:
        CannotRunHostsError: Not root, not a Debian, or the packages cannot be had.
    """
    if os.geteuid() != 0:
        raise CannotRunHostsError("containers that boot systemd on their own network need root: run as root")
    missing = missing_packages()
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise CannotRunHostsError(f"not installed, and this is no Debian: {', '.join(missing)}")
    with report.step(f"Installing {' '.join(missing)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        # A mirror may stumble, and another program may be installing something just now.
        apt = ["apt-get", "--quiet", "--option=Acquire::Retries=5", "--option=DPkg::Lock::Timeout=600"]
        for command in ([*apt, "update"], [*apt, "--yes", "--no-install-recommends", "install", *missing]):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise CannotRunHostsError(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")
