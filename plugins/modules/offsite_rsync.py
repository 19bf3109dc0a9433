#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a backup set or an archive to another host with rsync, verified there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: offsite_rsync
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Copy a backup set or an archive to another host, verified there
description:
  - Copies with rsync under a partial name, lets the other host compute the SHA-256 of every file, and only then gives
    the copy its name. What an interrupted copy left is used by the next one.
  - A copy that is there already is verified again and stays as it is. The digests of a set are those of its manifest.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  source:
    description: A backup set, another directory, or a file.
    type: path
    required: true
  destination:
    description: C(HOST:DIRECTORY); the directory exists.
    type: str
    required: true
  user:
    description: User on the other host; the own one when not set.
    type: str
    default: ''
  port:
    description: Port of its SSH server.
    type: int
    default: 22
  ssh_key_file:
    description: Private key on the managed host; that of its SSH configuration when not set.
    type: path
    default: ''
  known_hosts_file:
    description: Keys of hosts, on the managed host. A host that nobody knows is always refused.
    type: path
    default: ''
  timeout_seconds:
    description: How long all of it may take.
    type: float
    default: 3600
requirements:
  - rsync and ssh on the managed host
  - rsync and sha256sum on the other host
seealso:
  - module: aiops.runbooks.offsite_restic
"""

EXAMPLES = r"""
- name: Copy last night's set to the backup server
  aiops.runbooks.offsite_rsync:
    source: /var/backups/wiki/20261121_030000
    destination: backup.example.org:/srv/backups/wiki
    user: wiki
"""

RETURN = r"""
place:
  description: Where the copy is, or would be.
  returned: success
  type: str
  sample: backup.example.org:/srv/backups/wiki/20261121_030000
files:
  description: Files whose SHA-256 the other host computed.
  returned: success
  type: int
verified:
  description: Whether the other host read the copy; false in check mode when there is none yet.
  returned: success
  type: bool
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.offsite_rsync import (
    Shipment,
    digests,
    is_there,
    ship,
    split_destination,
    verify,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.offsite_ssh import Reach
from ansible_collections.aiops.runbooks.plugins.module_utils.set_lock import reading


def main() -> None:
    """Copy what is not there yet, and let the other host read it."""
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "destination": {"type": "str", "required": True},
            "user": {"type": "str", "default": ""},
            "port": {"type": "int", "default": 22},
            "ssh_key_file": {"type": "path", "default": "", "no_log": False},
            "known_hosts_file": {"type": "path", "default": ""},
            "timeout_seconds": {"type": "float", "default": 3600},
        },
        supports_check_mode=True,
    )
    given = module.params
    deadline = time.monotonic() + given["timeout_seconds"]

    def remaining() -> float:
        return max(0.0, deadline - time.monotonic())

    try:
        host, directory = split_destination(given["destination"])
        reach = Reach(given["user"], given["port"], given["ssh_key_file"], given["known_hosts_file"])
        shipment = Shipment(given["source"], host, directory, reach)
        with reading(shipment.source):
            wanted = digests(shipment.source, remaining)
            there = is_there(shipment, remaining)
            if there:
                verify(shipment, shipment.goal, wanted, remaining)
            elif not module.check_mode:
                ship(shipment, wanted, remaining)
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{given['source']} cannot be read: {error}")
    module.exit_json(
        changed=not there,
        place=f"{host}:{shipment.goal}",
        files=len(wanted),
        verified=there or not module.check_mode,
    )


if __name__ == "__main__":
    main()
