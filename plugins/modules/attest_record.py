#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action attest_record, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: attest_record
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Record that a person has looked at something
description:
  - Records for every host of the batch that an item of its C(system_attestations) was looked at, with who, when, the
    note and the run whose evidence they saw, in one write to the store. No managed host is contacted.
  - An item that a host's profile does not have is refused, and so is one whose evidence no run has gathered; nothing
    is recorded for any host then.
  - A record is never changed; another one may follow.
  - In check mode nothing is written.
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
  item:
    description: Name of the item.
    type: str
    required: true
  note:
    description: What the person says about it.
    type: str
    required: true
  store_url:
    description: SQLAlchemy URL of the store.
    type: str
    required: true
seealso:
  - module: aiops.runbooks.run_report
notes:
  - Use the role C(aiops.runbooks.attest), which puts this in its place.
"""

EXAMPLES = r"""
- name: Record that the review queue was looked at
  aiops.runbooks.attest_record:
    item: needs_review
    note: Twelve entries, all known vendors; four given to the analysts.
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  run_once: true
"""

RETURN = r"""
attestations:
  description:
    - The records, one for each host, with C(host), C(system), C(item), C(attested), C(operator), C(controller), C(note)
      and C(evidence_run_id).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "item": {"type": "str", "required": True},
            "note": {"type": "str", "required": True},
            "store_url": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="attest_record works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
