#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a DuckDB database: every block, every value, and its write-ahead log."""

from __future__ import annotations

DOCUMENTATION = r"""
module: duckdb_integrity
version_added: 0.1.0
short_description: Tell whether a DuckDB database is whole, by reading all of it
description:
  - Most damaged DuckDB files open cleanly and list their tables. This module compares the checksum of every block in
    use and lets the application's own DuckDB read every value of every table.
  - It judges the write-ahead log by itself; DuckDB takes a log that it cannot read for an empty one and says nothing.
  - Nothing on the disk changes. The log is never written into the database.
  - An unhealthy database is a result, not a failure. Any bytes at all are an answer.
extends_documentation_fragment: aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
author: aiops.runbooks contributors (@aiops)
options:
  path:
    description: The database file. It is never created.
    type: path
    required: true
  python:
    description:
      - The application's interpreter, one that can import C(duckdb). The file is read by the version that wrote it, in
        a process of its own; that this process may crash is an answer, too.
    type: path
    required: true
  tables:
    description: Tables or views that must exist, with or without their schema.
    type: list
    elements: str
    default: []
  time_budget_seconds:
    description: How long the look may take.
    type: float
    default: 300
  copy_limit_bytes:
    description:
      - Largest database, its log included, that is copied to the temporary directory and scanned there. A larger one is
        scanned in place, read-only, and as long as that takes the application cannot open it for writing.
    type: int
    default: 268435456
seealso:
  - module: aiops.runbooks.checks_info
  - module: aiops.runbooks.sqlite_integrity
"""

EXAMPLES = r"""
- name: Read all of the engine's database
  aiops.runbooks.duckdb_integrity:
    path: /srv/engine/data/engine.duckdb
    python: /srv/engine/.venv/bin/python
    tables: [runs]
  register: database
  failed_when: not database.healthy
"""

RETURN = r"""
healthy:
  description: Whether the verdict is V(ok).
  returned: success
  type: bool
state:
  description: V(ok), V(warning) (an unfinished last entry in the log), V(unknown) (nobody could look) or V(critical).
  returned: success
  type: str
  sample: critical
verdict:
  description:
    - What the file is.
    - V(ok), V(missing), V(not_a_regular_file), V(unreadable), V(empty), V(not_a_database), V(truncated), V(corrupt),
      V(wal_corrupt), V(wal_foreign) (every entry of the log is whole, but it does not fit this file), V(wal_torn),
      V(tables_missing), V(scan_crashed) (reading takes the interpreter down, again and again), V(in_use),
      V(other_version), V(changed_meanwhile), V(budget_exceeded), V(interpreter_missing), V(interpreter_failed) or
      V(not_installed).
  returned: success
  type: str
  sample: wal_corrupt
messages:
  description: What is wrong, at most 20 lines.
  returned: success
  type: list
  elements: str
  sample: ["main.runs.status: Corrupt database file: computed checksum 1 does not match stored checksum 2"]
size_bytes:
  description: Size of the main file.
  returned: when there is a regular file
  type: int
  sample: 3682304
wal_bytes:
  description: Size of the write-ahead log, V(0) when there is none.
  returned: when there is a regular file
  type: int
  sample: 262
wal_state:
  description: V(none), V(replayable), V(torn), V(corrupt) or V(foreign).
  returned: when it could be told
  type: str
  sample: replayable
wal_transactions:
  description: Committed transactions that are only in the log.
  returned: when the log could be read
  type: int
  sample: 2
storage_version:
  description: Version of the file's format.
  returned: when the headers are whole
  type: int
  sample: 64
block_count:
  description: Blocks of the file.
  returned: when the headers are whole
  type: int
  sample: 14
damaged_blocks:
  description: Blocks in use whose checksum is wrong.
  returned: when all were compared
  type: int
  sample: 0
rows:
  description: Number of rows of each table that could be read to its end.
  returned: success
  type: dict
  sample: {main.runs: 60000}
damaged_tables:
  description: Tables of which something could not be read.
  returned: success
  type: list
  elements: str
  sample: []
missing_tables:
  description: Those of O(tables) that do not exist.
  returned: success
  type: list
  elements: str
  sample: []
pid:
  description: Process that has the database open.
  returned: when the verdict is V(in_use)
  type: int
  sample: 4711
way:
  description: V(copy) or V(in_place).
  returned: when the database was scanned
  type: str
  sample: copy
duckdb_version:
  description: Version of the DuckDB that looked.
  returned: when the database was scanned
  type: str
  sample: 1.1.3
seconds:
  description: How long the look took.
  returned: success
  type: float
  sample: 1.2
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_inspection import STATE_OF_VERDICT
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_integrity import inspect
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.redact import evidence_lines


def main() -> None:
    """Inspect the file and return the record."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "python": {"type": "path", "required": True},
            "tables": {"type": "list", "elements": "str", "default": []},
            "time_budget_seconds": {"type": "float", "default": 300},
            "copy_limit_bytes": {"type": "int", "default": 268435456},
        },
        supports_check_mode=True,
    )
    given = module.params
    for name in ("time_budget_seconds", "copy_limit_bytes"):
        if given[name] < 0:
            module.fail_json(msg=f"{name} is {given[name]}; it cannot be negative")
    context = Context(now=time.time(), deadline=time.monotonic() + given["time_budget_seconds"])
    found = inspect(given["path"], given["python"], context, given["tables"], given["copy_limit_bytes"])
    # A result named "path" would make Ansible add the file's attributes, its own "state" among them.
    record = {name: value for name, value in found.__dict__.items() if value is not None and name != "path"}
    record["messages"] = evidence_lines(found.messages)
    module.exit_json(changed=False, healthy=found.verdict == "ok", state=STATE_OF_VERDICT[found.verdict], **record)


if __name__ == "__main__":
    main()
