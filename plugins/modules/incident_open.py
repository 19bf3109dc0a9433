#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action incident_open, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_open
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Make of a look whether a host has an incident
description:
  - Classifies what C(run_look) has registered by the profile's C(system_priorities). It opens an incident, joins the
    open one of this host, or sees that it is over, in one transaction with the messages that are due because of it.
  - Returns the steps of the level's ladder. No managed host is contacted, and in check mode nothing is written.
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
    description: SQLAlchemy URL of the store.
    type: str
    required: true
  level:
    description: Level that a person or an event gives. The rules can only make it worse.
    type: str
    choices: ['', P1, P2, P3, P4]
    default: ''
  categories:
    description: Categories that a person or an event gives.
    type: list
    elements: str
    default: []
  what:
    description: What has happened, in words.
    type: str
    default: ''
  key:
    description:
      - Idempotency key of the event; the id of the run without one.
      - An event whose key an incident of the host has had already changes nothing in it.
        For O(key_hold_minutes) after that incident is over, it opens none either, unless the checks say so.
    type: str
    default: ''
  key_hold_minutes:
    description: How long after an incident is over its keys are remembered.
    type: int
    default: 60
  approve:
    description: Steps that the operator approves for this run, by name or type of the action.
    type: list
    elements: str
    default: []
  in_maintenance:
    description:
      - Whether to open an incident within a maintenance window, too.
        A person who gives a O(level), without a O(key), always opens one.
    type: bool
    default: false
notes:
  - Use the role C(aiops.runbooks.incident), which puts this in its place.
"""

EXAMPLES = r"""
- name: Open an incident or join the open one
  aiops.runbooks.incident_open:
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  register: incident_opened
"""

RETURN = r"""
open:
  description: Whether the host has an open incident.
  returned: success
  type: bool
over:
  description: Whether the open incident was seen to be over.
  returned: success
  type: bool
incident:
  description: The incident.
  returned: when there is one
  type: dict
level:
  description: Its level.
  returned: when there is one
  type: str
rungs:
  description: The steps of its ladder.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "store_url": {"type": "str", "required": True},
            "level": {"type": "str", "choices": ["", "P1", "P2", "P3", "P4"], "default": ""},
            "categories": {"type": "list", "elements": "str", "default": []},
            "what": {"type": "str", "default": ""},
            "key": {"type": "str", "default": "", "no_log": False},
            "key_hold_minutes": {"type": "int", "default": 60, "no_log": False},
            "approve": {"type": "list", "elements": "str", "default": []},
            "in_maintenance": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="incident_open works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
