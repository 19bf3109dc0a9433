#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action store_prune, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: store_prune
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Remove old records from the store
description:
  - Removes runs with their results and actions, incidents with their messages, attestations, maintenance windows and
    approvals that are older than some days and that nothing needs any more.
  - The newest finished run of each procedure on each system stays, however old it is, and so do newer runs that did not
    finish, what is running, the newest attestation of each item and its evidence, incidents that are open, and messages
    that have not been delivered.
  - It works in short transactions beside other plays, and can be killed at any moment.
  - In check mode nothing is removed; the numbers are those that a run would remove.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  store_url:
    description: SQLAlchemy URL of the store. It must be there.
    type: str
    required: true
  keep_days:
    description: How many days records are kept, at least 200, because reports compare a quarter with the one before.
    type: float
    default: 400
notes:
  - Use the role C(aiops.runbooks.store_prune), which puts this in its place.
  - SQLite uses the space again that becomes free; its file does not shrink.
"""

EXAMPLES = r"""
- name: Keep two years of records
  aiops.runbooks.store_prune:
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
    keep_days: 731
  run_once: true
"""

RETURN = r"""
before:
  description: The moment; older records went.
  returned: success
  type: str
  sample: "2025-10-22T03:00:00Z"
removed:
  description: How many records of each kind went, or would go in check mode.
  returned: success
  type: dict
  sample: {attestations: 0, runs: 812, profiles: 3, incidents: 2}
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "store_url": {"type": "str", "required": True},
            "keep_days": {"type": "float", "default": 400},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="store_prune works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
