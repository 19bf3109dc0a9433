#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action notify_send, which works on the control side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: notify_send
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Send a report or a text to the roles of a profile
description:
  - Puts one message for each receiver into the outbox, in the receiver's language, and delivers what is due.
  - What cannot be delivered now waits in the store.
  - Secrets in texts are masked. No managed host is contacted, and in check mode nothing is written or sent.
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
  files:
    description: Files of a report. The text file of a receiver's language is the message, the page is attached to mail.
    type: list
    elements: path
    default: []
  subject:
    description: One line; without it the first line of the text.
    type: str
    default: ''
  text:
    description: The message, where there are no files.
    type: str
    default: ''
  texts:
    description: The same in several languages (C(en), C(ja)); a receiver gets it in the receiver's own.
    type: dict
    default: {}
  to:
    description: Roles; without them those in C(system_incident.report_to).
    type: list
    elements: str
    default: []
  key:
    description: The same key is sent once; without it, the names of the files, or a key of its own for each text.
    type: str
    default: ''
  patience_seconds:
    description: How long to wait for what cannot be delivered at once.
    type: float
    default: 20
notes:
  - Use the role C(aiops.runbooks.notify), which puts this in its place.
"""

EXAMPLES = r"""
- name: Send the report
  aiops.runbooks.notify_send:
    files: "{{ report_result.files }}"
    store_url: sqlite:////var/lib/aiops-runbooks/store.sqlite
  run_once: true
"""

RETURN = r"""
planned:
  description: Ids of the messages.
  returned: success
  type: list
  elements: str
delivered:
  description: Ids of the messages that have arrived.
  returned: success
  type: list
  elements: str
troubles:
  description: A line for each message that has not, and for each role that nobody has.
  returned: success
  type: list
  elements: str
refused:
  description: Whether a receiver will never take one.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that this is an action of the control side."""
    module = AnsibleModule(
        argument_spec={
            "store_url": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "subject": {"type": "str", "default": ""},
            "text": {"type": "str", "default": ""},
            "texts": {"type": "dict", "default": {}},
            "to": {"type": "list", "elements": "str", "default": []},
            "key": {"type": "str", "default": "", "no_log": False},
            "patience_seconds": {"type": "float", "default": 20},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="notify_send works on the control side only; call it as a task, not through another module")


if __name__ == "__main__":
    main()
