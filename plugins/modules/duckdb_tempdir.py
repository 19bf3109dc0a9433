#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the directory into which DuckDB spills where it belongs, and free of what killed processes left."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duckdb_tempdir
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Keep DuckDB's temporary directory where it belongs, free of orphaned spill files
description:
  - Makes sure that the directory is in the database's own directory, on a local disk that can be written and has room,
    with the owner of the database and the mode asked for. A directory on a network or memory file system, on another
    device, or that is a link, is refused.
  - Removes spill files that a killed process left, which DuckDB does not do. They are removed only while nobody has the
    database open, in any process of any user or namespace; the database is locked for that moment. When it is in use,
    or when that cannot be told, they stay and RV(kept) says why.
  - Looks into the newest log of a run for the line that proves which directory was really used.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
options:
  database:
    description: The DuckDB file. It is locked for a moment, never read or written.
    type: path
    required: true
  directory:
    description: Where DuckDB is to spill. Without it C(duckdb_tmp) beside the database.
    type: path
  mode:
    description: Permissions of the directory, in octal.
    type: str
    default: "0750"
  minimum_free_bytes:
    description: Space that must be free.
    type: int
    default: 1073741824
  remove_orphans:
    description: Whether orphaned spill files are removed.
    type: bool
    default: true
  run_logs:
    description: Files and globs of logs of runs, of which the newest is read.
    type: list
    elements: str
    default: []
  log_pattern:
    description: Regular expression of the line that names the directory, in its first group.
    type: str
    default: '^DuckDB temp_directory: (.+)$'
"""

EXAMPLES = r"""
- name: Have DuckDB spill beside its database
  aiops.runbooks.duckdb_tempdir:
    database: /srv/jobs/data/jobs.duckdb
    run_logs: [/srv/jobs/log/run_*.out.log]
"""

RETURN = r"""
directory:
  description: The directory.
  returned: always
  type: str
  sample: /srv/jobs/data/duckdb_tmp
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: [create /srv/jobs/data/duckdb_tmp]
removed:
  description: Spill files that were removed, or would be.
  returned: success
  type: list
  elements: str
  sample: [duckdb_temp_storage-0.tmp]
removed_bytes:
  description: Their size.
  returned: success
  type: int
  sample: 262144
kept:
  description: Why spill files stay; empty when none do.
  returned: success
  type: str
  sample: process 4711 has the database open
proof:
  description:
    - What the newest log of a run says, as C(state), C(log) and C(said). C(state) is C(proven), C(differs), C(missing)
      when that log has no such line, or C(no_log).
  returned: success
  type: dict
  sample: {state: proven, log: /srv/jobs/log/run_20260301_031500.out.log, said: /srv/jobs/data/duckdb_tmp}
faults:
  description: Why the directory is refused.
  returned: failure
  type: list
  elements: str
  sample: [/srv/jobs/data/duckdb_tmp is in memory (tmpfs)]
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir import (
    in_use,
    log_proof,
    placement,
    placement_faults,
    remove_orphans,
    spill_files,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_tempdir_facts import TempdirFacts, gather
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError


def main() -> None:
    """Look at the place, plan, and outside of check mode do what is planned."""
    module = AnsibleModule(
        argument_spec={
            "database": {"type": "path", "required": True},
            "directory": {"type": "path"},
            "mode": {"type": "str", "default": "0750"},
            "minimum_free_bytes": {"type": "int", "default": 1073741824},
            "remove_orphans": {"type": "bool", "default": True},
            "run_logs": {"type": "list", "elements": "str", "default": []},
            "log_pattern": {"type": "str", "default": "^DuckDB temp_directory: (.+)$"},
        },
        supports_check_mode=True,
    )
    given = module.params
    result: dict[str, Any] = {"directory": given["directory"]}
    try:
        mode = int(given["mode"], 8)
        os.stat(given["database"])
        found = gather(given["database"], given["directory"])
        directory = result["directory"] = found.directory
        faults = placement_faults(placement(found, given["minimum_free_bytes"]))
        if faults:
            module.fail_json(msg=". ".join(faults), faults=faults, **result)
        actions = place(given["database"], directory, found.kind, mode, module.check_mode)
        result.update(actions=actions, **clean(given, found, module.check_mode))
        result["proof"] = log_proof(given["run_logs"], given["log_pattern"], directory)
    except ValueError:
        module.fail_json(msg=f"mode is {given['mode']!r}; it has to be octal, such as '0750'", **result)
    except CheckError as fault:
        module.fail_json(msg="{}: {}".format(fault.reason_id, fault.fields.get("path", "")), **result)
    except (RunbooksError, OSError) as error:
        module.fail_json(msg=str(error), **result)
    paths = [os.path.join(directory, name) + "\n" for name in result["removed"]]
    result["diff"] = {"before": "".join(paths), "after": "".join(action + "\n" for action in actions)}
    module.exit_json(changed=bool(actions or result["removed"]), **result)


def place(database: str, directory: str, kind: str, mode: int, plan: bool) -> list[str]:
    """Create the directory, or give it the database's owner and the mode; return what had to be done.

    Args:
        database: whose owner it gets.
        directory: that is wanted.
        kind: ``missing`` or ``directory``.
        mode: permissions.
        plan: only say so.
    """
    owner, actions = os.stat(database), []
    if kind == "missing":
        actions.append(f"create {directory} with mode {mode:04o}")
        if not plan:
            os.mkdir(directory, mode)
            os.chmod(directory, mode)
            os.chown(directory, owner.st_uid, owner.st_gid)
        return actions
    now = os.stat(directory)
    if now.st_mode & 0o7777 != mode:
        actions.append(f"change the mode of {directory} from {now.st_mode & 0o7777:04o} to {mode:04o}")
        if not plan:
            os.chmod(directory, mode)
    if (now.st_uid, now.st_gid) != (owner.st_uid, owner.st_gid):
        actions.append(f"give {directory} to user {owner.st_uid} and group {owner.st_gid}")
        if not plan:
            os.chown(directory, owner.st_uid, owner.st_gid)
    return actions


def clean(given: dict[str, Any], found: TempdirFacts, plan: bool) -> dict[str, Any]:
    """Remove orphaned spill files, or say why they stay.

    Args:
        given: parameters of the module.
        found: the look at the directory.
        plan: only say which.
    """
    files = spill_files(found)
    nothing = {"removed": [], "removed_bytes": 0, "kept": ""}
    if not files:
        return nothing
    reason = in_use(given["database"], files) if given["remove_orphans"] else "remove_orphans is off"
    if reason:
        return {**nothing, "kept": reason}
    if plan:
        size = sum(one.size_bytes for one in files)
        return {"removed": [one.name for one in files], "removed_bytes": size, "kept": ""}
    removed, size = remove_orphans(given["database"], found.directory, files)
    return {"removed": removed, "removed_bytes": size, "kept": ""}


if __name__ == "__main__":
    main()
