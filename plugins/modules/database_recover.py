#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recover a corrupt database step by step, so that every step can be interrupted and undone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: database_recover
version_added: 0.1.0
short_description: Recover a corrupt database, step by step
description:
  - Proves that a database is corrupt, names the ways out with what each would lose, copies it aside with the evidence,
    and puts a salvaged database, or none, into its place by rename. The damaged one is kept beside it.
  - Each step is written down before it is taken. Wherever a step is interrupted, the copy aside has every byte of the
    damaged database, and the next call goes on from there.
  - The module does not start or stop anything. The role C(database_recover) calls the steps in their order around the
    services.
extends_documentation_fragment: aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: Only V(look) does anything; the other steps say what they would do.
  diff_mode:
    support: none
  platform:
    platforms: posix
author: aiops.runbooks contributors (@aiops)
options:
  step:
    description:
      - V(look) reads all of the database and changes nothing. When it is corrupt, the ways out are tried as far as that
        changes nothing.
      - V(keep) copies it and its sidecars aside, with the evidence. Nobody may use the database from here on. Of
        a V(duckdb) the tables that can be read whole are exported beside the copy, as Parquet files.
      - V(prepare) makes the new database from the copy.
      - V(swap) puts it into place; after O(by=reset) there is none.
      - V(accept) notes that the new database was found to work.
      - V(put_back) puts the damaged database back, from wherever the recovery is.
    type: str
    required: true
    choices: [look, keep, prepare, swap, accept, put_back]
  path:
    description: The database.
    type: path
    required: true
  type:
    description: What it is. A V(duckdb) can be restored or begun anew, not salvaged.
    type: str
    choices: [sqlite, duckdb]
    default: sqlite
  python:
    description: The application's interpreter, for V(duckdb).
    type: path
  tables:
    description: Tables that must exist.
    type: list
    elements: str
    default: []
  directory:
    description: Where copies, evidence and the record go; made when it is missing.
    type: path
    required: true
  by:
    description: The way that was chosen, for V(keep).
    type: str
    choices: [salvage, reset, restore]
  backup_directory:
    description: Directory of the backup sets.
    type: path
  backup_item:
    description: Name of the database in a set.
    type: str
  schema_from:
    description: A whole database of the same application, for tables whose schema is lost; the newest set's without it.
    type: path
  timezone:
    description: IANA name of the zone of the names of sets.
    type: str
    default: UTC
  look_seconds:
    description: How long looking may take, and then trying a salvage.
    type: float
    default: 300
  salvage_seconds:
    description: How long a salvage may take.
    type: float
    default: 3600
seealso:
  - module: aiops.runbooks.sqlite_salvage
  - module: aiops.runbooks.data_restore
"""

EXAMPLES = r"""
- name: Know whether the database is corrupt, and what the ways out would lose
  aiops.runbooks.database_recover:
    step: look
    path: /srv/wiki/wiki.db
    directory: /srv/wiki/recovery
    backup_directory: /var/backups/wiki
    backup_item: wiki.db
  register: look

- name: Copy it aside, now that the service is stopped
  aiops.runbooks.database_recover:
    step: keep
    by: salvage
    path: /srv/wiki/wiki.db
    directory: /srv/wiki/recovery
"""

RETURN = r"""
found:
  description: What the database is, V(verdict) and V(messages) among it.
  returned: for O(step=look) and O(step=keep)
  type: dict
corrupt:
  description: Whether it is proven that the content is damaged or gone.
  returned: for O(step=look)
  type: bool
whole:
  description: Whether it is proven that the database is whole.
  returned: for O(step=look)
  type: bool
ways:
  description: The ways out in their order of preference.
  returned: for O(step=look)
  type: list
  elements: dict
  contains:
    way:
      description: V(restore), V(salvage) or V(reset).
      type: str
    possible:
      description: Whether it can be gone.
      type: bool
    loses:
      description: What it would lose.
      type: str
unfinished:
  description: Whether a recovery was begun and not finished.
  returned: always
  type: bool
record:
  description: How far the recovery is, with the directory V(aside) and the name V(kept) of the damaged database.
  returned: always
  type: dict
