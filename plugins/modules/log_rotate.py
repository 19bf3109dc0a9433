#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotate log files that have grown too large."""

from __future__ import annotations

DOCUMENTATION = r"""
module: log_rotate
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Rotate log files that have grown too large
description:
  - Rotates every file above a size, for applications that nobody has told logrotate about. No line is lost, and the
    application is not restarted.
  - A file that no process writes to is renamed, and an empty one of the same owner and mode takes its place at once.
  - A file that a process keeps open for appending, as C(append:) of a systemd unit does, is copied and truncated. Its
    writers are held for some milliseconds while the last lines are copied.
  - The copy is named after the UTC time of the rotation, compressed with gzip, and read back before the uncompressed
    one goes. So many copies are kept, older ones are deleted.
  - A run that was interrupted is finished by the next one.
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
    description: Files, or globs of files. Rotated copies that a glob finds are not rotated again.
    type: list
    elements: path
    required: true
  larger_than_bytes:
    description: Files above this size are rotated.
    type: int
    default: 104857600
  keep:
    description: Rotated copies of each file that are kept.
    type: int
    default: 5
  method:
    description:
      - V(copytruncate) copies and truncates, V(rename) renames, which needs O(reopen_command) where a process keeps
        the file open.
      - V(auto) copies and truncates what a process has open for writing, and renames everything else.
    type: str
    choices: [auto, copytruncate, rename]
    default: auto
  reopen_command:
    description: Command with its arguments that makes writers of renamed files open their logs anew.
    type: list
    elements: str
  wait_seconds:
    description:
      - How long a renamed file may stay open. What is open longer is compressed by the next run.
    type: float
    default: 10
seealso:
  - module: aiops.runbooks.file_retention
  - module: aiops.runbooks.journal_vacuum
"""

EXAMPLES = r"""
- name: Rotate what is larger than 100 MB
  aiops.runbooks.log_rotate:
    paths:
      - /var/log/wiki/*.log
    keep: 8

- name: Rename, and let the web server open its logs anew
  aiops.runbooks.log_rotate:
    paths: [/var/log/wiki/access.log]
    method: rename
    reopen_command: [systemctl, reload, wiki.service]
"""

RETURN = r"""
rotated:
  description: Files that were, or in check mode would be, rotated.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    bytes:
      description: Its size.
      type: int
    method:
      description: V(rename) or V(copytruncate).
      type: str
    copy:
      description: The rotated copy; not in check mode.
      type: str
    compressed_bytes:
      description: Size of the copy; not in check mode, and not when it is still open.
      type: int
compressed:
  description: Copies of earlier rotations that were, or would be, compressed.
  returned: always
  type: list
  elements: str
removed:
  description: Copies beyond the number that is kept, and unfinished ones, that were, or would be, deleted.
  returned: always
  type: list
  elements: str
still_open:
  description: Renamed files that are still written to; the next run compresses them.
  returned: always
  type: list
  elements: str
skipped_paths:
  description: Links and special files, which are never touched.
  returned: always
  type: list
  elements: str
failures:
  description: Files for which it did not work, with the reason.
  returned: always
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.log_rotation import RotationPlan, rotation_plan
from ansible_collections.aiops.runbooks.plugins.module_utils.log_rotation_apply import RotationOutcome, apply


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "larger_than_bytes": {"type": "int", "default": 104857600},
            "keep": {"type": "int", "default": 5},
            "method": {"type": "str", "choices": ["auto", "copytruncate", "rename"], "default": "auto"},
            "reopen_command": {"type": "list", "elements": "str"},
            "wait_seconds": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        plan = rotation_plan(given["paths"], given["larger_than_bytes"], given["keep"], given["method"])
        outcome = planned(plan) if module.check_mode else apply(plan, reopener(module), given["wait_seconds"])
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "rotated": outcome.rotated,
        "compressed": outcome.compressed,
        "removed": outcome.removed,
        "still_open": outcome.still_open,
        "skipped_paths": plan.skipped,
        "failures": outcome.failed,
    }
    if module._diff:
        result["diff"] = difference(outcome)
    if outcome.failed:
        lines = ["{}: {}".format(*pair) for pair in sorted(outcome.failed.items())]
        module.fail_json(msg="Not rotated: {}".format("; ".join(lines)), **result)
    module.exit_json(**result)


def planned(plan: RotationPlan) -> RotationOutcome:
    """Return what carrying out the plan would do."""
    return RotationOutcome(
        rotated=[{"path": one.path, "bytes": one.size_bytes, "method": one.method} for one in plan.rotations],
        compressed=[path + ".gz" for path in plan.to_compress],
        removed=[path for paths in plan.leftovers.values() for path in paths] + plan.to_remove,
        failed=dict(plan.faults),
    )


def reopener(module: AnsibleModule) -> Any:
    """Return a function that runs the reopen command, or None when there is none."""
    command = module.params["reopen_command"]
    if not command:
        return None

    def reopen() -> None:
        status, _out, error = module.run_command(command)
        if status:
            raise RunbooksError(f"{' '.join(command)} ended with status {status}: {error.strip()[:200]}")

    return reopen


def difference(outcome: RotationOutcome) -> dict[str, str]:
    """Return the files before and after, as Ansible shows a difference."""
    before = [f"{one['path']} ({one['bytes']} bytes)\n" for one in outcome.rotated]
    before += [f"{path}\n" for path in outcome.removed]
    after = ["{} (empty)\n".format(one["path"]) for one in outcome.rotated]
    after += [f"{path}\n" for path in outcome.compressed]
    return {"before": "".join(sorted(before)), "after": "".join(sorted(after))}


if __name__ == "__main__":
    main()
