#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action metrics_export, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_export
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Export recorded runs as Prometheus metrics and JUnit XML
description:
  - Writes one text file of metrics for each host of the batch, for the textfile collector of the node exporter, from
    the newest finished run of each procedure in the store, and one JUnit file for each run of the play.
  - A file is written beside its place and put there in one step, so that nobody reads half of one.
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
    description: SQLAlchemy URL of the store; it is only read.
    type: str
    required: true
  directory:
    description: Where C(aiops-HOST.prom) is written, on the control side, readable by everybody. Without it, nowhere.
    type: path
  junit_directory:
    description:
      - Where C(aiops-PROCEDURE-HOST.xml) is written, readable by its owner. Without it, nowhere.
      - Critical is a failure with its reason, unknown an error, a warning passes and says why.
      - The runs are those of the play, or the newest of the store in a play that recorded none.
    type: path
  language:
    description: Language of the reasons.
    type: str
    choices: [en, ja]
    default: en
seealso:
  - module: aiops.runbooks.run_record
notes:
  - Use the role C(aiops.runbooks.metrics_export), which puts this in its place.
"""

EXAMPLES = r"""
- name: Write the metrics of all hosts of the play
  aiops.runbooks.metrics_export:
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
    directory: /var/lib/prometheus/node-exporter
  run_once: true
"""

RETURN = r"""
hosts:
  description: For each host that has a finished run, its metrics as text.
  returned: always
  type: dict
files:
  description: Paths of the files that were written.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "store_url": {"type": "str", "required": True},
            "directory": {"type": "path"},
            "junit_directory": {"type": "path"},
            "language": {"type": "str", "choices": ["en", "ja"], "default": "en"},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="metrics_export works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