"""

import os
import time
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import database_recovery as recovery
from ansible_collections.aiops.runbooks.plugins.module_utils import database_ways as ways
from ansible_collections.aiops.runbooks.plugins.module_utils.duckdb_readable import save_readable
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

_SPECIFICATION = {
    "step": {
        "type": "str",
        "required": True,
        "choices": ["look", "keep", "prepare", "swap", "accept", "put_back"],
    },
    "path": {"type": "path", "required": True},
    "type": {"type": "str", "choices": ["sqlite", "duckdb"], "default": "sqlite"},
    "python": {"type": "path"},
    "tables": {"type": "list", "elements": "str", "default": []},
    "directory": {"type": "path", "required": True},
    "by": {"type": "str", "choices": ["salvage", "reset", "restore"]},
    "backup_directory": {"type": "path"},
    "backup_item": {"type": "str"},
    "schema_from": {"type": "path"},
    "timezone": {"type": "str", "default": "UTC"},
    "look_seconds": {"type": "float", "default": 300},
    "salvage_seconds": {"type": "float", "default": 3600},
}


def main() -> None:
    """Take one step."""
    module = AnsibleModule(argument_spec=_SPECIFICATION, supports_check_mode=True)
    given = module.params
    place = recovery.Place(given["path"], given["type"], given["directory"])
    try:
        result = _look(place, given) if given["step"] == "look" else _take(place, given, module.check_mode)
    except (RunbooksError, OSError) as error:
        module.fail_json(msg=f"Step {given['step']}: {error}")
    except ImportError as error:
        module.fail_json(msg=f"This Python has no sqlite3: {error}. Use another ansible_python_interpreter")
    record = recovery.read_record(place)
    module.exit_json(record=asdict(record), unfinished=record.phase in recovery.UNFINISHED, **result)


def _look(place: recovery.Place, given: dict[str, Any]) -> dict[str, Any]:
    found = ways.look(place, given["tables"], given["python"], given["look_seconds"])
    corrupt = found["verdict"] in ways.CORRUPT
    backup = {"directory": given["backup_directory"], "item": given["backup_item"]}
    offered = []
    if corrupt:
        schema = given["schema_from"] or ways.newest_copy(backup, given["timezone"])
        offered = ways.ways_of(place, found, backup, time.time(), given["look_seconds"], schema, given["timezone"])
    return {
        "changed": False,
        "found": found,
        "corrupt": corrupt,
        "whole": found["verdict"] in ways.WHOLE,
        "ways": offered,
    }


def _take(place: recovery.Place, given: dict[str, Any], only_plan: bool) -> dict[str, Any]:
    before = recovery.read_record(place)
    if only_plan:
        return {"changed": True}
    if given["step"] == "keep":
        if not given["by"]:
            raise RunbooksError("The way is not chosen", "Give by: salvage, reset or restore")
        found = ways.look(place, given["tables"], given["python"], given["look_seconds"])
        started = before.phase in recovery.UNFINISHED
        if not started and found["verdict"] not in ways.CORRUPT:
            raise RunbooksError(
                "{} is {}".format(place.path, found["verdict"]), "Only what is proven to be corrupt is recovered"
            )
        if given["type"] == "duckdb" and given["by"] == recovery.SALVAGE:
            raise RunbooksError("A DuckDB database is not salvaged", "Choose restore or reset")
        after = recovery.keep(place, found, given["by"], time.time())
        if given["type"] == "duckdb":
            after = save_readable(place, given["python"] or "python3", found, given["salvage_seconds"])
        return {"changed": after != before, "found": found}
    if given["step"] == "prepare":
        backup = {"directory": given["backup_directory"], "item": given["backup_item"]}
        schema = given["schema_from"] or ways.newest_copy(backup, given["timezone"])
        after = recovery.prepare(place, given["salvage_seconds"], schema)
    else:
        steps = {"swap": recovery.swap, "accept": recovery.accept, "put_back": recovery.put_back}
        after = steps[given["step"]](place)
    return {"changed": after != before, "kept_there": os.path.lexists(after.kept) if after.kept else False}


if __name__ == "__main__":
    main()
