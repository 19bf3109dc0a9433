#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Save what is known of services before they are stopped or restarted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence_save
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Save what is known of services before they are restarted
description:
  - Writes the state of services, their journal or output, the last lines of logs, and the load, memory, disks and
    largest processes of the host into a new dated directory, and copies whole logs into it.
  - Secrets in the text are masked; copied logs are as they are, for their owner only.
  - What cannot be read is said as that, and a full disk is a problem that is returned, not a failure - nobody is kept
    from a restart.
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
  directory:
    description: Where the dated directory is made.
    type: path
    required: true
  label:
    description: Word in the name of the dated directory.
    type: str
    default: evidence
  services:
    description: The services, with the keys that M(aiops.runbooks.service_control) has.
    type: list
    elements: dict
    default: []
  log_files:
    description: Paths and globs of logs whose last lines are wanted.
    type: list
    elements: str
    default: []
  copy_files:
    description: Paths and globs of logs that are copied as a whole; of what a glob names, the one written to last.
    type: list
    elements: str
    default: []
  last_lines:
    description: How many lines of each log and journal.
    type: int
    default: 200
  since_seconds:
    description: Read journals and the output of containers of so many seconds, instead of their last lines.
    type: float
  matching:
    description: Regular expression of lines that are returned as well.
    type: str
  ask_seconds:
    description: How long each question may take.
    type: float
    default: 10
  keep:
    description:
      - How many dated directories stay in O(directory), that of this call included; 0 for any number. Nothing else that
        lies there is touched.
    type: int
    default: 50
  keep_days:
    description: How old a dated directory may be; 0 for any age.
    type: float
    default: 180
"""

EXAMPLES = r"""
- name: Save what is known before a restart
  aiops.runbooks.evidence_save:
    directory: /var/lib/wiki/evidence
    label: restart
    services: [{name: wiki, manager: systemd, unit: wiki.service}]
    copy_files: [/srv/wiki/logs/app.jsonl]
"""

RETURN = r"""
directory:
  description: The dated directory that was made, or would be.
  returned: success
  type: str
  sample: /var/lib/wiki/evidence/20261121_030405_restart
saved:
  description: The files in it.
  returned: success
  type: list
  elements: str
saved_bytes:
  description: Their size; in check mode that of the logs that would be copied.
  returned: success
  type: int
problems:
  description: What could not be saved, and why.
  returned: success
  type: list
  elements: str
services:
  description: The state of each service in one line.
  returned: success
  type: dict
removed:
  description: Dated directories that went, or would go, because of O(keep) and O(keep_days).
  returned: success
  type: list
  elements: str
matched:
  description: Lines that match, the last hundred.
  returned: success
  type: list
  elements: str
"""

import os
import re
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import evidence
from ansible_collections.aiops.runbooks.plugins.module_utils.copies_bound import due_evidence, remove_directories
from ansible_collections.aiops.runbooks.plugins.module_utils.service_state import Service

_MATCHED_LINES = 100


def main() -> None:
    """Gather, and outside of check mode save it."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "label": {"type": "str", "default": "evidence"},
            "services": {"type": "list", "elements": "dict", "default": []},
            "log_files": {"type": "list", "elements": "str", "default": []},
            "copy_files": {"type": "list", "elements": "str", "default": []},
            "last_lines": {"type": "int", "default": 200},
            "since_seconds": {"type": "float"},
            "matching": {"type": "str"},
            "ask_seconds": {"type": "float", "default": 10},
            "keep": {"type": "int", "default": 50},
            "keep_days": {"type": "float", "default": 180},
        },
        supports_check_mode=True,
    )
    given: dict[str, Any] = module.params
    now = time.time()
    since = None if given["since_seconds"] is None else now - given["since_seconds"]
    services = [Service(**{key: value for key, value in one.items() if value is not None}) for one in given["services"]]
    sections = evidence.gather(services, given["log_files"], given["last_lines"], since, given["ask_seconds"])
    copies = evidence.newest_of(given["copy_files"])
    directory = os.path.join(
        given["directory"], time.strftime("%Y%m%d_%H%M%S", time.gmtime(now)) + "_" + given["label"]
    )
    found = re.compile(given["matching"]) if given["matching"] else None
    lines = [line for title, said in sections if " of " in title for line in said if found and found.search(line)]
    result: dict[str, Any] = {
        "changed": True,
        "directory": directory,
        "services": {one.name: ", ".join(dict(sections)[f"service {one.name}"]) for one in services},
        "matched": lines[-_MATCHED_LINES:],
        "removed": due_evidence(given["directory"], given["keep"], given["keep_days"], now),
    }
    if module.check_mode:
        size = sum(os.path.getsize(path) for path in copies)
        module.exit_json(saved=[], saved_bytes=size, problems=[], **result)
    # Room first: a full disk would keep the new evidence out.
    problems = remove_directories(result["removed"])
    saved = evidence.save(directory, evidence.text_of(sections), copies)
    module.exit_json(**{**saved, "problems": [*problems, *saved["problems"]]}, **result)


if __name__ == "__main__":
    main()
