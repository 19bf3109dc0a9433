#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set values in a configuration file, reversibly, with every other byte as it was."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_value
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Set values in a configuration file, reversibly
description:
  - Sets values in a JSON, YAML or environment file. Comments, order, indentation, line ends and all the rest stay byte
    for byte as they were.
  - The old file is kept beside under a dated name. The new one is judged by the application's own validator before it
    is applied, and applied by a rename.
  - What cannot be edited surely is refused with its line - keys that occur twice, anchors, flow style, several
    documents.
  - A value that is already there changes nothing.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The validator judges a candidate in a temporary directory then, and nothing is written beside the file.
  diff_mode:
    support: full
    details: Only the values that change are shown; those of keys that look like secrets are masked.
  platform:
    platforms: posix
options:
  path:
    description: The configuration file. Not a link.
    type: path
    required: true
  format:
    description: How the file is written; without it its name says so.
    type: str
    choices: [json, yaml, env]
  settings:
    description: What has to be there.
    type: list
    elements: dict
    suboptions:
      key:
        description:
          - The key, its parts separated by dots, or as a list where a part contains a dot or counts items (from 0).
          - A last part that is missing is added; in YAML, missing parts before it are, too.
        type: raw
        required: true
      value:
        description: The value. Environment files hold text; V(true) is written as C(true).
        type: raw
      at_most:
        description: A limit for a number instead of a value; a smaller number that is there stays.
        type: float
  restore:
    description:
      - A kept file to go back to instead of setting values - its name, or V(previous) for the newest one that differs.
    type: str
  validate:
    description: The application's validator; C({candidate}) stands for the file to be judged.
    type: list
    elements: str
  validate_directory:
    description: Where the validator runs; without it in the directory of the file.
    type: path
  validate_seconds:
    description: How long the validator may take.
    type: float
    default: 60
  in_place:
    description:
      - Write into the same file instead of renaming a new one into its place. Needed where something holds this very
        file, such as a container with a mount of this single file. What is interrupted is put right by the next call.
    type: bool
    default: false
  keep_copies:
    description:
      - How many kept files stay, that of this call included; 0 for any number. They are looked at when one is added.
        The one that V(previous) leads to always stays.
    type: int
    default: 20
  keep_copies_days:
    description: How old a kept file may be; 0 for any age.
    type: float
    default: 365
seealso:
  - module: aiops.runbooks.service_control
"""

EXAMPLES = r"""
- name: Lower the daily budget
  aiops.runbooks.config_value:
    path: /srv/jobs/.env.local
    settings:
      - key: DAILY_BUDGET_USD
        value: 5.0

- name: Bound what a container may take
  aiops.runbooks.config_value:
    path: /srv/wiki/docker-compose.yml
    settings:
      - key: services.worker.deploy.resources.limits.memory
        value: 2G
    validate: [docker, compose, --project-directory, ., -f, "{candidate}", config, --quiet]

- name: Go back to the configuration before
  aiops.runbooks.config_value:
    path: /srv/jobs/.env.local
    restore: previous
"""

RETURN = r"""
changes:
  description: The values that were not what they had to be.
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description: The key, in dots.
      type: str
    before:
      description: The value before; none where there was none.
      type: raw
    after:
      description: The value afterwards.
      type: raw
    added:
      description: Whether the key was not there.
      type: bool
  sample: [{key: DAILY_BUDGET_USD, before: "10.0", after: 5.0, added: false}]
backup:
  description: What was kept; none where nothing changed and in check mode.
  returned: success
  type: str
  sample: /srv/jobs/.env.local.20261121T030405000000Z.bak
backups:
  description: What is kept of this file, the newest first, before this call.
  returned: success
  type: list
  elements: str
removed_copies:
  description: Kept files that went, or would go, because of O(keep_copies) and O(keep_copies_days).
  returned: success
  type: list
  elements: str
restored:
  description: The kept file that was, or would be, gone back to.
  returned: when restore is given
  type: str
