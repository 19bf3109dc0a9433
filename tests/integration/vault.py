# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for off-site copies: real OpenSSH on both ends, and a set to be copied."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.unit.backup import little_wiki as wiki

# Without the settings of whoever runs the tests: their shell would start what they have for every command.
SERVER = """\
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/client_key.pub
AllowUsers {user}
AuthenticationMethods publickey
UsePAM no
UseDNS no
StrictModes no
LogLevel ERROR
Subsystem sftp {sftp}
SetEnv HOME={directory}
"""
# Client and server are OpenSSH's own. The server is the client's child, so that it is seen, stopped and killed as well.
CLIENT = """\
#!/bin/sh
exec {ssh} -o 'ProxyCommand=/usr/sbin/sshd -i -f {directory}/sshd_config' "$@"
"""
SFTP = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server")
HOST = "vault.example.org"
#: Nobody else's: a test looks for it in the arguments of all processes, and another test run has its own.
PASSWORD = f"of-the-repository-{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Vault:
    """Where copies go.

    Attributes:
        set: what is copied.
        directory: of the copies.
        reach: what a module is told to get there.
        path: of programs; its SSH client knows the way.
    """

    set: Path
    directory: Path
    reach: dict[str, str]
    path: str


def make_vault(root: Path) -> Vault:
    """Make a set, and a host to which it can be copied."""
    keys, directory, programs = root / "keys", root / "vault", root / "programs"
    for path in (keys, directory, programs):
        path.mkdir(mode=0o700)
    for name in ("host_key", "client_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)], check=True)
    known = keys / "known_hosts"
    known.write_text(f"{HOST} {(keys / 'host_key.pub').read_text()}")
    sftp = next(path for path in SFTP if Path(path).exists())
    settings = SERVER.format(directory=keys, user=getpass.getuser(), sftp=sftp)
    (keys / "sshd_config").write_text(settings)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    client = programs / "ssh"
    client.write_text(CLIENT.format(ssh=shutil.which("ssh"), directory=keys))
    client.chmod(0o700)
    made = wiki.back_up(wiki.make(root / "wiki"), root / "sets")
    reach = {"ssh_key_file": str(keys / "client_key"), "known_hosts_file": str(known), "user": getpass.getuser()}
    return Vault(Path(made.path), directory, reach, f"{programs}:{os.environ['PATH']}")
