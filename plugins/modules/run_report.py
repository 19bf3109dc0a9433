#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action run_report, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_report
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Write the report of a procedure
description:
  - Writes the report of a period in the runbook's layout, as text in each language and as one self-contained page with
    all languages, from the records in the store.
  - The period is the day (V(daily), V(evening)), the last seven days (V(weekly)), or the calendar's month or quarter in
    the zone of the systems. In its first week a report is about the month or quarter that has just ended, later about
    the present one so far.
  - What could not be measured says so, with the reason. Figures that contradict each other are not printed; the report
    and the return value name them.
  - In check mode nothing is written.
  - Shows the table of systems and verdicts, unless the callback P(aiops.runbooks.summary#callback) is enabled, which
    shows it at the very end.
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
    description: The procedure whose layout is used and whose newest runs are reported.
    type: str
    choices: [daily, evening, weekly, monthly, quarterly]
    default: weekly
  runs:
    description:
      - The run records that the report is about, as RV(aiops.runbooks.run_record#module:runs).
      - Without it, what M(aiops.runbooks.run_record) registered as C(run_recorded) in the same play. Without that, too,
        or with an empty list, the newest run of the procedure of every system in the store.
    type: list
    elements: dict
  store_url:
    description: SQLAlchemy URL of the store; it is only read.
    type: str
    required: true
  directory:
    description: Where the files are written; it is created when there is none.
    type: path
    required: true
  languages:
    description: Languages of the report; the first is the one that the page opens in.
    type: list
    elements: str
    choices: [en, ja]
    default: [en, ja]
  timezone:
    description: IANA name of the zone of dates and times; without it that of the systems, or UTC when they differ.
    type: str
  finished:
    description: Moment of the report in ISO 8601, such as V(2026-11-21T10:00:00Z); without it now.
    type: str
  hosts:
    description: Only these hosts of the store; without it those of O(runs), or all.
    type: list
    elements: str
  job:
    description:
      - Name of a job that the report is about, with a line for every host that it was started on, also for those that a
        dead control node never began.
    type: str
    default: ""
seealso:
  - module: aiops.runbooks.run_record
notes:
  - Use the role C(aiops.runbooks.report), which puts this in its place.
"""

EXAMPLES = r"""
- name: Write the weekly report of everything that is in the store
  aiops.runbooks.run_report:
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
    directory: /var/lib/aiops-runbooks/reports
  run_once: true
"""

RETURN = r"""
files:
  description: Paths of the files that were written, the page first.
  returned: always
  type: list
  elements: str
contradictions:
  description: One sentence for each pair of figures that do not reconcile.
  returned: always
  type: list
  elements: str
attestations:
  description:
    - What a person has yet to look at, with C(host), C(name), C(title), C(state) (V(open) or V(overdue)) and C(due).
  returned: always
  type: list
  elements: dict
runs:
  description: The runs of all slices of a job, for the callback that shows the table; empty for one job.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "procedure": {
                "type": "str",
                "choices": ["daily", "evening", "weekly", "monthly", "quarterly"],
                "default": "weekly",
            },
            "runs": {"type": "list", "elements": "dict"},
            "store_url": {"type": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "languages": {"type": "list", "elements": "str", "choices": ["en", "ja"], "default": ["en", "ja"]},
            "timezone": {"type": "str"},
            "finished": {"type": "str"},
            "hosts": {"type": "list", "elements": "str"},
            "job": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="run_report works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
