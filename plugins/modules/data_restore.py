#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore a system's data from a backup set, step by step, so that every step can be interrupted and undone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: data_restore
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Restore a system's data from a backup set, step by step
description:
  - Chooses the newest set that is whole, unpacks it beside the data on the same file system, verifies it, and puts it
    into place in one rename per item. What was there before is kept beside it.
  - Each step is written down before it is taken. Wherever a step is interrupted, production data is whole, old or new,
    and the next call finds out where things stand and goes on or back.
  - The module does not start or stop anything. The role C(restore) calls the steps in their order around the service.
  - Sets without a manifest, made by an application's own script, are verified as far as that is possible, and
    RV(unverified) says what was not.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The set is verified where it is, and the plan is returned.
  diff_mode:
    support: full
  platform:
    platforms: posix
options:
  step:
    description:
      - V(status) says where the last restore stands and changes nothing.
      - V(stage) chooses a set, unpacks it beside the data and verifies it. The service may go on meanwhile.
      - V(swap) puts it into place. Nobody may use the data.
      - V(accept) notes that the restored data was found to work.
      - V(reject) notes that it does not work. Whatever happens after that, V(put_back) comes first.
      - V(put_back) goes back to the old data, from wherever the restore is. Nobody may use the data.
      - V(expire) removes what earlier restores put aside, when its time is over; never the way back of a restore that
        was not accepted.
      - V(beside) unpacks into O(beside) and touches no production data.
      - V(remove_beside) removes what V(beside) made.
    type: str
    choices: [status, stage, swap, accept, reject, put_back, expire, beside, remove_beside]
    required: true
  directory:
    description: Directory that holds the sets. Needed for V(stage) and V(beside).
    type: path
  state_directory:
    description: Directory of the record of the restore; made when missing. Needed for all steps but those beside.
    type: path
  set:
    description: Name of the set; without it the newest that is whole.
    type: str
    default: ""
  archive:
    description:
      - A tar archive that takes the place of a set. Whoever made it is not trusted.
      - It is examined as a whole first. Absolute paths, C(..), links, devices, FIFOs, sparse files, names that come
        twice or differ in case alone refuse all of it, and so does an archive that is cut off, goes on after its end,
        or grows too large.
    type: path
  contents:
    description:
      - What the sets of this system hold. Each item has C(name) (path within the set), C(type) (V(sqlite), V(duckdb),
        V(files), or V(export), which the application's own command imports), C(target) or C(source) (absolute path of
        where it belongs), and for V(duckdb) C(python), the application's interpreter.
      - C(exclude) names what its backup leaves out of a directory; it stays as it is. C(optional) items may be missing
        in a set. Other keys mean nothing here.
    type: list
    elements: dict
    default: []
  items:
    description: Names of the items to restore; without it all that can be.
    type: list
    elements: str
    default: []
  beside:
    description: Directory for the steps V(beside) and V(remove_beside); it must not exist, or be empty.
    type: path
  name_format:
    description: How the name of a set is read as a time, in the terms of C(strptime); what cannot be read so is no set.
    type: str
    default: "%Y%m%d_%H%M%S"
  timezone:
    description: IANA name of the zone of that time.
    type: str
    default: UTC
  keep_days:
    description:
      - How long the old data is kept after the restored data was accepted; V(expire) removes it then.
      - For V(expire) that of restores whose record does not say it.
    type: float
    default: 14
  time_limit_seconds:
    description: How long choosing, unpacking and verifying may take.
    type: float
    default: 3600
seealso:
  - module: aiops.runbooks.sqlite_integrity
"""

EXAMPLES = r"""
- name: Unpack the newest whole set beside the data, and verify it
  aiops.runbooks.data_restore:
    step: stage
    directory: /srv/backups/wiki
    state_directory: /srv/backups/wiki/.restore
    contents:
      - {name: wiki.db, type: sqlite, target: /srv/wiki/wiki.db}
      - {name: uploads, type: files, target: /srv/wiki/uploads}

- name: Put it into place, now that the service is stopped
  aiops.runbooks.data_restore:
    step: swap
    state_directory: /srv/backups/wiki/.restore

- name: Go back to the old data
  aiops.runbooks.data_restore:
    step: put_back
    state_directory: /srv/backups/wiki/.restore