"""

import os
import re
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import config_file
from ansible_collections.aiops.runbooks.plugins.module_utils.config_edit import AtMost, edit, format_of
from ansible_collections.aiops.runbooks.plugins.module_utils.copies_bound import due_configurations, remove_files
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

_SECRET = re.compile(r"(?i)key|secret|passw|token|salt|credential")


def main() -> None:
    """Plan, have it validated, and outside of check mode apply it."""
    setting = {
        "key": {"type": "raw", "required": True, "no_log": False},
        "value": {"type": "raw"},
        "at_most": {"type": "float"},
    }
    only_one = {name: [("value", "at_most")] for name in ("required_one_of", "mutually_exclusive")}
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "format": {"type": "str", "choices": ["json", "yaml", "env"]},
            "settings": {"type": "list", "elements": "dict", "options": setting, **only_one},
            "restore": {"type": "str"},
            "validate": {"type": "list", "elements": "str"},
            "validate_directory": {"type": "path"},
            "validate_seconds": {"type": "float", "default": 60},
            "in_place": {"type": "bool", "default": False},
            "keep_copies": {"type": "int", "default": 20},
            "keep_copies_days": {"type": "float", "default": 365},
        },
        required_one_of=[("settings", "restore")],
        mutually_exclusive=[("settings", "restore")],
        supports_check_mode=True,
    )
    try:
        result = work(module.params, module.check_mode, module.tmpdir)
    except RunbooksError as error:
        module.fail_json(msg="{}: {}".format(module.params["path"], error))
    for problem in result.pop("copies_problems", []):
        module.warn(f"An old copy stays: {problem}")
    if module._diff and result["changed"]:
        header = {"before_header": module.params["path"], "after_header": module.params["path"]}
        result["diff"] = {**header, **difference(result)}
    module.exit_json(**result)


def work(given: dict[str, Any], only_plan: bool, temporary: str) -> dict[str, Any]:
    """Return what was done, or would be.

    Args:
        given: the module's parameters.
        only_plan: write nothing beside the file.
        temporary: a directory for the candidate of a plan.
    """
    path = given["path"]
    old = config_file.read(path)
    result: dict[str, Any] = {"changed": False, "changes": [], "backup": None, "backups": config_file.backups_of(path)}
    result["removed_copies"] = []
    if given["restore"]:
        result["restored"] = config_file.chosen_backup(path, given["restore"])
        new = config_file.read(result["restored"])
    else:
        form = given["format"] or format_of(path)
        settings = [
            (parts(one["key"]), one["value"] if one["at_most"] is None else AtMost(one["at_most"]))
            for one in given["settings"]
        ]
        new, changes = edit(old, form, settings)
        result["changes"] = [shown(change.__dict__) for change in changes]
    if new == old and not config_file.is_unfinished(path):
        return result
    command = given["validate"]
    validator = None
    if command:
        validator = config_file.Validator(command, given["validate_directory"], given["validate_seconds"])
    beside = os.path.dirname(os.path.abspath(path))
    config_file.validate(path, new, validator, temporary if only_plan else beside)
    now = time.time()
    result["removed_copies"] = due_configurations(path, old, new, given["keep_copies"], given["keep_copies_days"], now)
    if not only_plan:
        result["backup"] = config_file.replace(path, old, new, now, given["in_place"])
        result["copies_problems"] = remove_files(result["removed_copies"])
    result["changed"] = True
    return result


def parts(key: Any) -> list[Any]:
    """Return the parts of a key."""
    return list(key) if isinstance(key, list) else str(key).split(".")


def shown(change: dict[str, Any]) -> dict[str, Any]:
    """Return a change as it may be seen by everybody."""
    if not _SECRET.search(change["key"]):
        return dict(change)
    return {**change, **{side: "********" for side in ("before", "after") if change[side] is not None}}


def difference(result: dict[str, Any]) -> dict[str, str]:
    """Return the values before and after, a line for each."""
    if result.get("restored"):
        return {"before": "", "after": "as in {}\n".format(result["restored"])}
    before = ["{key}: {before}\n".format(**one) for one in result["changes"] if not one["added"]]
    return {"before": "".join(before), "after": "".join("{key}: {after}\n".format(**one) for one in result["changes"])}


if __name__ == "__main__":
    main()
