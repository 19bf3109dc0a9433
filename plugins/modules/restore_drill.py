#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore a backup set beside production, look whether it is worth anything, and measure how long it took."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_drill
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Restore a backup set beside production and see what it is worth
description:
  - Restores the newest whole set into a scratch directory, as a real restore would, and opens every database in it.
  - Compares checksums and rows with the manifest, rows with production, and asks the profile's own questions.
  - Production is only read. The scratch directory is removed in the end; after a kill, the next drill removes it first.
  - A backup that is worth nothing is data. The module fails only for arguments that it cannot use.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The set is verified where it is; nothing is measured.
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  name:
    description: Name under which the result is recorded.
    type: str
    default: restore_drill
  system:
    description: Name of the system, repeated in the result.
    type: str
    default: ""
  runbook:
    description: Item of the runbook that asks for the drill.
    type: str
  directory:
    description: Directory that holds the sets.
    type: path
    required: true
  scratch_directory:
    description: A directory that does not exist, on a file system with enough space; removed afterwards.
    type: path
    required: true
  set:
    description: Name of the set; without it the newest that is whole.
    type: str
    default: ""
  contents:
    description: What the sets hold, as for M(aiops.runbooks.data_restore).
    type: list
    elements: dict
    required: true
  items:
    description: Names of the items to restore; without it all that can be.
    type: list
    elements: str
    default: []
  name_format:
    description: How the name of a set is read as a time, in the terms of C(strptime); what cannot be read so is no set.
    type: str
    default: "%Y%m%d_%H%M%S"
  timezone:
    description: IANA name of the zone of that time.
    type: str
    default: UTC
  tolerance_percent:
    description: How many percent fewer rows than production now has a restored table may have.
    type: float
    default: 20
  newest_row:
    description: C(item) and C(sql), which gives the time of the newest row in seconds since the epoch.
    type: dict
  expectations:
    description: >-
      Questions of the profile, each with C(name), C(item), C(sql) (one figure) and C(expect), a level that must hold.
    type: list
    elements: dict
    default: []
  warning:
    description: Level of the time that the restore took, in seconds, at which to warn.
    type: str
  critical:
    description: Level of that time that is critical.
    type: str
  limits:
    description: >-
      Levels of the other figures, such as C({rpo_seconds: {warning: "> 90000"}}).
    type: dict
    default: {}
  time_limit_seconds:
    description: How long all of it may take.
    type: float
    default: 3600
seealso:
  - module: aiops.runbooks.data_restore
"""

EXAMPLES = r"""
- name: Is the newest backup worth anything?
  aiops.runbooks.restore_drill:
    directory: /srv/backups/wiki
    scratch_directory: /srv/backups/wiki/.drill
    contents:
      - {name: wiki.db, type: sqlite, target: /srv/wiki/wiki.db}
      - {name: .env, type: files, target: /srv/wiki/.env}
    expectations:
      - {name: pages, item: wiki.db, sql: SELECT COUNT(*) FROM pages, expect: "> 100"}
    limits:
      rpo_seconds: {warning: "> 90000"}
"""

RETURN = r"""
measured:
  description: The result, as checks have it, with its metrics C(rto_seconds) and C(rpo_seconds). Empty in check mode.
  returned: success
  type: list
  elements: dict
set:
  description: Name of the set that was restored, or in check mode would be.
  returned: when one was found
  type: str
state:
  description: V(ok), V(warning), V(unknown) (the drill could not be done) or V(critical).
  returned: when it was done
  type: str
rto_seconds:
  description: How long unpacking and verifying took.
  returned: when a set could be restored
  type: float
rpo_seconds:
  description: Age of the set.
  returned: when a set could be restored
  type: float
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import restore_drill
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.engine import Check, answer
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_choose import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_work import plan
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain


class Drill:
    """The drill as the engine asks a kind of check."""

    METRICS = restore_drill.METRICS

    def __init__(self, request: Request, scratch: str, expected: restore_drill.Expectations) -> None:
        self._asked = (request, scratch, expected)

    def look(self, _parameters: Any, context: Context) -> Observation:
        return restore_drill.drill(*self._asked, context)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "restore_drill"},
            "system": {"type": "str", "default": ""},
            "runbook": {"type": "str"},
            "directory": {"type": "path", "required": True},
            "scratch_directory": {"type": "path", "required": True},
            "set": {"type": "str", "default": ""},
            "contents": {"type": "list", "elements": "dict", "required": True},
            "items": {"type": "list", "elements": "str", "default": []},
            "name_format": {"type": "str", "default": "%Y%m%d_%H%M%S"},
            "timezone": {"type": "str", "default": "UTC"},
            "tolerance_percent": {"type": "float", "default": 20},
            "newest_row": {"type": "dict"},
            "expectations": {"type": "list", "elements": "dict", "default": []},
            "warning": {"type": "str"},
            "critical": {"type": "str"},
            "limits": {"type": "dict", "default": {}},
            "time_limit_seconds": {"type": "float", "default": 3600},
        },
        supports_check_mode=True,
    )
    asked: dict[str, Any] = module.params
    named = ("directory", "name_format", "timezone", "contents", "items", "set")
    request = Request(**{key: asked[key] for key in named}, seconds=asked["time_limit_seconds"], depth="full")
    if module.check_mode:
        try:
            planned = plan(request, "", asked["scratch_directory"])
        except (CheckError, RunbooksError, OSError) as error:
            module.fail_json(msg=explain(error))
        module.exit_json(changed=True, measured=[], set=planned.set, passed_over=planned.passed_over)
    expected = restore_drill.Expectations(asked["tolerance_percent"], asked["expectations"], asked["newest_row"])
    check = Check(
        name=asked["name"],
        kind="restore_drill",
        warning=asked["warning"],
        critical=asked["critical"],
        limits=asked["limits"],
        runbook=asked["runbook"],
    )
    now = time.time()
    context = Context(now=now, deadline=time.monotonic() + asked["time_limit_seconds"], timezone=asked["timezone"])
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    try:
        drilled = Drill(request, asked["scratch_directory"], expected)
        result = answer(asked["system"], check, drilled, context, started).to_dict()
    except RunbooksError as error:
        module.fail_json(msg=explain(error))
    module.exit_json(
        changed=True,
        measured=[result],
        state=result["state"],
        set=(result["source"] or "").rpartition("/")[2],
        **{key: result["metrics"][key] for key in ("rto_seconds", "rpo_seconds") if key in result["metrics"]},
    )


if __name__ == "__main__":
    main()
