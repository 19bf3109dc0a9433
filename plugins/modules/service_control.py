#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop or restart one service, and prove it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_control
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Start, stop or restart one service, and prove it
description:
  - Starts, stops or restarts a service of systemd, of Docker Compose, or one that is known by its pid file.
  - A service is told by its instance - invocation, container with its start, or process id with start time and command
    line - and never by the name of a process. A signal goes to exactly the process that was looked at.
  - Every wait is bounded. A service that was started has to stay the same instance for O(steady_seconds).
  - A process id that became another program's is nobody's service; where that cannot be told, the module fails and
    signals nothing.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
options:
  name:
    description: What the service is called in messages.
    type: str
    required: true
  state:
    description: What it has to be. V(restarted) starts a service that does not run.
    type: str
    choices: [started, stopped, restarted]
    required: true
  manager:
    description: Who runs the service.
    type: str
    choices: [systemd, compose, pid_file]
    default: systemd
  unit:
    description: The systemd unit.
    type: str
  compose_project_directory:
    description: Directory of the compose file.
    type: path
  compose_service:
    description: Service of the compose file.
    type: str
  pid_file:
    description: File that holds the process id. It is written by a start and removed by a stop.
    type: path
  command_contains:
    description: Text in the command line of the service's process.
    type: str
  start_command:
    description: Program and arguments that start the service of a pid file. It stays in the foreground.
    type: list
    elements: str
  working_directory:
    description: Where the program runs.
    type: path
  environment:
    description: Variables of the program.
    type: dict
    default: {}
  log_file:
    description: File that the program's output is appended to. Without it the pid file's name with C(.log) added.
    type: path
  error_log_file:
    description: File that its errors are appended to; without it they go where the output goes.
    type: path
  timeout_seconds:
    description: How long stopping and starting may take, each.
    type: float
    default: 60
  force_after_seconds:
    description:
      - After how long a service that does not stop is killed. Without it it never is, and the module fails at its time
        limit; only Docker Compose kills by itself, shortly before the time limit.
    type: float
  steady_seconds:
    description: For how long a service that was started has to stay the same instance.
    type: float
    default: 1
  recreate:
    description: Whether a restart of a compose service makes a new container, which applies a changed compose file.
    type: bool
    default: false
seealso:
  - module: aiops.runbooks.checks_info
"""

EXAMPLES = r"""
- name: Restart the unit, killing it if it has not stopped after twenty seconds
  aiops.runbooks.service_control:
    name: wiki
    state: restarted
    unit: wiki.service
    force_after_seconds: 20

- name: Stop a service that is known by its pid file
  aiops.runbooks.service_control:
    name: wiki
    state: stopped
    manager: pid_file
    pid_file: /run/wiki.pid
    command_contains: wiki/serve.py

- name: Apply a changed compose file to one service
  aiops.runbooks.service_control:
    name: worker
    state: restarted
    manager: compose
    compose_project_directory: /srv/wiki
    compose_service: worker
    recreate: true
"""

RETURN = r"""
before:
  description: The service before.
  returned: always
  type: dict
  contains:
    active:
      description: Whether it runs; in containers, whether it is healthy as well.
      type: bool
    state:
      description: The manager's word.
      type: str
    pid:
      description: Its main process.
      type: int
    instance:
      description: Changes with every start; none when it does not run.
      type: str
after:
  description: The service afterwards; in check mode what it would be, without pid and instance.
  returned: success
  type: dict
  contains:
    active:
      description: Whether it runs; in containers, whether it is healthy as well.
      type: bool
    state:
      description: The manager's word.
      type: str
    pid:
      description: Its main process.
      type: int
    instance:
      description: Changes with every start; none when it does not run.
      type: str
steps:
  description: What was to be done, in check mode as well.
  returned: always
  type: list
  elements: str
  sample: [stop, start]
did:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
  sample: [sent SIGTERM to process 4711, started process 4812]
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.service_control import apply, plan
from ansible_collections.aiops.runbooks.plugins.module_utils.service_state import Service, look

_SERVICE = {
    "name": {"type": "str", "required": True},
    "manager": {"type": "str", "choices": ["systemd", "compose", "pid_file"], "default": "systemd"},
    "unit": {"type": "str"},
    "compose_project_directory": {"type": "path"},
    "compose_service": {"type": "str"},
    "pid_file": {"type": "path"},
    "command_contains": {"type": "str"},
    "start_command": {"type": "list", "elements": "str"},
    "working_directory": {"type": "path"},
    "environment": {"type": "dict", "default": {}},
    "log_file": {"type": "path"},
    "error_log_file": {"type": "path"},
}


def main() -> None:
    """Look, plan, and outside of check mode do it."""
    module = AnsibleModule(
        argument_spec={
            **_SERVICE,
            "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "required": True},
            "timeout_seconds": {"type": "float", "default": 60},
            "force_after_seconds": {"type": "float"},
            "steady_seconds": {"type": "float", "default": 1},
            "recreate": {"type": "bool", "default": False},
        },
        required_if=[
            ("manager", "systemd", ["unit"]),
            ("manager", "compose", ["compose_service"]),
            ("manager", "pid_file", ["pid_file", "command_contains"]),
        ],
        supports_check_mode=True,
    )
    given: dict[str, Any] = module.params
    service = Service(**{key: given[key] for key in _SERVICE})
    timeout, force = given["timeout_seconds"], given["force_after_seconds"]
    if force is not None and not 0 <= force < timeout:
        module.fail_json(msg=f"force_after_seconds ({force}) has to be less than timeout_seconds ({timeout})")
    result: dict[str, Any] = {"changed": False, "steps": [], "did": []}
    try:
        before = look(service, time.monotonic() + timeout)
        result["before"] = before.shown()
        result["steps"] = steps = plan(before, given["state"])
        if "start" in steps and service.manager == "pid_file" and not service.start_command:
            raise RunbooksError(f"{service.name} has no start_command", "Name the program that starts it")
        if module.check_mode or not steps:
            after = before.shown() if not steps else predicted(steps)
        else:
            # Whatever fails from here on may have changed something.
            result["changed"] = True
            snapshot, result["did"] = apply(
                service, before, steps, timeout, force, given["steady_seconds"], given["recreate"]
            )
            after = snapshot.shown()
    except RunbooksError as error:
        module.fail_json(msg=str(error), **result)
    result["changed"] = bool(steps)
    result["after"] = after
    if module._diff and steps:
        header = {"before_header": service.name, "after_header": service.name}
        result["diff"] = {**header, "before": before.state + "\n", "after": after["state"] + "\n"}
    module.exit_json(**result)


def predicted(steps: list[str]) -> dict[str, Any]:
    """Return the service as the steps would leave it."""
    active = steps[-1] == "start"
    return {"active": active, "state": "running" if active else "stopped", "pid": None, "instance": None}


if __name__ == "__main__":
    main()
