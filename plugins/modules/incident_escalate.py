#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action incident_escalate, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_escalate
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Do what is due in open incidents, and deliver messages
description:
  - Plans what C(system_escalation) says is due, each moment once, delivers what waits in the outbox, in order and with
    pauses, and writes the incident reports. Killed at any point it neither loses nor repeats a message.
  - No managed host is contacted, and in check mode nothing is written or sent.
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
  hosts:
    description: Hosts whose incidents are looked at.
    type: list
    elements: str
    required: true
  patience_seconds:
    description: How long to wait for messages that cannot be delivered at once.
    type: float
    default: 10
  report_directory:
    description: Directory of the reports; without it none are written.
    type: path
  languages:
    description: Languages of the reports.
    type: list
    elements: str
    choices: [en, ja]
    default: [en, ja]
notes:
  - Use the role C(aiops.runbooks.escalate), which puts this in its place.
"""

EXAMPLES = r"""
- name: Do what is due
  aiops.runbooks.incident_escalate:
    hosts: "{{ ansible_play_hosts_all }}"
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  run_once: true
"""

RETURN = r"""
open:
  description: Open incidents.
  returned: success
  type: list
  elements: dict
planned:
  description: How many messages were planned.
  returned: success
  type: int
delivered:
  description: Messages that have arrived.
  returned: success
  type: list
  elements: str
troubles:
  description: A line for each message that has not.
  returned: success
  type: list
  elements: str
files:
  description: The reports.
  returned: success
  type: list
  elements: str
figures:
  description: How many incidents, and the mean times to acknowledge and to recover, in seconds.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "store_url": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "str", "required": True},
            "patience_seconds": {"type": "float", "default": 10},
            "report_directory": {"type": "path"},
            "languages": {"type": "list", "elements": "str", "choices": ["en", "ja"], "default": ["en", "ja"]},
        },
        supports_check_mode=True,
    )
    module.fail_json(
        msg="incident_escalate works on the control side only; call it as a task, not through another module"
    )


if __name__ == "__main__":
    main()
