#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the old work directories of finished runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: work_directories
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Remove the old work directories of finished runs
description:
  - Removes the directories below a root whose run is finished, as the application's own database says, and in which
    nothing is younger than a limit.
  - The directory of a running, crashed or unknown run stays, however old it is. When the database cannot be asked,
    nothing is removed and the module fails.
  - Links and mounts are neither followed nor removed; the root is never a candidate.
  - A directory is looked at again, then renamed within the root to a name that begins with C(.trash-), looked at once
    more, and only then removed. What an interrupted removal left under such a name is removed by the next one.
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
  root:
    description: Directory that holds the work directories. Not the root of a file system, nor what lies directly in it.
    type: path
    required: true
  older_than_days:
    description: Age in days that the newest change inside a directory must exceed.
    type: float
    required: true
  keep_names:
    description: Names that stay, whatever the database says.
    type: list
    elements: str
    default: []
  finished_from:
    description: Query whose first column names the finished runs.
    type: dict
    required: true
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
  timeout_seconds:
    description: How long looking may take, the query included. Removing is not bounded.
    type: float
    default: 60
seealso:
  - module: aiops.runbooks.checks_info
"""

EXAMPLES = r"""
- name: Remove work directories of runs that succeeded more than a week ago
  aiops.runbooks.work_directories:
    root: /srv/jobs/work
    older_than_days: 7
    keep_names: [temp_stabilization]
    finished_from:
      python: /srv/jobs/.venv/bin/python
      database: /srv/jobs/jobs.duckdb
      sql: SELECT run_id FROM runs WHERE status = 'succeeded'
"""

RETURN = r"""
removed:
  description: The directories that were removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/srv/jobs/work/64769c4d5a2435d4]
removed_bytes:
  description: Size of the files in them.
  returned: success
  type: int
  sample: 1048576
kept:
  description: For each reason, how many entries of the root stay.
  returned: success
  type: dict
  sample: {not_finished: 1, young: 12}
failed_to_remove:
  description: The directories that could not be removed, with what prevented it. The module then fails.
  returned: failure
  type: list
  elements: str
  sample: ["/srv/jobs/work/64769c4d5a2435d4: Permission denied"]
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.finished_names import finished_names
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.work_directories import (
    Decision,
    checked_root,
    plan,
    remove,
    scan,
)


def main() -> None:
    """Plan, and outside of check mode remove what the plan found due."""
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "older_than_days": {"type": "float", "required": True},
            "keep_names": {"type": "list", "elements": "str", "default": []},
            "finished_from": {
                "type": "dict",
                "required": True,
                "options": {
                    "python": {"type": "path"},
                    "database": {"type": "path", "required": True},
                    "sql": {"type": "str", "required": True},
                },
            },
            "timeout_seconds": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    if module.params["older_than_days"] < 0:
        module.fail_json(msg="older_than_days is {older_than_days}; it cannot be negative".format(**module.params))
    context = Context(now=time.time(), deadline=time.monotonic() + module.params["timeout_seconds"])
    try:
        decisions = decide(module.params, context)
    except CheckError as fault:
        module.fail_json(msg=_sentence(fault), reason=fault.reason_id, fields=fault.fields)
    root = module.params["root"]
    due = [decision.directory for decision in decisions if decision.due]
    removed, problems = [], []
    for directory in due:
        try:
            if not module.check_mode:
                remove(checked_root(root), directory, lambda: False)
            removed.append(directory)
        except CheckError as fault:
            problems.append(_sentence(fault))
        except OSError as error:
            problems.append(f"{os.path.join(root, directory.name)}: {error.strerror or error}")
    kept: dict[str, int] = {}
    for decision in decisions:
        if not decision.due:
            kept[decision.reason] = kept.get(decision.reason, 0) + 1
    paths = [os.path.join(root, directory.name) for directory in removed]
    result = {
        "changed": bool(removed),
        "removed": paths,
        "removed_bytes": sum(directory.size_bytes for directory in removed),
        "kept": kept,
        "diff": {
            "before_header": root,
            "after_header": root,
            "before": "".join(path + "\n" for path in paths),
            "after": "",
        },
    }
    if problems:
        module.fail_json(msg="Not removed: " + "; ".join(problems), failed_to_remove=problems, **result)
    module.exit_json(**result)


def decide(parameters: dict[str, Any], context: Context) -> list[Decision]:
    """Return the decision about every entry of the root.

    Args:
        parameters: of the module.
        context: clock and deadline.
    """
    root = checked_root(parameters["root"])
    directories = scan(root, lambda: context.remaining() <= 0)
    finished = finished_names(parameters["finished_from"], context)
    return plan(
        directories,
        finished,
        parameters["keep_names"],
        parameters["older_than_days"],
        context.now,
    )


def _sentence(fault: CheckError) -> str:
    fields = ", ".join(f"{name}: {value}" for name, value in sorted(fault.fields.items()) if value not in (None, ""))
    return "{} ({})".format(fault.reason_id.replace("_", " ").capitalize(), fields)


if __name__ == "__main__":
    main()
