#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action run_record, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_record
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Record the runs of a play
description:
  - Records what was found and done on every host of the batch, in one write to the store, also where a procedure failed
    or the host was unreachable, and gives the systems free.
  - After the first of several batches of a procedure that acts, all of its hosts must be well; after the others, no
    more hosts may have failed than the limits allow. Otherwise the hosts of later batches are recorded as C(not_run),
    with the reason.
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
  store_url:
    description: SQLAlchemy URL of the store.
    type: str
    required: true
  max_failures:
    description: How many hosts may fail, counted over all batches of the play, before the rest is not run any more.
    type: int
  max_fail_percentage:
    description: Which share (0 to 100) of all hosts of the play may fail, counted over all batches.
    type: float
seealso:
  - module: aiops.runbooks.run_begin
notes:
  - Use the role C(aiops.runbooks.run), which puts this in its place.
"""

EXAMPLES = r"""
- name: Record all systems of this play at once
  aiops.runbooks.run_record:
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  run_once: true
  register: run_recorded
"""

RETURN = r"""
runs:
  description: The run records, one for each host, and one for each that is not run.
  returned: always
  type: list
  elements: dict
hosts:
  description: For each host, its C(state), whether the run must end as C(failed), and the C(message) that says why.
  returned: always
  type: dict
fleet:
  description:
    - The C(job) of the play, its identity (C(part)), the number of this C(batch), the hosts that C(failed) up to it.
    - Whether the play is C(stopped), how many C(parts) the job has, and whether its report is due (C(reporting)).
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "store_url": {"type": "str", "required": True},
            "max_failures": {"type": "int"},
            "max_fail_percentage": {"type": "float"},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="run_record works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
