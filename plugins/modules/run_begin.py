#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action run_begin, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_begin
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Begin a run on every system of a play
description:
  - Validates the profile of every host of the batch, selects the checks and actions that are due, and takes the systems
    for this run alone, in one write to the store. No managed host is contacted.
  - A system that another run works on is refused, with who holds it. A holder that is proven dead is replaced.
  - A host whose profile is wrong is left out, with the key and the way out; the others go on.
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
  procedure:
    description: Name of the procedure; selects by C(every).
    type: str
    required: true
  store_url:
    description: SQLAlchemy URL of the store.
    type: str
    required: true
  lease_seconds:
    description: How long this run may hold a system before another controller may take it over.
    type: int
    default: 14400
  checks:
    description: Names of the checks to ask; without it all that are due.
    type: list
    elements: str
    default: []
  confirm:
    description:
      - Hosts on which actions that need a confirmation may be done. Elsewhere a procedure with one is refused before
        anything happens, and a look only plans it.
    type: list
    elements: str
    default: []
  join:
    description:
      - Name that several plays of this procedure have in common, to be one job. Without it slices of an AWX template
        are one job, and every other play is one of its own.
    type: str
    default: ""
seealso:
  - module: aiops.runbooks.run_record
notes:
  - Use the role C(aiops.runbooks.run), which puts this in its place.
"""

EXAMPLES = r"""
- name: Begin the weekly run
  aiops.runbooks.run_begin:
    procedure: weekly
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  run_once: true
  register: run_begun
"""

RETURN = r"""
hosts:
  description:
    - For each host, whether to C(go) on, whether it was C(refused), its C(checks), C(actions) and C(run) record.
  returned: success
  type: dict
part:
  description: Identity of the play, the same in all of its batches.
  returned: success
  type: str
job:
  description: Name of the job that the play belongs to.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "procedure": {"type": "str", "required": True},
            "store_url": {"type": "str", "required": True},
            "lease_seconds": {"type": "int", "default": 14400},
            "checks": {"type": "list", "elements": "str", "default": []},
            "confirm": {"type": "list", "elements": "str", "default": []},
            "join": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="run_begin works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
