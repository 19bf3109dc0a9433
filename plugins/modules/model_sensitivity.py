#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change how sensitive the detection of a service is, for good or for a time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model_sensitivity
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Change how sensitive the detection of a service is, for good or for a time
description:
  - Sets the contamination of one service, or moves the service to another category, in the JSON configuration of a
    detector. Every other byte of the file stays as it is, and the old file is kept beside it.
  - A higher contamination finds more. With O(goal) a value that does the opposite of what is wanted is refused.
  - A change with O(days) is noted in O(changes_file); a call after that time puts it back, byte for byte when nothing
    else was changed since. A value that somebody else changed meanwhile is left, and the module fails.
  - With O(undo) the last call is taken back as a whole, also one that put something back.
  - The models have to be trained again afterwards, see M(aiops.runbooks.model_retrain), which reads the same notes.
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
  config:
    description: The configuration, a JSON file.
    type: path
    required: true
  changes_file:
    description: File that notes the changes.
    type: path
    required: true
  service:
    description: The service. Without it, only what is due is put back.
    type: str
  contamination:
    description: Share of the training data that counts as anomalous, above 0 and at most 0.5.
    type: float
  category:
    description: Category that the service belongs to, the last part of one of O(category_lists).
    type: str
  new_service:
    description: Whether the service may be in no category yet.
    type: bool
    default: false
  goal:
    description: What the change is to bring about.
    type: str
    choices: [fewer_alerts, more_alerts]
  days:
    description: After how many days the change goes back. Without it, it stays.
    type: float
  put_back:
    description: Whether the temporary changes of the service go back now, before their time.
    type: bool
    default: false
  undo:
    description:
      - Whether to take back what the last call did instead, the configuration byte for byte and the notes, because what
        followed failed. Refused when somebody changed the configuration since.
    type: bool
    default: false
  watch_days:
    description: For how many days a person watches the service after the change; it is only noted.
    type: float
  contamination_key:
    description: Dotted key of the contamination of single services.
    type: str
    default: model.contamination_by_service
  default_key:
    description: Dotted key of the contamination of all others.
    type: str
    default: model.contamination
  contamination_is_read:
    description: Whether the application uses these values at all.
    type: bool
    default: true
  category_lists:
    description: Dotted keys of the lists of services.
    type: list
    elements: str
    default: []
  in_place:
    description: Whether to write into the same file, because a container has mounted this very file.
    type: bool
    default: true
  keep_copies:
    description:
      - How many kept files stay, that of this call included; 0 for any number. They are looked at when one is added.
        One that a temporary change needs to go back always stays.
    type: int
    default: 20
  keep_copies_days:
    description: How old a kept file may be; 0 for any age.
    type: float
    default: 365
seealso:
  - module: aiops.runbooks.model_retrain
"""

EXAMPLES = r"""
- name: Fewer alerts of one service, for a week
  aiops.runbooks.model_sensitivity:
    config: /srv/detector/config.json
    changes_file: /srv/detector/sensitivity.json
    service: booking
    contamination: 0.01
    goal: fewer_alerts
    days: 7
    category_lists: [services.critical, services.standard, services.micro]

- name: Put back what is due
  aiops.runbooks.model_sensitivity:
    config: /srv/detector/config.json
    changes_file: /srv/detector/sensitivity.json
"""

RETURN = r"""
services:
  description: Services whose sensitivity is different now, or would be; their models have to be trained again.
  returned: success
  type: list
  elements: str
  sample: [booking]
put_back:
  description: Services whose temporary changes went back, or would.
  returned: success
  type: list
  elements: str
  sample: []
until:
  description: When the new change goes back, in seconds since the epoch; null when it stays.
  returned: success
  type: float
  sample: 1772334900.0
watch_until:
  description: Until when a person watches the service, in seconds since the epoch; null without O(watch_days).
  returned: success
  type: float
  sample: 1773544500.0
removed_copies:
  description: Kept files that went, or would go, because of O(keep_copies) and O(keep_copies_days).
  returned: success
  type: list
  elements: str
