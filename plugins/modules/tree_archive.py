#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack old directories, read the packs back, then remove the directories."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_archive
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Archive old directories, verified, and remove them
description:
  - Packs each directory that is old enough into an archive of its own, reads the archive back, and compares every file
    by its digest. Only then the directory is removed.
  - A directory is as old as the date in its path, such as C(date=2026-01-31), or as its newest file. One that was
    written to on the last day, and one of which a process has a file open, stays.
  - Links are never followed, mounts never entered; a directory that holds anything else than plain files stays.
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
    description: Directory below which to look. Not the root of a file system, nor what lies directly in it.
    type: path
    required: true
  depth:
    description: How far below the root the directories lie.
    type: int
    default: 1
  pattern:
    description: Regular expression that the path below the root matches as a whole.
    type: str
    default: .*
  older_than_days:
    description: Age in days that a directory must exceed.
    type: float
    required: true
  archive_directory:
    description: Where the archives are kept.
    type: path
    required: true
seealso:
  - module: aiops.runbooks.work_directories
"""

EXAMPLES = r"""
- name: Archive partitions of more than 90 days
  aiops.runbooks.tree_archive:
    root: /srv/jobs/processed
    depth: 2
    pattern: vendor=[^/]+/date=\d{4}-\d\d-\d\d
    older_than_days: 90
    archive_directory: /srv/jobs/archive
"""

RETURN = r"""
archived:
  description: The directories that were archived and removed, or would be in check mode, the oldest first.
  returned: always
  type: list
  elements: dict
  sample:
    - directory: vendor=wiki/date=2026-01-31
      files: 3
      bytes: 1048576
      age_days: 120.5
      archive: /srv/jobs/archive/vendor=wiki__date=2026-01-31.tar.gz
      sha256: 4bd5bd3d0a4f0a4f0a4f0a4f0a4f0a4f0a4f0a4f0a4f0a4f0a4f0a4f0a4f3663
archived_bytes:
  description: Size of the files in them.
  returned: always
  type: int
kept:
  description: For each reason, how many directories stay.
  returned: always
  type: dict
failures:
  description: The directories that could not be archived, with the reason. They are still there.
  returned: always
  type: dict
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.tree_archive import archive, fault, make_plan, unfinished


def main() -> None:
    """Plan, and outside of check mode archive what is due."""
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "depth": {"type": "int", "default": 1},
            "pattern": {"type": "str", "default": ".*"},
            "older_than_days": {"type": "float", "required": True},
            "archive_directory": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    given: dict[str, Any] = module.params
    if given["depth"] < 1 or given["older_than_days"] < 0:
        module.fail_json(msg="depth has to be 1 or more, older_than_days not negative")
    failures: dict[str, str] = {}
    done = []
    try:
        left = unfinished(given["root"], given["depth"])
        planned = make_plan(given["root"], given["depth"], given["pattern"], given["older_than_days"], time.time())
    except (CheckError, RunbooksError, OSError) as error:
        module.fail_json(msg=fault(error))
    if not module.check_mode:
        for path in left:
            remove_tree(path, failures)
    for tree in planned.due:
        shown = {"directory": tree.name, "files": len(tree.files), "bytes": tree.size_bytes, "age_days": tree.age_days}
        try:
            if not module.check_mode:
                shown["archive"], shown["sha256"] = archive(given["root"], tree, given["archive_directory"])
            done.append(shown)
        except (CheckError, RunbooksError, OSError) as error:
            failures[tree.name] = fault(error)
    kept: dict[str, int] = {}
    for reason in planned.kept.values():
        kept[reason] = kept.get(reason, 0) + 1
    result = {
        "changed": bool(done or left),
        "archived": done,
        "archived_bytes": sum(one["bytes"] for one in done),
        "kept": kept,
        "failures": failures,
        "diff": {"before": "".join(one["directory"] + "\n" for one in done), "after": ""},
    }
    if failures:
        module.fail_json(msg="Not archived: " + "; ".join(f"{name}: {why}" for name, why in failures.items()), **result)
    module.exit_json(**result)


def remove_tree(path: str, failures: dict[str, str]) -> None:
    """Finish an interrupted removal."""
    import shutil

    try:
        shutil.rmtree(path)
    except OSError as error:
        failures[os.path.basename(path)] = str(error)


if __name__ == "__main__":
    main()
