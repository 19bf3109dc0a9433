#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action incident_event, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_event
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Record what happened in a host's open incident
description:
  - Records an event, with what is due because of it, in one transaction. The same key of an incident changes nothing.
  - No managed host is contacted, and in check mode nothing is written.
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
  kind:
    description: Kind of the event.
    type: str
    required: true
    choices: [evidence, rung, note, acknowledged, recovered, approved]
  store_url:
    description: SQLAlchemy URL of the store.
    type: str
    required: true
  key:
    description: Idempotency key within the incident; without one every call is an event of its own.
    type: str
    default: ''
  detail:
    description: What is kept of it.
    type: dict
    default: {}
  facts:
    description: What the reports say from then on.
    type: dict
    default: {}
  categories:
    description: Categories that the incident gets.
    type: list
    elements: str
    default: []
  step:
    description: The step that is approved.
    type: str
    default: ''
  hours:
    description: For how long an approval holds.
    type: float
    default: 4
  directory:
    description: Directory on the control side where evidence is kept as a file.
    type: path
notes:
  - Use the role C(aiops.runbooks.incident), which puts this in its place.
"""

EXAMPLES = r"""
- name: Note what was found
  aiops.runbooks.incident_event:
    kind: note
    detail: {what: The provider has a fault}
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
"""

RETURN = r"""
incident:
  description: The incident afterwards.
  returned: success
  type: dict
files:
  description: Files that were written.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "kind": {
                "type": "str",
                "required": True,
                "choices": ["evidence", "rung", "note", "acknowledged", "recovered", "approved"],
            },
            "store_url": {"type": "str", "required": True},
            "key": {"type": "str", "default": "", "no_log": False},
            "detail": {"type": "dict", "default": {}},
            "facts": {"type": "dict", "default": {}},
            "categories": {"type": "list", "elements": "str", "default": []},
            "step": {"type": "str", "default": ""},
            "hours": {"type": "float", "default": 4},
            "directory": {"type": "path"},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="incident_event works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
