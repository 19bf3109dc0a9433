#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use an application as its users do, and say whether it works."""

from __future__ import annotations

DOCUMENTATION = r"""
module: http_sequence
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Use an application as its users do, and say whether it works
description:
  - Sends requests one after the other. Each can use what the answers before it said. The first that does not go as
    expected ends the test, but for the steps that happen in any case, such as removing what the test has made.
  - What it does to the application is what the steps do. In check mode nothing is sent.
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
  base_url:
    description: Scheme, host and port.
    type: str
    required: true
  steps:
    description: The requests in their order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the step is called.
        type: str
      path:
        description: Path and query; C({name}) stands for what a step before it has kept.
        type: str
        required: true
      method:
        description: Method; GET, or POST when something is sent.
        type: str
      json:
        description: Document that is sent.
        type: raw
      form:
        description: Fields of a form that is sent.
        type: dict
      expect_status:
        description: Statuses that are right; 200, 201, 202 and 204 unless given.
        type: list
        elements: int
      expect_body:
        description: Keys of the JSON answer, dots leading into it, with the value or the values that are right.
        type: dict
      minimum_bytes:
        description: Smallest answer that is right.
        type: int
      keep:
        description: Names, with the key of the JSON answer whose value each keeps.
        type: dict
      always:
        description: Whether the step happens also after one before it failed.
        type: bool
        default: false
  headers:
    description: Headers of every request.
    type: dict
    default: {}
  timeout_seconds:
    description: How long each request may take.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Make a page, read it, remove it
  aiops.runbooks.http_sequence:
    base_url: http://127.0.0.1:8080
    steps:
      - name: make
        path: /api/pages
        json: {title: Functional test}
        keep: {page: id}
      - name: read
        path: "/api/pages/{page}"
        expect_body: {title: Functional test}
      - name: remove
        method: DELETE
        path: "/api/pages/{page}"
        always: true
"""

RETURN = r"""
steps:
  description: What was done, in its order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the step.
      type: str
    status:
      description: Status of the answer.
      type: int
    seconds:
      description: Until the answer was read.
      type: float
    bytes:
      description: Length of the answer.
      type: int
  sample: [{name: make, status: 201, seconds: 0.03, bytes: 41}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.http_sequence import checked_steps, run_steps


def main() -> None:
    """Run the steps."""
    module = AnsibleModule(
        argument_spec={
            "base_url": {"type": "str", "required": True},
            "steps": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str"},
                    "path": {"type": "str", "required": True},
                    "method": {"type": "str"},
                    "json": {"type": "raw"},
                    "form": {"type": "dict"},
                    "expect_status": {"type": "list", "elements": "int"},
                    "expect_body": {"type": "dict"},
                    "minimum_bytes": {"type": "int"},
                    "keep": {"type": "dict"},
                    "always": {"type": "bool", "default": False},
                },
            },
            "headers": {"type": "dict", "default": {}, "no_log": True},
            "timeout_seconds": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    given = [{key: value for key, value in step.items() if value is not None} for step in module.params["steps"]]
    headers = {str(name): str(value) for name, value in module.params["headers"].items()}
    try:
        steps = checked_steps(given)
        if module.check_mode:
            module.exit_json(changed=False, steps=[])
        done = run_steps(module.params["base_url"], steps, headers, module.params["timeout_seconds"])
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, steps=[vars(one) for one in done])


if __name__ == "__main__":
    main()
