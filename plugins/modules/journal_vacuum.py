#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shrink the systemd journal to a size."""

from __future__ import annotations

DOCUMENTATION = r"""
module: journal_vacuum
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Shrink the systemd journal to a size
description:
  - Rotates the systemd journal and removes its oldest files until it is no larger than a size. A journal that is
    already below it stays untouched.
  - The journal only. Log files that applications write themselves are for M(aiops.runbooks.log_rotate).
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
  maximum_bytes:
    description: Size that the journal may have.
    type: int
    default: 104857600
  keep_days:
    description: Archived files of the journal that were written to last before so many days are removed at any size.
    type: float
notes:
  - Files that are being written are never removed, so the journal can stay larger than asked. The result says so, and
    what could not be freed does not count as a change.
seealso:
  - module: aiops.runbooks.log_rotate
"""

EXAMPLES = r"""
- name: Keep at most 100 MB of journal
  aiops.runbooks.journal_vacuum:
    maximum_bytes: 104857600
"""

RETURN = r"""
before_bytes:
  description: Size of the journal before.
  returned: success
  type: int
after_bytes:
  description: Size of the journal after; in check mode the size that is asked for, which is an upper bound of the plan.
  returned: success
  type: int
maximum_bytes:
  description: Size that the journal may have.
  returned: success
  type: int
within_maximum:
  description: Whether the journal is, or in check mode is expected to be, no larger than that.
  returned: success
  type: bool
commands:
  description: Commands that were, or would be, run.
  returned: success
  type: list
  elements: list
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.journal_size import archived_before, journal_bytes


def main() -> None:
    module = AnsibleModule(
        argument_spec={"maximum_bytes": {"type": "int", "default": 104857600}, "keep_days": {"type": "float"}},
        supports_check_mode=True,
    )
    maximum = module.params["maximum_bytes"]
    if maximum <= 0:
        module.fail_json(msg=f"maximum_bytes is {maximum}, which is no size. Give a number above 0")
    journalctl = module.get_bin_path("journalctl", required=True)
    before = after = usage(module, journalctl)
    commands = []
    keep_days = module.params["keep_days"]
    if keep_days is not None:
        old = archived_before(time.time() - keep_days * 86400)
        if old:
            commands = [[journalctl, f"--vacuum-time={int(keep_days * 86400)}s"]]
            after = before - sum(old.values())
            if not module.check_mode:
                run(module, commands[0])
                after = usage(module, journalctl)
    if after > maximum:
        # Only archived files can be removed; rotating archives what has been written so far.
        shrinking = [[journalctl, "--rotate"], [journalctl, f"--vacuum-size={maximum}"]]
        commands += shrinking
        if module.check_mode:
            after = maximum
        else:
            for command in shrinking:
                run(module, command)
            after = usage(module, journalctl)
    result: dict[str, Any] = {
        "changed": after < before,
        "before_bytes": before,
        "after_bytes": after,
        "maximum_bytes": maximum,
        "within_maximum": after <= maximum,
        "commands": commands,
    }
    if module._diff:
        result["diff"] = {"before": f"journal: {before} bytes\n", "after": f"journal: {after} bytes\n"}
    module.exit_json(**result)


def usage(module: AnsibleModule, journalctl: str) -> int:
    """Return the journal's size in bytes."""
    output = run(module, [journalctl, "--disk-usage"])
    size = journal_bytes(output)
    if size is None:
        module.fail_json(msg=f"journalctl --disk-usage says no size: {output.strip()[:200]}")
    return size or 0


def run(module: AnsibleModule, command: list[str]) -> str:
    """Run journalctl and return what it printed."""
    status, output, error = module.run_command(command, environ_update={"LC_ALL": "C", "LANGUAGE": "C"})
    if status:
        said = (error or output).strip()[:200]
        module.fail_json(msg=f"{' '.join(command)} ended with status {status}: {said}")
    return str(output) + str(error)


if __name__ == "__main__":
    main()
