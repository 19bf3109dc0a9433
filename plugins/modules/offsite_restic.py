#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a backup set into a restic repository, and read back what was stored."""

from __future__ import annotations

DOCUMENTATION = r"""
module: offsite_restic
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Copy a backup set into a restic repository, and read back what was stored
description:
  - Stores a set with restic, sees that the snapshot lists what the set's manifest does, and reads stored data back with
    C(restic check --read-data-subset).
  - A set that has a snapshot already is not stored again. Snapshots carry the system and the set as tags.
  - The password is given to restic in its environment or by a file, never as an argument.
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
    description: The backup set.
    type: path
    required: true
  repository:
    description: The repository, as restic takes it.
    type: str
    required: true
  password:
    description: Of the repository.
    type: str
  password_file:
    description: File on the managed host that holds the password.
    type: path
  initialise:
    description: Whether a repository that does not exist is made. Ask for it once, a misspelt one would be a new one.
    type: bool
    default: false
  system:
    description: Name of the system, a tag of its snapshots.
    type: str
    required: true
  host:
    description: Inventory name of the host.
    type: str
    required: true
  read_percent:
    description: Share of the repository's data that is read back; 0 reads none.
    type: float
    default: 100
  keep:
    description: >-
      Which copies of this system on this host stay. Without any key all do; the newest always does.
    type: dict
    default: {}
    suboptions:
      last:
        description: So many of the newest.
        type: int
      within_days:
        description: All that are younger.
        type: int
      daily:
        description: One of each of so many days.
        type: int
      weekly:
        description: One of each of so many weeks.
        type: int
      monthly:
        description: One of each of so many months.
        type: int
  cache_directory:
    description: Where restic caches; it works without a cache when not set.
    type: path
    default: ''
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
  - restic 0.14 or later on the managed host, and ssh for C(sftp:) repositories
seealso:
  - module: aiops.runbooks.offsite_rsync
"""

EXAMPLES = r"""
- name: Keep a copy of last night's set on the backup server
  aiops.runbooks.offsite_restic:
    source: /var/backups/wiki/20261121_030000
    repository: sftp:backup.example.org:/srv/restic/wiki
    password_file: /etc/wiki/restic-password
    system: wiki
    host: "{{ inventory_hostname }}"
    keep: {daily: 14, monthly: 12}
"""

RETURN = r"""
snapshot:
  description: Id of the snapshot; none in check mode when there is none yet.
  returned: success
  type: str
place:
  description: The repository, without a password, and the beginning of the snapshot's id.
  returned: success
  type: str
  sample: sftp:backup.example.org:/srv/restic/wiki 5f3c1a2b
added_bytes:
  description: What was added to the repository.
  returned: success
  type: int
verified:
  description: Whether the copy was compared with the set and read back.
  returned: success
  type: bool
forgotten:
  description: How many old copies went.
  returned: success
  type: int
"""

import re
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import offsite_restic as restic
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.offsite_restic_begin import initialise
from ansible_collections.aiops.runbooks.plugins.module_utils.offsite_ssh import OffsiteError, Reach
from ansible_collections.aiops.runbooks.plugins.module_utils.set_lock import reading


def main() -> None:
    """Store what has no snapshot yet, verify it, let old copies go."""
    rules = ("last", "within_days", "daily", "weekly", "monthly")
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "repository": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "password_file": {"type": "path", "no_log": False},
            "initialise": {"type": "bool", "default": False},
            "system": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "read_percent": {"type": "float", "default": 100},
            "keep": {"type": "dict", "default": {}, "options": {name: {"type": "int"} for name in rules}},
            "cache_directory": {"type": "path", "default": ""},
            "user": {"type": "str", "default": ""},
            "port": {"type": "int", "default": 22},
            "ssh_key_file": {"type": "path", "default": "", "no_log": False},
            "known_hosts_file": {"type": "path", "default": ""},
            "timeout_seconds": {"type": "float", "default": 3600},
        },
        required_one_of=[("password", "password_file")],
        mutually_exclusive=[("password", "password_file")],
        supports_check_mode=True,
    )
    given = module.params
    # Restic takes a password within the address, too; it is hidden as the other one is.
    within = re.search(r"://[^/@:]*:([^/@]+)@", given["repository"])
    if within:
        module.no_log_values.add(within.group(1))
    deadline = time.monotonic() + given["timeout_seconds"]

    def remaining() -> float:
        return max(0.0, deadline - time.monotonic())

    repository = restic.Repository(
        given["repository"],
        given["password"] or "",
        given["password_file"] or "",
        Reach(given["user"], given["port"], given["ssh_key_file"], given["known_hosts_file"]),
        given["cache_directory"],
    )
    copy = restic.Copy(given["source"], given["host"], given["system"])
    summary, forgotten = {}, 0
    try:
        with reading(copy.path):
            there = restic.exists(repository, remaining)
            if not there and not given["initialise"]:
                way_out = "Run once with -e backup_offsite_initialise=true to make it"
                raise OffsiteError(f"There is no repository at {repository.location}", way_out)
            if not there and not module.check_mode:
                initialise(repository, remaining)
            snapshot = restic.snapshot_of(repository, copy, remaining) if there else None
            missing = snapshot is None
            if there and not module.check_mode:
                restic.unlock(repository, remaining)
            if missing and not module.check_mode:
                summary = restic.store(repository, copy, remaining)
                snapshot = str(summary["snapshot_id"])
            if snapshot is not None and not module.check_mode:
                restic.verify(repository, copy, snapshot, given["read_percent"], remaining)
                forgotten = restic.forget(repository, copy, given["keep"], remaining)
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{copy.path} cannot be read: {error}")
    module.exit_json(
        changed=missing or bool(forgotten),
        snapshot=snapshot,
        place="{} {}".format(repository.location, (snapshot or "")[:8]).rstrip(),
        added_bytes=summary.get("data_added", 0),
        verified=snapshot is not None and not module.check_mode,
        forgotten=forgotten,
    )


if __name__ == "__main__":
    main()
