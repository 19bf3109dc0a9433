#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group and count the errors of the last hours."""

from __future__ import annotations

DOCUMENTATION = r"""
module: error_patterns_info
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Group and count the errors of the last hours
description:
  - Reads the errors of the last hours from the journal of units and from logs (Apache's error log, JSON lines), and
    groups those that are the same but for numbers, times, addresses and quoted texts.
  - The window is that of the records' own times. Secrets are masked.
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
    description: systemd units.
    type: list
    elements: str
    default: []
  logs:
    description: Log files or globs; rotated copies are found beside them.
    type: list
    elements: str
    default: []
  hours:
    description: How far back.
    type: float
    default: 1
  timezone:
    description: IANA name of the zone of times that name none.
    type: str
    default: UTC
  most:
    description: How many patterns to return at most.
    type: int
    default: 50
  timeout_seconds:
    description: Time limit of the reading.
    type: float
    default: 30
seealso:
  - module: aiops.runbooks.evidence_info
"""

EXAMPLES = r"""
- name: See what goes wrong
  aiops.runbooks.error_patterns_info:
    units: [wiki.service]
    logs: [/var/log/wiki/error.log]
  register: patterns
"""

RETURN = r"""
patterns:
  description: The patterns, the most frequent first, each with C(text), C(count), C(first), C(last) and an C(example).
  returned: success
  type: list
  elements: dict
errors:
  description: How many errors there were.
  returned: success
  type: int
  sample: 12
notes:
  description: What could not be read.
  returned: success
  type: list
  elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.error_patterns import grouped
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.recent_records import errors_of_journal, errors_of_logs


def main() -> None:
    """Read, group and return."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "str", "default": []},
            "logs": {"type": "list", "elements": "str", "default": []},
            "hours": {"type": "float", "default": 1},
            "timezone": {"type": "str", "default": "UTC"},
            "most": {"type": "int", "default": 50},
            "timeout_seconds": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    asked = module.params
    context = Context(time.time(), time.monotonic() + asked["timeout_seconds"], asked["timezone"])
    notes: list[str] = []
    errors = errors_of_journal(asked["units"], asked["hours"], context, notes)
    errors += errors_of_logs(asked["logs"], asked["hours"], context, notes)
    patterns = [vars(pattern) for pattern in grouped(sorted(errors))[: asked["most"]]]
    module.exit_json(changed=False, patterns=patterns, errors=len(errors), notes=notes[:20])


if __name__ == "__main__":
    main()
