#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say whether a file is a whole SQLite database."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sqlite_integrity
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Say whether a file is a whole SQLite database
description:
  - Looks at an SQLite database and names what it is; any bytes at all have a verdict.
  - A missing or an empty file, which SQLite itself takes for a healthy database, is neither.
  - The look changes nothing on the disk, whatever state the database is in. It creates no C(-wal), C(-shm) or
    C(-journal) files, does not checkpoint a write-ahead log and does not roll back a hot journal.
  - An unhealthy database is data. The module fails only for arguments that it cannot use.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The module never changes anything.
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  path:
    description: The database file; a symbolic link is followed.
    type: path
    required: true
  depth:
    description:
      - V(header) reads 512 bytes and the size of the file, without SQLite.
      - V(quick) reads every page.
      - V(full) compares every index with its table as well.
    type: str
    choices: [header, quick, full]
    default: quick
  tables:
    description: Tables or views that must exist. Not looked for when O(depth=header).
    type: list
    elements: str
    default: []
  foreign_keys:
    description: Count the rows whose reference leads nowhere, whether or not the application enforces references.
    type: bool
    default: true
  busy_timeout_seconds:
    description: How long to wait for a writer's lock before the verdict is V(locked).
    type: float
    default: 5
  time_budget_seconds:
    description:
      - How long the look may take before the verdict is V(budget_exceeded).
      - A database that is not in WAL mode cannot be written while it is looked at, so this bounds how long a writer
        waits.
    type: float
    default: 60
  copy_limit_bytes:
    description:
      - A write-ahead log whose index file is missing, as in a copy of a live database, can only be read by creating the
        index. A private copy in the temporary directory is then looked at, if it is not larger than this.
    type: int
    default: 268435456
seealso:
  - module: aiops.runbooks.checks_info
notes:
  - A database in WAL mode that nobody has open is read with SQLite's C(immutable) flag, and looked at again if somebody
    opened it meanwhile. RV(way) says how the database was read.
"""

EXAMPLES = r"""
- name: Look at the wiki's database
  aiops.runbooks.sqlite_integrity:
    path: /srv/wiki/wiki.db
    tables: [tasks, estimates]
  register: database

- name: Look at every page and every index, for at most ten minutes
  aiops.runbooks.sqlite_integrity:
    path: /srv/state.db
    depth: full
    time_budget_seconds: 600
  register: database
  failed_when: not database.healthy
"""

RETURN = r"""
healthy:
  description: Whether the verdict is V(ok).
  returned: success
  type: bool
state:
  description:
    - V(ok), V(warning) (references that lead nowhere), V(unknown) (nobody could look) or V(critical).
  returned: success
  type: str
  sample: critical
verdict:
  description:
    - What the file is.
    - V(ok), V(missing), V(is_directory), V(not_a_regular_file), V(unreadable), V(empty), V(not_a_database),
      V(truncated), V(corrupt), V(hot_journal) (a crashed writer's transaction waits to be rolled back), V(wal_unread),
      V(locked), V(budget_exceeded), V(tables_missing) or V(foreign_key_violations).
  returned: success
  type: str
  sample: truncated
messages:
  description: What is wrong, at most 20 lines.
  returned: success
  type: list
  elements: str
  sample: ["the file has 4096 bytes, its header says 8192"]
depth:
  description: How deep was asked to look.
  returned: success
  type: str
  sample: quick
size_bytes:
  description: Size of the main file.
  returned: when there is a regular file
  type: int
  sample: 8192
wal_bytes:
  description: Size of the write-ahead log, V(0) when there is none.
  returned: when there is a regular file
  type: int
  sample: 0
page_size:
  description: Bytes per page.
  returned: when the file has a header
  type: int
  sample: 4096
page_count:
  description: Number of pages, those in the write-ahead log included.
  returned: when the file has a header
  type: int
  sample: 2
freelist_count:
  description: Number of unused pages.
  returned: when the file has a header
  type: int
  sample: 0
user_version:
  description: The application's own schema version.
  returned: when the file has a header
  type: int
  sample: 0
journal_mode:
  description: V(wal), or V(delete) for every kind of rollback journal, which SQLite does not tell apart in the file.
  returned: when the file has a header
  type: str
  sample: wal
encoding:
  description: Encoding of text.
  returned: when the file has a header
  type: str
  sample: UTF-8
foreign_key_violations:
  description: Number of rows whose reference leads nowhere.
  returned: when they were counted
  type: int
  sample: 0
missing_tables:
  description: Those of O(tables) that do not exist.
  returned: success
  type: list
  elements: str
  sample: []
way:
  description: How the database was read, V(read_only), V(shared_index), V(immutable) or V(copy).
  returned: when it was opened
  type: str
  sample: shared_index
sqlite_version:
  description: Version of the SQLite library that looked.
  returned: when the database was opened
  type: str
  sample: 3.40.1
seconds:
  description: How long the look took.
  returned: success
  type: float
  sample: 0.012
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.redact import evidence_lines
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_file import inspect
from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_inspection import DEPTHS, STATE_OF_VERDICT


def main() -> None:
    """Inspect the file and return the record."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "depth": {"type": "str", "choices": list(DEPTHS), "default": "quick"},
            "tables": {"type": "list", "elements": "str", "default": []},
            "foreign_keys": {"type": "bool", "default": True},
            "busy_timeout_seconds": {"type": "float", "default": 5},
            "time_budget_seconds": {"type": "float", "default": 60},
            "copy_limit_bytes": {"type": "int", "default": 268435456},
        },
        supports_check_mode=True,
    )
    for name in ("busy_timeout_seconds", "time_budget_seconds", "copy_limit_bytes"):
        if module.params[name] < 0:
            module.fail_json(msg=f"{name} is {module.params[name]}; it cannot be negative")
    try:
        found = inspect(**module.params)
    except ImportError as error:
        module.fail_json(msg=f"This Python has no sqlite3: {error}. Use another ansible_python_interpreter")
    # A result named "path" would make Ansible add the file's attributes, its own "state" among them.
    record = {name: value for name, value in found.__dict__.items() if value is not None and name != "path"}
    record["messages"] = evidence_lines(found.messages)
    module.exit_json(changed=False, healthy=found.verdict == "ok", state=STATE_OF_VERDICT[found.verdict], **record)


if __name__ == "__main__":
    main()
