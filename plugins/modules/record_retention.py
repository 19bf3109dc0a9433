#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove records that were kept long enough from rotated JSON logs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: record_retention
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Remove records that were kept long enough from rotated JSON logs
description:
  - Where one log holds records of several classes, each class is kept for its own time by the age of the record.
  - Only rotated files are touched, plain or compressed. The newest file and every file that a process has open stay.
  - A file is rewritten beside, read back, and then renamed into its place, with its owner, mode and time. Wherever this
    is interrupted, the file is as it was or is the new one.
  - Lines that cannot be read, and records without a time, stay.
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
  paths:
    description: Files and globs of files, a JSON object on each line.
    type: list
    elements: str
    required: true
  classes:
    description: The classes; the first one that takes a record decides. Records of none stay.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the class.
        type: str
        required: true
      keep_days:
        description: How long its records are kept.
        type: float
        required: true
      key_equals:
        description: Keys and the values that they all have to have.
        type: dict
      message_prefixes:
        description: Beginnings of the message, any of them.
        type: list
        elements: str
  timestamp_keys:
    description: Keys with a record's time, the first that has one.
    type: list
    elements: str
    default: [timestamp, ts, time]
  message_key:
    description: Key with a record's message.
    type: str
    default: message
  keep_newest:
    description: So many files of each glob are left alone, those that were written to last.
    type: int
    default: 1
  timezone:
    description: IANA name of the zone of times that name none.
    type: str
    default: UTC
seealso:
  - module: aiops.runbooks.file_retention
"""

EXAMPLES = r"""
- name: Keep audit records for a year, security records for 90 days, all others for 30
  aiops.runbooks.record_retention:
    paths: ["/srv/wiki/logs/*.jsonl*"]
    classes:
      - {name: audit, keep_days: 365, key_equals: {logger: wiki.audit}}
      - {name: security, keep_days: 90, key_equals: {logger: wiki.security}}
      - {name: application, keep_days: 30}
"""

RETURN = r"""
due:
  description: For each file with records that go, how many of each class go and stay, and the bytes of their lines.
  returned: success
  type: list
  elements: dict
  sample:
    - path: /srv/wiki/logs/app_20261001.jsonl.gz
      removed: {application: 280}
      kept: {audit: 1, security: 1}
      removed_bytes: 61200
freed_bytes:
  description: By how much the files became smaller; 0 in check mode.
  returned: success
  type: int
in_use:
  description: Rotated files that a process has open.
  returned: success
  type: list
  elements: str
changed_meanwhile:
  description: Files that changed after the plan was made; they are as they were.
  returned: success
  type: list
  elements: str
files_read:
  description: How many rotated files were read.
  returned: success
  type: int
unseen_processes:
  description: Processes whose open files this user may not see.
  returned: success
  type: int
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.gzip_file import FileChangedError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader
from ansible_collections.aiops.runbooks.plugins.module_utils.record_retention import (
    Rules,
    apply,
    decide,
    make_plan,
    parse_classes,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain
from ansible_collections.aiops.runbooks.plugins.module_utils.zones import zone

_CLASS = {
    "name": {"type": "str", "required": True},
    "keep_days": {"type": "float", "required": True},
    "key_equals": {"type": "dict", "no_log": False},
    "message_prefixes": {"type": "list", "elements": "str"},
}


def main() -> None:
    """Plan, and outside of check mode rewrite what is due."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "str", "required": True},
            "classes": {"type": "list", "elements": "dict", "required": True, "options": _CLASS},
            "timestamp_keys": {
                "type": "list",
                "elements": "str",
                "default": ["timestamp", "ts", "time"],
                "no_log": False,
            },
            "message_key": {"type": "str", "default": "message", "no_log": False},
            "keep_newest": {"type": "int", "default": 1},
            "timezone": {"type": "str", "default": "UTC"},
        },
        supports_check_mode=True,
    )
    given: dict[str, Any] = module.params
    changed_meanwhile, done, freed = [], [], 0
    try:
        reader = TimestampReader(zone(given["timezone"]))
        rules = Rules(parse_classes(given["classes"]), given["timestamp_keys"], given["message_key"], reader)
        decided = decide(rules, time.time())
        planned = make_plan(given["paths"], given["keep_newest"], decided)
        for one in planned.due:
            try:
                freed += 0 if module.check_mode else apply(one, decided)
                done.append(one)
            except (FileChangedError, FileNotFoundError):
                changed_meanwhile.append(one.path)
    except (CheckError, RunbooksError) as error:
        module.fail_json(msg=explain(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}", freed_bytes=freed)
    due = [
        {
            "path": one.path,
            "removed": one.counted.removed,
            "kept": one.counted.kept,
            "removed_bytes": one.counted.removed_bytes,
        }
        for one in planned.due
    ]
    lines = [f"{one.path}: {sum(one.counted.removed.values())} records\n" for one in done]
    module.exit_json(
        changed=bool(done),
        due=due,
        freed_bytes=freed,
        in_use=planned.in_use,
        changed_meanwhile=changed_meanwhile,
        files_read=planned.read,
        unseen_processes=planned.unseen,
        diff={"before": "".join(lines), "after": ""},
    )


if __name__ == "__main__":
    main()
