#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove rows whose time is over from an SQLite database."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rows_prune
version_added: 0.1.0
short_description: Remove rows whose time is over from an SQLite database
description:
  - Counts what is due, copies the database aside while the application goes on, reads the copy to its end, and removes
    the rows in one transaction. What is removed is in the copy as it was, or nothing is removed.
  - Other rows stay as they are. Where a trigger or a reference would change some, nothing is removed.
  - Makes the file smaller when that is worth it, there is room for it, and nobody is kept waiting for long.
  - Removes rows from a whole database only.
extends_documentation_fragment: aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
author: aiops.runbooks contributors (@aiops)
options:
  path:
    description: The database.
    type: path
    required: true
  rules:
    description: What may go.
    type: list
    elements: dict
    required: true
    suboptions:
      table:
        description: Name of the table.
        type: str
        required: true
      where:
        description:
          - SQL condition of the rows that may go. C(:now_utc) and C(:now_local) stand for the time, as texts such as
            C(2026-01-31 23:59:59), so that what is counted is what is removed.
        type: str
        required: true
      never:
        description: SQL condition of rows that must not go. When one of them is due, nothing is removed.
        type: str
  timezone:
    description: IANA name of the zone of C(:now_local).
    type: str
    default: UTC
  copy_directory:
    description: Where the database is copied to before anything is removed; made when it is missing.
    type: path
    required: true
  keep_copies:
    description: How many of these copies stay; one always does.
    type: int
    default: 3
  busy_timeout_seconds:
    description: How long to wait for a writer.
    type: float
    default: 10
  vacuum_free_percent:
    description: Share of unused pages from which the file is made smaller; V(100) never does it.
    type: float
    default: 25
  vacuum_limit_bytes:
    description: Largest database that is made smaller; nobody can write to it meanwhile.
    type: int
    default: 268435456
  time_budget_seconds:
    description: How long all of it may take.
    type: float
    default: 600
seealso:
  - module: aiops.runbooks.sqlite_integrity
"""

EXAMPLES = r"""
- name: Keep closed tickets for a month
  aiops.runbooks.rows_prune:
    path: /srv/wiki/tickets.db
    copy_directory: /var/backups/wiki/pruned
    timezone: Europe/London
    rules:
      - table: tickets
        where: status = 'closed' AND closed_at < datetime(:now_local, '-30 days')
        never: status <> 'closed'
"""

RETURN = r"""
planned:
  description: Number of rows due in each table; in check mode what a run would remove.
  returned: success
  type: dict
  sample: {tickets: 120}
kept:
  description: Number of rows of each table that stay.
  returned: success
  type: dict
  sample: {tickets: 30}
removed:
  description: Number of rows removed from each table; empty in check mode.
  returned: success
  type: dict
  sample: {tickets: 120}
copy:
  description: The database as it was before.
  returned: success
  type: str
  sample: /var/backups/wiki/pruned/tickets.db.before-prune-20260101_030000
removed_copies:
  description: Older copies that were removed.
  returned: success
  type: list
  elements: str
vacuum:
  description: V(not_needed), V(when_worth_it) in check mode, V(done), or why it was left out.
  returned: success
  type: str
  sample: done
size_before_bytes:
  description: Size of the database file before.
  returned: success
  type: int
  sample: 409600
size_after_bytes:
  description: Size of the database file after.
  returned: success
  type: int
  sample: 81920
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 0.1
"""

import time
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.rows_prune import prune
from ansible_collections.aiops.runbooks.plugins.module_utils.rows_prune_plan import Settings, explain, parse_rules, plan


def main() -> None:
    """Plan, and do it unless only the plan is asked for."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "rules": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "table": {"type": "str", "required": True},
                    "where": {"type": "str", "required": True},
                    "never": {"type": "str"},
                },
            },
            "timezone": {"type": "str", "default": "UTC"},
            "copy_directory": {"type": "path", "required": True},
            "keep_copies": {"type": "int", "default": 3},
            "busy_timeout_seconds": {"type": "float", "default": 10},
            "vacuum_free_percent": {"type": "float", "default": 25},
            "vacuum_limit_bytes": {"type": "int", "default": 268435456},
            "time_budget_seconds": {"type": "float", "default": 600},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    path, rules = given.pop("path"), parse_rules(given.pop("rules"))
    settings = Settings(seconds=given.pop("time_budget_seconds"), **given)
    try:
        outcome = (plan if module.check_mode else prune)(path, rules, settings, time.time())
    except (CheckError, RunbooksError, OSError) as error:
        module.fail_json(msg=explain(error))
    except ImportError as error:
        module.fail_json(msg=f"This Python has no sqlite3: {error}. Use another ansible_python_interpreter")
    result = asdict(outcome)
    if module._diff:
        before = {table: outcome.kept[table] + count for table, count in outcome.planned.items()}
        result["diff"] = {
            "before": "".join(f"{table}: {count} rows\n" for table, count in sorted(before.items())),
            "after": "".join(f"{table}: {count} rows\n" for table, count in sorted(outcome.kept.items())),
        }
    module.exit_json(changed=any(outcome.planned.values()), **result)


if __name__ == "__main__":
    main()
