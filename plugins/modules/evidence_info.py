#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what a person would look at first in an incident."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence_info
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Gather the evidence of an incident in one call
description:
  - Returns, in one round trip and within a time limit, how the host stands before anybody touches it.
  - That is load and pressure, memory, the largest and busiest processes, file systems, who listens on which port, and
    what is asked for besides.
  - Every section is bounded, and secrets in it are masked. A section that cannot be read says why, and keeps no other
    section away.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The module never changes anything.
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  units:
    description: systemd units; their state and the last lines of their journals.
    type: list
    elements: str
    default: []
  logs:
    description: Log files; their last lines.
    type: list
    elements: path
    default: []
  databases:
    description: SQLite databases; who holds the write lock.
    type: list
    elements: path
    default: []
  commands:
    description: Further programs that only look.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the section.
        type: str
        required: true
      argv:
        description: Program and arguments; there is no shell.
        type: list
        elements: str
        required: true
  lines:
    description: Lines that are kept of each log and journal.
    type: int
    default: 50
  timeout_seconds:
    description: Time limit of everything together.
    type: float
    default: 30
seealso:
  - module: aiops.runbooks.checks_info
"""

EXAMPLES = r"""
- name: See how the host stands
  aiops.runbooks.evidence_info:
    units: [wiki.service]
    logs: [/var/log/wiki/error.log]
  register: evidence
"""

RETURN = r"""
sections:
  description: Lines by the name of the section.
  returned: success
  type: dict
  sample: {load: ['load average: 0.10 0.20 0.15']}
missing:
  description: Why a section is not there, by its name.
  returned: success
  type: dict
  sample: {}
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 0.4
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.host_evidence import Wanted, gather
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context


def main() -> None:
    """Gather and return."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "str", "default": []},
            "logs": {"type": "list", "elements": "path", "default": []},
            "databases": {"type": "list", "elements": "path", "default": []},
            "commands": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "argv": {"type": "list", "elements": "str", "required": True},
                },
            },
            "lines": {"type": "int", "default": 50},
            "timeout_seconds": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    asked = dict(module.params)
    begun = time.monotonic()
    context = Context(now=time.time(), deadline=begun + asked.pop("timeout_seconds"))
    found = gather(Wanted(**asked), context, time.monotonic)
    module.exit_json(
        changed=False, sections=found.sections, missing=found.missing, seconds=round(time.monotonic() - begun, 3)
    )


if __name__ == "__main__":
    main()
