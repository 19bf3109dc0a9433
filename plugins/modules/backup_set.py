#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a verified backup set of databases, files and exports."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_set
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Make a verified backup set of databases, files and exports
description:
  - Copies what it is told to into a new directory beside the older sets, reads everything back, writes a manifest, and
    only then gives the directory its name. A directory with a name and a manifest was once whole.
  - Every source is looked at first. One that is missing or empty is an error, and so is too little space; nothing is
    written then.
  - SQLite databases are copied while their application writes. With a write-ahead log no writer waits; without one, a
    writer waits for a bounded time. DuckDB databases are opened read-only by the application's own interpreter.
  - Wherever it is interrupted, sources are untouched and no half set has a name. The next run removes what was left.
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
    description: The directory of the sets. It is made when only itself is missing, for its owner alone.
    type: path
    required: true
  contents:
    description: What a set holds.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Path of the item within the set.
        type: str
        required: true
      type:
        description: What it is, and so how it is copied.
        type: str
        required: true
        choices: [sqlite, duckdb, files, export]
      source:
        description: Absolute path of the file or directory; not for an export.
        type: path
      exclude:
        description: Globs of what is left out of files, on the path within the item or on the name.
        type: list
        elements: str
        default: []
      changing:
        description: Whether files may be written to meanwhile, as logs are. Otherwise that is an error.
        type: bool
        default: false
      databases:
        description: Whether database files among files are copied like others; right only when nothing writes to them.
        type: bool
        default: false
      may_be_empty:
        description: Whether an empty file or directory is as it should be.
        type: bool
        default: false
      optional:
        description: Whether the source may be missing.
        type: bool
        default: false
      python:
        description: The application's interpreter, for DuckDB.
        type: path
      method:
        description: >-
          How a DuckDB database is kept: its file, with the write-ahead log worked in, or exported to Parquet files that
          any version reads.
        type: str
        choices: [copy, export]
        default: copy
      wait_seconds:
        description: How long to wait for a program that holds a DuckDB database for writing.
        type: float
        default: 60
      longest_lock_seconds:
        description: For how long the writers of an SQLite database without write-ahead log may be kept from committing.
        type: float
        default: 1
      tables:
        description: Tables that the database must have.
        type: list
        elements: str
        default: []
      command:
        description: >-
          The application's export command, program and arguments. C({output}) in an argument is the file to write;
          without it, standard output is kept.
        type: list
        elements: str
        default: []
      working_directory:
        description: Where that command runs.
        type: path
  system:
    description: Name of the system, for the manifest.
    type: str
    required: true
  host:
    description: Inventory name of the host, for the manifest.
    type: str
    required: true
  timezone:
    description: IANA name of the zone in which sets are named.
    type: str
    default: UTC
  name_format:
    description: How sets are named, in the terms of C(strftime).
    type: str
    default: '%Y%m%d_%H%M%S'
  timeout_seconds:
    description: How long all of it may take.
    type: float
    default: 3600
  lock_wait_seconds:
    description: How long to wait for another process that makes or removes sets in this directory.
    type: float
    default: 0
seealso:
  - module: aiops.runbooks.backup_verify_info
  - module: aiops.runbooks.backup_retention
  - module: aiops.runbooks.data_restore
"""

EXAMPLES = r"""
- name: Back up the wiki
  aiops.runbooks.backup_set:
    directory: /var/backups/wiki
    system: wiki
    host: "{{ inventory_hostname }}"
    timezone: Europe/Berlin
    contents:
      - {name: wiki.db, type: sqlite, source: /srv/wiki/wiki.db, tables: [pages]}
      - {name: uploads, type: files, source: /srv/wiki/uploads, may_be_empty: true}
      - {name: .env, type: files, source: /srv/wiki/.env}
"""

RETURN = r"""
set:
  description: Path of the set; in check mode of the directory that it would be made in.
  returned: success
  type: str
  sample: /var/backups/wiki/20261121_030000
bytes:
  description: Size of the set; in check mode that of the sources.
  returned: success
  type: int
