#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look whether backup sets still are what they were."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_verify_info
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Look whether backup sets still are what they were
description:
  - Compares sets of any age with their manifests. V(contents) looks at names, kinds and lengths, V(checksums) reads all
    files, V(integrity) opens the databases as well. Memory is constant, and nothing is written.
  - Compares each with the sets before it. A set of an application that has lost its data is whole; its history tells.
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
  directory:
    description: The directory of the sets.
    type: path
    required: true
  set:
    description: Name of the set, or V(newest), V(oldest) or V(all).
    type: str
    default: newest
  depth:
    description: How deep to look.
    type: str
    choices: [contents, checksums, integrity]
    default: integrity
  history:
    description: With how many earlier sets each is compared.
    type: int
    default: 7
  shrink_percent:
    description: A set, or a table in it, that became smaller by more than that is named in RV(refusals).
    type: float
    default: 50
  python:
    description: The application's interpreter, to open DuckDB databases.
    type: path
  name_format:
    description: How sets are named, in the terms of C(strftime).
    type: str
    default: '%Y%m%d_%H%M%S'
  timezone:
    description: IANA name of the zone in which sets are named.
    type: str
    default: UTC
  timeout_seconds:
    description: How long looking may take; what was not looked at by then is V(not_checked), never whole.
    type: float
    default: 3600
seealso:
  - module: aiops.runbooks.backup_set
"""

EXAMPLES = r"""
- name: Read the newest set of the wiki
  aiops.runbooks.backup_verify_info:
    directory: /var/backups/wiki
    timezone: Europe/Berlin
"""

RETURN = r"""
whole:
  description: Whether all sets that were looked at are whole.
  returned: success
  type: bool
refusals:
  description: Why they cannot be relied on, one line each.
  returned: success
  type: list
  elements: str
sets:
  description: The sets.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the set.
      type: str
    state:
      description: V(whole), V(damaged) or V(not_checked).
      type: str
    faults:
      description: What is wrong, up to 20 lines.
      type: list
      elements: str
    extra:
      description: Paths that the manifest does not know.
      type: list
      elements: str
    age_seconds:
      description: Age by its name.
      type: float
    bytes:
      description: Size of its files.
      type: int
    rows:
      description: Rows of all tables.
      type: int
    read_bytes:
      description: How much was read.
      type: int
    compared_sets:
      description: How many earlier sets it was compared with.
      type: int
    size_change_percent:
      description: Change of its size against the median of these.
      type: float
    rows_change_percent:
      description: Change of the table that shrank most against the set before.
      type: float
    notes:
      description: What became smaller, is gone or has another schema.
      type: list
      elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_look import look_at_sets, refusals, shown
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, checked_root
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import DEPTHS
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain


def main() -> None:
    """Look, and say what was seen; a damaged set is an answer, not a failure of the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "set": {"type": "str", "default": "newest"},
            "depth": {"type": "str", "choices": list(DEPTHS), "default": "integrity"},
            "history": {"type": "int", "default": 7},
            "shrink_percent": {"type": "float", "default": 50},
            "python": {"type": "path"},
            "name_format": {"type": "str", "default": NAME_FORMAT},
            "timezone": {"type": "str", "default": "UTC"},
            "timeout_seconds": {"type": "float", "default": 3600},
        },
        supports_check_mode=True,
    )
    given = module.params
    deadline = time.monotonic() + given["timeout_seconds"]
    try:
        looked = look_at_sets(
            checked_root(given["directory"]),
            given["set"],
            given["depth"],
            given["history"],
            given["name_format"],
            given["timezone"],
            lambda: max(0.0, deadline - time.monotonic()),
            given["python"],
        )
    except (CheckError, RunbooksError) as error:
        module.fail_json(msg=explain(error))
    now = time.time()
    module.exit_json(
        changed=False,
        whole=all(one.state == "whole" for one in looked),
        refusals=refusals(looked, given["shrink_percent"]),
        sets=[shown(one, now) for one in looked],
    )


if __name__ == "__main__":
    main()
