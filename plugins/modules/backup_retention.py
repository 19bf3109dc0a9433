#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove backup sets whose time is over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_retention
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Remove backup sets whose time is over
description:
  - Removes the backup sets below a directory that no rule wants any more. Check mode shows the same list.
  - The newest set is read first, then the one before it, until one is found whole. That set never goes, whatever the
    rules are, and when none is whole nothing goes.
  - The directory itself, links, and whatever has no manifest or cannot be understood are never candidates. Sets that an
    application's own script made are candidates only when O(keep.scripts) says so and they hold O(script_items).
  - A set that is being restored, tried, verified or copied elsewhere stays until nobody reads it any more.
  - A set is renamed to a name that begins with C(.trash-) and then removed. What an interrupted removal left under such
    a name is removed by the next run.
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
  directory:
    description: The directory of the sets.
    type: path
    required: true
  keep:
    description: How long sets are kept. A set stays when any of these wants it; at least one besides C(last) is needed.
    type: dict
    required: true
    suboptions:
      last:
        description: So many of the newest.
        type: int
        default: 1
      within_days:
        description: All that are younger.
        type: float
      daily:
        description: The newest of each of so many days that have one.
        type: int
        default: 0
      weekly:
        description: The newest of each of so many weeks that have one.
        type: int
        default: 0
      monthly:
        description: The newest of each of so many months that have one.
        type: int
        default: 0
      delete_after_days:
        description: No set that is younger goes; alone, it is the only rule.
        type: float
      scripts:
        description: Whether sets without a manifest, made by an application's own script, may go, too.
        type: bool
        default: false
  script_items:
    description: What a set of such a script holds.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Path within the set.
        type: str
        required: true
      type:
        description: What it is.
        type: str
        choices: [sqlite, file, directory]
        default: file
  verify:
    description: How deep the newest sets are looked at before anything is removed.
    type: str
    choices: [contents, checksums, integrity]
    default: checksums
  python:
    description: The application's interpreter, to open DuckDB databases.
    type: path
  name_format:
    description: How sets are named, in the terms of C(strftime).
    type: str
    default: '%Y%m%d_%H%M%S'
  timezone:
    description: IANA name of the zone in which sets are named and days begin.
    type: str
    default: UTC
  timeout_seconds:
    description: How long looking may take. Removing is not bounded.
    type: float
    default: 3600
  lock_wait_seconds:
    description: How long to wait for another process that makes or removes sets in this directory.
    type: float
    default: 0
seealso:
  - module: aiops.runbooks.backup_set
"""

EXAMPLES = r"""
- name: Keep two weeks, four more weeks and a year, one set each
  aiops.runbooks.backup_retention:
    directory: /var/backups/wiki
    timezone: Europe/Berlin
    keep:
      within_days: 14
      weekly: 4
      monthly: 12
"""

RETURN = r"""
due:
  description: The sets that are due, the oldest first; in check mode exactly what a run would remove.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the set.
      type: str
    bytes:
      description: Its size.
      type: int
removed:
  description: Names of the sets that were removed.
  returned: success
  type: list
  elements: str
freed_bytes:
  description: Size of what was removed.
  returned: success
  type: int
newest_whole:
  description: Name of the newest set that was found whole; none when there is none, and then nothing goes.
  returned: success
  type: str
faults:
  description: What is wrong with sets that are newer.
  returned: success
  type: list
  elements: str
kept:
  description: For each reason, how many sets stay.
  returned: success
  type: dict
  sample: {within: 14, weekly: 4, newest_whole: 1}
removed_leftovers:
  description: Partial sets and trash of interrupted runs that were removed, or would be.
  returned: success
  type: list
  elements: str
in_use:
  description: Sets whose time is over and that stay, because a process reads them now.
  returned: success
  type: list
  elements: str
  sample: [20260801_030001 is in use by process 4711]
changed_meanwhile:
  description: Sets that were due and were not the same any more.
  returned: success
  type: list
  elements: str
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention import parse_keep
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention_apply import (
    Planned,
    Question,
    Removed,
    make_plan,
    remove,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, checked_root
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import DEPTHS
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain

_KEEP = {
    "last": {"type": "int", "default": 1},
    "within_days": {"type": "float"},
    "daily": {"type": "int", "default": 0},
    "weekly": {"type": "int", "default": 0},
    "monthly": {"type": "int", "default": 0},
    "delete_after_days": {"type": "float"},
    "scripts": {"type": "bool", "default": False},
}
_ITEM = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "choices": ["sqlite", "file", "directory"], "default": "file"},
}


def main() -> None:
    """Plan, and outside of check mode remove what is due."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "keep": {"type": "dict", "required": True, "options": _KEEP},
            "script_items": {"type": "list", "elements": "dict", "default": [], "options": _ITEM},
            "verify": {"type": "str", "choices": list(DEPTHS), "default": "checksums"},
            "python": {"type": "path"},
            "name_format": {"type": "str", "default": NAME_FORMAT},
            "timezone": {"type": "str", "default": "UTC"},
            "timeout_seconds": {"type": "float", "default": 3600},
            "lock_wait_seconds": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    given = module.params
    deadline = time.monotonic() + given["timeout_seconds"]
    planned, removed = Planned(), Removed()
    try:
        root = checked_root(given["directory"])
        keep = parse_keep(given["keep"])
        question = Question(
            root,
            given["name_format"],
            given["timezone"],
            given["verify"],
            tuple(given["script_items"]),
            given["python"],
        )
        if os.path.isdir(root):
            planned = make_plan(question, keep, time.time(), lambda: max(0.0, deadline - time.monotonic()))
            if not module.check_mode and (planned.due or planned.leftovers):
                removed = remove(question, planned.due, given["lock_wait_seconds"])
    except (CheckError, RunbooksError) as error:
        module.fail_json(msg=explain(error))
    except OSError as error:
        module.fail_json(msg=f"Not all sets could be removed, no half one has a name: {error}")
    kept: dict[str, int] = {}
    for decision in planned.decisions:
        if not decision.due:
            kept[decision.reason] = kept.get(decision.reason, 0) + 1
    gone = [one.name for one in planned.due] if module.check_mode else removed.names
    left = planned.leftovers if module.check_mode else removed.leftovers
    module.exit_json(
        changed=bool(gone or left),
        due=[{"name": one.name, "bytes": one.bytes} for one in planned.due],
        removed=removed.names,
        freed_bytes=removed.freed_bytes,
        newest_whole=planned.newest_whole,
        faults=planned.faults,
        kept=kept,
        removed_leftovers=left,
        in_use=planned.in_use + removed.in_use,
        changed_meanwhile=removed.changed,
        diff={
            "before_header": root,
            "after_header": root,
            "before": "".join(f"{name}\n" for name in gone),
            "after": "",
        },
    )


if __name__ == "__main__":
    main()