items:
  description: The items; in check mode those that would be made.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Path of the item within the set.
      type: str
    type:
      description: How it was copied.
      type: str
    source:
      description: Where it came from.
      type: str
    bytes:
      description: Its size.
      type: int
    files:
      description: Its number of files.
      type: int
    rows:
      description: Rows of all tables of a database.
      type: int
seconds:
  description: How long it took; 0 in check mode.
  returned: success
  type: float
free_bytes:
  description: Free space of the file system of the sets, before.
  returned: success
  type: int
longest_lock_seconds:
  description: For how long writers of a database were kept from committing.
  returned: success
  type: float
removed_leftovers:
  description: Partial sets and trash of interrupted runs that were removed, or would be.
  returned: success
  type: list
  elements: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_make import Made, Request, make_set
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_plan import (
    Planned,
    free_bytes,
    parse_contents,
    plan_backup,
    require_space,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_records import ITEM_TYPES
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, checked_root, leftovers
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain

_CONTENT = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True, "choices": list(ITEM_TYPES)},
    "source": {"type": "path"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "changing": {"type": "bool", "default": False},
    "databases": {"type": "bool", "default": False},
    "may_be_empty": {"type": "bool", "default": False},
    "optional": {"type": "bool", "default": False},
    "python": {"type": "path"},
    "method": {"type": "str", "choices": ["copy", "export"], "default": "copy"},
    "wait_seconds": {"type": "float", "default": 60},
    "longest_lock_seconds": {"type": "float", "default": 1},
    "tables": {"type": "list", "elements": "str", "default": []},
    "command": {"type": "list", "elements": "str", "default": []},
    "working_directory": {"type": "path"},
}


def main() -> None:
    """Plan, and outside of check mode make the set."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "contents": {"type": "list", "elements": "dict", "required": True, "options": _CONTENT},
            "system": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "timezone": {"type": "str", "default": "UTC"},
            "name_format": {"type": "str", "default": NAME_FORMAT},
            "timeout_seconds": {"type": "float", "default": 3600},
            "lock_wait_seconds": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    given = module.params
    os.umask(0o077)
    try:
        root = checked_root(given["directory"])
        planned = plan_backup(root, parse_contents(given["contents"]))
        free = free_bytes(root)
        require_space(root, planned)
        made = None
        left = leftovers(root, given["name_format"]) if os.path.isdir(root) else []
        if not module.check_mode:
            names = ("system", "host", "timezone", "name_format", "timeout_seconds", "lock_wait_seconds")
            made = make_set(Request(root, **{name: given[name] for name in names}), planned)
    except (CheckError, RunbooksError) as error:
        module.fail_json(msg=explain(error))
    except OSError as error:
        module.fail_json(msg=f"The set could not be made, nothing is left of it: {error}")
    result = describe(root, planned, made)
    module.exit_json(
        changed=True,
        free_bytes=free,
        removed_leftovers=left if made is None else made.removed,
        diff={
            "before": "",
            "after": "".join("{name}: {bytes} bytes of {source}\n".format(**item) for item in result["items"]),
            "before_header": root,
            "after_header": result["set"],
        },
        **result,
    )


def describe(root: str, planned: list[Planned], made: Made | None) -> dict[str, Any]:
    """Return what was made or would be, as plain values."""
    if made is None:
        items = [
            {
                "name": one.content.name,
                "type": one.content.type,
                "source": one.content.source,
                "bytes": one.bytes,
                "files": one.files,
            }
            for one in planned
        ]
        size, seconds, lock = sum(one.bytes for one in planned), 0.0, 0.0
    else:
        items = [
            {
                "name": item.name,
                "type": item.type,
                "source": item.source,
                "bytes": item.bytes,
                "files": sum(entry.kind == "file" for entry in item.entries),
                "rows": sum(table.rows for table in item.tables.values()),
            }
            for item in made.manifest.items
        ]
        size, seconds, lock = made.manifest.bytes, made.manifest.seconds, made.longest_lock_seconds
    return {
        "set": root if made is None else made.path,
        "bytes": size,
        "items": items,
        "seconds": seconds,
        "longest_lock_seconds": lock,
    }


if __name__ == "__main__":
    main()
