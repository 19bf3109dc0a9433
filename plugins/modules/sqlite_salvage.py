#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recover what can be read of a damaged SQLite database into a new one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sqlite_salvage
version_added: 0.1.0
short_description: Recover what can be read of a damaged SQLite database into a new one
description:
  - Reads the pages of the database by itself, without SQLite, which stops at the first damage. A table is followed from
    its root as far as its pages lead; pages that nothing leads to go back to the table that they fit.
  - Committed transactions in the write-ahead log count; an unfinished one that a rollback journal remembers is taken
    back.
  - Says for each table how many rows were recovered, how many are known to be lost (an index that is whole tells), and
    whether more may be lost. Rows that fit no table are kept in the table C(aiops_lost_and_found).
  - The damaged database and its sidecars are only read. The service should be stopped, or a copy be salvaged.
extends_documentation_fragment: aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The database is salvaged into the temporary directory and the result is removed. The figures are real.
  diff_mode:
    support: none
  platform:
    platforms: posix
author: aiops.runbooks contributors (@aiops)
options:
  path:
    description: The damaged database.
    type: path
    required: true
  dest:
    description:
      - The new database; it must not exist. It gets owner and mode of the damaged one, and appears under this name when
        it is whole and on the disk.
    type: path
    required: true
  schema_from:
    description:
      - A database of the same application, such as one from a backup. Tables whose schema is lost are recognised by it.
    type: path
  free_pages:
    description: Whether to recover deleted rows from unused pages, too, into C(aiops_lost_and_found).
    type: bool
    default: false
  time_budget_seconds:
    description: How long it may take. After that nothing is left behind.
    type: float
    default: 3600
seealso:
  - module: aiops.runbooks.sqlite_integrity
"""

EXAMPLES = r"""
- name: Recover what is left of the wiki's database
  aiops.runbooks.sqlite_salvage:
    path: /srv/kept/wiki.db
    dest: /srv/wiki/wiki.db.salvaged
    schema_from: /srv/backups/20260101_030000/wiki.db
  register: salvage
"""

RETURN = r"""
complete:
  description: Whether nothing is known or feared to be lost.
  returned: success
  type: bool
rows:
  description: Rows recovered into their tables.
  returned: success
  type: int
  sample: 19899
tables:
  description: What became of each table.
  returned: success
  type: dict
  contains:
    rows:
      description: Rows recovered.
      type: int
    rows_from_orphans:
      description: Those of them on pages that nothing led to any more.
      type: int
    rows_doubtful:
      description: Those of them with a page of zeros, which may be what they hold or what was left of it.
      type: int
    rows_refused:
      description: Rows that violate the table's own constraints, in the lost and found.
      type: int
    rows_lost:
      description: Rows that are known to be lost.
      type: int
    more_lost:
      description: Whether more may be lost, which nobody can count.
      type: bool
    broken_pages:
      description: Places that should lead to pages of the table and do not.
      type: int
    damaged_rows:
      description: Rows of which only parts were left.
      type: int
lost_and_found:
  description: Rows in C(aiops_lost_and_found).
  returned: success
  type: int
  sample: 0
tables_without_schema:
  description: Trees of rows whose table nobody knows any more.
  returned: success
  type: int
  sample: 0
schema_from:
  description: V(database), V(damaged) (only parts of it), V(other) (completed from O(schema_from)) or V(none).
  returned: success
  type: str
  sample: database
not_created:
  description: Tables, indexes, views and triggers that could not be made anew, with the reason.
  returned: success
  type: dict
notes:
  description: What was seen of the file and its sidecars.
  returned: success
  type: list
  elements: str
pages:
  description: Pages of the database.
  returned: success
  type: int
  sample: 1243
free_pages:
  description: Those in the list of free pages.
  returned: success
  type: int
  sample: 0
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 0.5
"""

import os
from contextlib import nullcontext
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.scratch_directory import scratch_directory
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_salvage import salvage, take_over_owner


def main() -> None:
    """Salvage the database and return the report."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "dest": {"type": "path", "required": True},
            "schema_from": {"type": "path"},
            "free_pages": {"type": "bool", "default": False},
            "time_budget_seconds": {"type": "float", "default": 3600},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        if os.path.lexists(given["dest"]):
            raise RunbooksError(f"{given['dest']} exists", "Name a file that does not exist, or move this one away")
        with scratch_directory("aiops-salvage-") if module.check_mode else nullcontext() as aside:
            dest = os.path.join(aside, "salvaged") if aside else given["dest"]
            report = salvage(
                given["path"], dest, given["time_budget_seconds"], given["schema_from"], given["free_pages"]
            )
        if not module.check_mode:
            take_over_owner(given["path"], dest)
    except (RunbooksError, OSError) as error:
        module.fail_json(msg=f"Nothing was salvaged: {error}")
    except ImportError as error:
        module.fail_json(msg=f"This Python has no sqlite3: {error}. Use another ansible_python_interpreter")
    module.exit_json(changed=True, complete=report.complete, **asdict(report))


if __name__ == "__main__":
    main()
