#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compress and delete files whose time is over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_retention
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Compress and delete files whose time is over
description:
  - Compresses files after some days and deletes them after more, by the class of the file and by its own age.
  - Nothing outside of the named folders is touched, links are not followed and mount points are not crossed.
  - The newest file of each class and every file that a process has open stay as they are.
  - A file is deleted for its compressed copy only when the copy has been read back and holds the same bytes. Wherever
    the module is interrupted, the original or the verified copy is there, and the next run finishes.
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
  roots:
    description: The folders, and what is kept in them for how long.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path of the folder.
        type: path
        required: true
      pattern:
        description:
          - Globs of the names of the files. A compressed file is known by its name without the suffix, too.
          - Needed unless O(roots[].classes) is given.
        type: list
        elements: str
      delete_after_days:
        description: Files older than that are deleted.
        type: float
      compress_after_days:
        description: Files older than that are compressed with gzip.
        type: float
      age_from:
        description: Whether a file is as old as its last change, or as the date in its name where it has one.
        type: str
        choices: [mtime, name]
      keep_newest:
        description: So many files, the newest ones, are never touched, however old they are; 1 when not set.
        type: int
      classes:
        description:
          - Several rules for one folder, the first that matches a name decides.
          - Each has the keys name, pattern, delete_after_days, compress_after_days, age_from and keep_newest.
        type: list
        elements: dict
      recursive:
        description: Whether to look into folders below.
        type: bool
        default: false
      keep_names:
        description: Names of files that are never touched.
        type: list
        elements: str
        default: []
  referenced_by:
    description:
      - Query whose first column names files that are still needed, by their names or paths. Files of these names stay.
      - When the database cannot be asked, nothing is removed and the module fails.
    type: dict
    suboptions:
      python:
        description: The application's interpreter with DuckDB; without it the database is an SQLite one.
        type: path
      database:
        description: The database file. It is only read.
        type: path
        required: true
      sql:
        description: The query.
        type: str
        required: true
  timezone:
    description: IANA name of the zone of the dates in names.
    type: str
    default: UTC
seealso:
  - module: aiops.runbooks.log_rotate
"""

EXAMPLES = r"""
- name: Keep logs for a month, compressed after a week
  aiops.runbooks.file_retention:
    roots:
      - path: /srv/wiki/logs
        pattern: "*.jsonl"
        compress_after_days: 7
        delete_after_days: 30

- name: Keep audit records for a year, the rest for a month
  aiops.runbooks.file_retention:
    roots:
      - path: /srv/wiki/logs
        classes:
          - name: audit
            pattern: "audit*.jsonl"
            compress_after_days: 7
            delete_after_days: 365
          - name: application
            pattern: "*.jsonl"
            delete_after_days: 30
"""

RETURN = r"""
due:
  description: What was due, the oldest first; in check mode exactly what a run would do.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    action:
      description: V(delete) or V(compress).
      type: str
    class:
      description: Class of the file.
      type: str
    bytes:
      description: Its size.
      type: int
    age_days:
      description: Its age.
      type: float
due_bytes:
  description: Size of all files due.
  returned: always
  type: int
freed_bytes:
  description: Space that became free; 0 in check mode.
  returned: always
  type: int
in_use:
  description: Files that would be due, but which a process has open.
  returned: always
  type: list
  elements: str
changed_meanwhile:
  description: Files that were written to, opened or taken away after the plan was made, and were left alone.
  returned: always
  type: list
  elements: str
skipped_paths:
  description: Links, special files and other file systems, which are never touched.
  returned: always
  type: list
  elements: str
unseen_processes:
  description: Processes whose open files this user may not see.
  returned: always
  type: int
failures:
  description: Files for which it did not work, with the reason.
  returned: always
  type: dict
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.finished_names import finished_names
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import (
    Outcome,
    apply,
    difference,
    explain,
    make_plan,
    shown,
)

_ASK_SECONDS = 60
_RULE = {
    "pattern": {"type": "list", "elements": "str"},
    "delete_after_days": {"type": "float"},
    "compress_after_days": {"type": "float"},
    "age_from": {"type": "str", "choices": ["mtime", "name"]},
    "keep_newest": {"type": "int"},
}
_ROOT = {
    "path": {"type": "path", "required": True},
    "classes": {"type": "list", "elements": "dict"},
    "recursive": {"type": "bool", "default": False},
    "keep_names": {"type": "list", "elements": "str", "default": []},
    **_RULE,
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "roots": {"type": "list", "elements": "dict", "required": True, "options": _ROOT},
            "referenced_by": {
                "type": "dict",
                "options": {
                    "python": {"type": "path"},
                    "database": {"type": "path", "required": True},
                    "sql": {"type": "str", "required": True},
                },
            },
            "timezone": {"type": "str", "default": "UTC"},
        },
        supports_check_mode=True,
    )
    try:
        roots = module.params["roots"]
        if module.params["referenced_by"]:
            context = Context(now=time.time(), deadline=time.monotonic() + _ASK_SECONDS)
            needed = {os.path.basename(name) for name in finished_names(module.params["referenced_by"], context)}
            roots = [{**root, "keep_names": [*root["keep_names"], *needed]} for root in roots]
        planned = make_plan(roots, time.time(), module.params["timezone"])
        outcome = Outcome() if module.check_mode else apply(planned.due)
    except (CheckError, RunbooksError) as error:
        module.fail_json(msg=explain(error))
    worked = planned.due if module.check_mode else outcome.done
    result: dict[str, Any] = {
        "changed": bool(worked),
        "due": shown(planned.due),
        "due_bytes": sum(one.size_bytes for one in planned.due),
        "freed_bytes": outcome.freed_bytes,
        "in_use": planned.in_use,
        "changed_meanwhile": outcome.changed_meanwhile,
        "skipped_paths": planned.skipped,
        "unseen_processes": planned.unseen,
        "failures": outcome.failed,
    }
    if module._diff:
        result["diff"] = difference(worked)
    if outcome.failed:
        module.fail_json(msg="Not done for {}".format(", ".join(sorted(outcome.failed))), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