kept:
  description: The file that keeps the old configuration.
  returned: success
  type: str
  sample: /srv/detector/config.json.20260301T031500000000Z.bak
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import config_file
from ansible_collections.aiops.runbooks.plugins.module_utils.copies_bound import due_configurations, remove_files
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.sensitivity_file import (
    apply,
    plan_back,
    plan_change,
    read_changes,
    undo,
)


def main() -> None:
    """Plan, and outside of check mode note and write."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "path", "required": True},
            "changes_file": {"type": "path", "required": True},
            "service": {"type": "str"},
            "contamination": {"type": "float"},
            "category": {"type": "str"},
            "new_service": {"type": "bool", "default": False},
            "goal": {"type": "str", "choices": ["fewer_alerts", "more_alerts"]},
            "days": {"type": "float"},
            "put_back": {"type": "bool", "default": False},
            "undo": {"type": "bool", "default": False},
            "watch_days": {"type": "float"},
            "contamination_key": {"type": "str", "default": "model.contamination_by_service", "no_log": False},
            "default_key": {"type": "str", "default": "model.contamination", "no_log": False},
            "contamination_is_read": {"type": "bool", "default": True},
            "category_lists": {"type": "list", "elements": "str", "default": []},
            "in_place": {"type": "bool", "default": True},
            "keep_copies": {"type": "int", "default": 20},
            "keep_copies_days": {"type": "float", "default": 365},
        },
        required_by={"contamination": "service", "category": "service"},
        supports_check_mode=True,
    )
    try:
        result = act(module.params, module.check_mode, time.time())
    except (RunbooksError, OSError) as error:
        module.fail_json(msg="{}: {}".format(module.params["config"], error))
    for problem in result.pop("copies_problems"):
        module.warn(f"An old copy stays: {problem}")
    module.exit_json(**result)


def act(given: dict[str, Any], plan: bool, now: float) -> dict[str, Any]:
    """Return what was done, or would be.

    Args:
        given: parameters of the module.
        plan: write nothing.
        now: seconds since the epoch.

    Raises:
        RunbooksError: it cannot be done.
    """
    path, service = given["config"], given["service"]
    if given["undo"]:
        undone = undo(path, given["changes_file"], now, given["in_place"], plan)
        nothing = {"services": [], "put_back": [], "removed_copies": [], "copies_problems": []}
        return {"changed": undone, "until": None, "watch_until": None, "kept": None, **nothing}
    old = config_file.read(path)
    changes = read_changes(given["changes_file"])
    new, ended, notes = plan_back(old, changes, now, service if given["put_back"] else None)
    note: dict[str, Any] = {}
    if service and not given["put_back"]:
        new, note = plan_change(new, given, now, given["days"])
        if note and any(one["service"] == service and one.get("until") is not None for one in notes):
            raise RunbooksError(f"{service} has a temporary change already", "Put that back first, with put_back")
        notes = [*notes, note] if note else notes
    changed = bool(ended or note or config_file.is_unfinished(path))
    kept, due, problems = None, [], []
    if new != old:
        needed = {one["kept"] for one in notes if one.get("kept") and one.get("until") is not None}
        due = due_configurations(path, old, new, given["keep_copies"], given["keep_copies_days"], now, needed)
    if changed and not plan:
        kept = apply(path, given["changes_file"], old, new, notes, now, given["in_place"])
        problems = remove_files(due)
    return {
        "changed": changed,
        "services": sorted({one["service"] for one in ([*ended, note] if note else ended)}),
        "put_back": sorted({one["service"] for one in ended}),
        "until": note.get("until"),
        "watch_until": now + given["watch_days"] * 86400 if note and given["watch_days"] else None,
        "kept": kept,
        "removed_copies": due,
        "copies_problems": problems,
        "diff": {
            "before_header": path,
            "after_header": path,
            "before": old.decode("utf-8", "replace"),
            "after": new.decode("utf-8", "replace"),
        },
    }


if __name__ == "__main__":
    main()
