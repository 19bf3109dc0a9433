#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action maintenance_window, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: maintenance_window
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Plan, end and list maintenance windows
description:
  - Records in the store when hosts may be down. Objectives and reports leave that time out; a host that cannot be
    reached in it is no downtime. No managed host is contacted.
  - A window needs an end and begins now or later. Downtime that was not announced stays downtime.
  - Nothing is ever removed. A window that is ended before it began counts for nothing.
  - A window that is planned already is not planned twice. In check mode nothing is written.
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
  hosts:
    description: Inventory hosts.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(planned) records a window. V(ended) ends those that hold now, V(cancelled) also those to come.
      - V(listed) only tells which are not over.
    type: str
    default: listed
    choices: [planned, ended, cancelled, listed]
  window:
    description: Beginning and end at once, V(now for 30 minutes) or V(2026-12-01 22:00 to 2026-12-02 02:00).
    type: str
  start:
    description: V(now), or a time; without an offset it is of the system's own zone.
    type: str
  end:
    description: A time, or a length such as V(30 minutes).
    type: str
  reason:
    description: What is done in it; a new window needs one.
    type: str
  ids:
    description: End only these windows.
    type: list
    elements: str
  store_url:
    description: SQLAlchemy URL of the store.
    type: str
    required: true
seealso:
  - module: aiops.runbooks.run_report
notes:
  - Use the role C(aiops.runbooks.maintenance_window), which puts this in its place.
"""

EXAMPLES = r"""
- name: Say that the host may be down tonight
  aiops.runbooks.maintenance_window:
    hosts: [wiki-1]
    state: planned
    window: 2026-12-01 22:00 to 2026-12-02 02:00
    reason: New disks
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  run_once: true
"""

RETURN = r"""
windows:
  description:
    - The windows that were planned or ended, or those that are not over, with C(id), C(host), C(system), C(begins),
      C(ends), C(until), C(reason), C(operator), C(controller) and C(planned); C(closed) and C(closed_by) once ended.
  returned: success
  type: list
  elements: dict
summary:
  description: A sentence for each of them.
  returned: success
  type: list
  elements: str
texts:
  description: What people are told of them, by language (C(en), C(ja)), in the times of their system.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "default": "listed", "choices": ["planned", "ended", "cancelled", "listed"]},
            "window": {"type": "str"},
            "start": {"type": "str"},
            "end": {"type": "str"},
            "reason": {"type": "str"},
            "ids": {"type": "list", "elements": "str"},
            "store_url": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="maintenance_window works on the control side only; call it as a task of a play")


if __name__ == "__main__":
    main()