"""

RETURN = r"""
phase:
  description: Where the restore stands, such as V(staged), V(swapped), V(accepted) or V(undone).
  returned: for all steps with a record
  type: str
unfinished:
  description: Whether a restore was interrupted in the middle; V(put_back) must come first.
  returned: for all steps with a record
  type: bool
unverified_swap:
  description: Whether the data was put into place and nobody noted yet that it works.
  returned: for all steps with a record
  type: bool
resumed:
  description: Whether the data is in place already, from a run that was interrupted after V(swap).
  returned: for V(stage)
  type: bool
set:
  description: Name of the set.
  returned: for V(stage) and V(beside)
  type: str
set_made:
  description: When it was made.
  returned: for V(stage) and V(beside)
  type: str
bytes:
  description: Size of what is restored.
  returned: for V(stage) and V(beside)
  type: int
items:
  description: What is restored, with its rows.
  returned: for V(stage) and V(beside)
  type: list
  elements: dict
passed_over:
  description: Newer sets that are not whole, and what is wrong with them.
  returned: for V(stage) and V(beside)
  type: list
  elements: str
verified:
  description: What was found to be right.
  returned: for V(stage) and V(beside)
  type: list
  elements: str
unverified:
  description: What could not be verified, and why.
  returned: for V(stage) and V(beside)
  type: list
  elements: str
kept:
  description: Where the old data is kept.
  returned: for all steps with a record
  type: list
  elements: dict
kept_until:
  description: Until when it is kept.
  returned: after V(accept)
  type: str
due:
  description: What was put aside and is removed; in check mode exactly what a run would remove.
  returned: for V(expire)
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      type: str
    bytes:
      description: Its size.
      type: int
    until:
      description: When its time was over.
      type: str
    restore_id:
      description: The restore that put it aside.
      type: str
freed_bytes:
  description: Size of what was removed.
  returned: for V(expire)
  type: int
stays:
  description: What stays, and why.
  returned: for V(expire)
  type: list
  elements: str
undone:
  description: Where restored data is kept that was taken out of place again.
  returned: for all steps with a record
  type: list
  elements: dict
seconds:
  description: How long the step took.
  returned: always
  type: float
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_choose import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import BESIDE, STEPS, Settings, take
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain

_ALWAYS_RECORDED = [step for step in STEPS if step not in BESIDE]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "step": {"type": "str", "choices": list(STEPS), "required": True},
            "directory": {"type": "path"},
            "state_directory": {"type": "path"},
            "set": {"type": "str", "default": ""},
            "archive": {"type": "path"},
            "contents": {"type": "list", "elements": "dict", "default": []},
            "items": {"type": "list", "elements": "str", "default": []},
            "beside": {"type": "path"},
            "name_format": {"type": "str", "default": "%Y%m%d_%H%M%S"},
            "timezone": {"type": "str", "default": "UTC"},
            "keep_days": {"type": "float", "default": 14},
            "time_limit_seconds": {"type": "float", "default": 3600},
        },
        required_if=[
            *(("step", step, ["state_directory"]) for step in _ALWAYS_RECORDED),
            *(("step", step, ["beside"]) for step in BESIDE),
            ("step", "stage", ["directory"]),
            ("step", "beside", ["directory"]),
        ],
        supports_check_mode=True,
    )
    asked: dict[str, Any] = module.params
    request = Request(
        directory=asked["directory"] or "",
        name_format=asked["name_format"],
        timezone=asked["timezone"],
        contents=asked["contents"],
        items=asked["items"],
        set=asked["set"],
        archive=asked["archive"] or "",
        seconds=asked["time_limit_seconds"],
    )
    settings = Settings(asked["state_directory"] or "", asked["beside"] or "", asked["keep_days"], module.check_mode)
    begun = time.monotonic()
    try:
        result = take(asked["step"], request, settings, time.time())
    except (CheckError, RunbooksError) as error:
        module.fail_json(msg=explain(error))
    except OSError as error:
        module.fail_json(
            msg=f"Step {asked['step']}: {error}. Production data is whole; run it again when that is mended"
        )
    result["seconds"] = round(time.monotonic() - begun, 3)
    if not module._diff:
        result.pop("diff", None)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
