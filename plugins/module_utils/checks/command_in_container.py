# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command inside a Compose service's container says, such as whether a package can be imported (SBX-01).

The command must only look. It gets no terminal and no input; a container that is down is named as that.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ..compose import ask_docker
from ..errors import CheckError
from ..model import CRITICAL, Observation
from ..probe import Completed, Context
from . import command

PARAMETERS = {
    "project_directory": {"type": "path", "required": True, "description": "Directory of the compose file."},
    "service": {"type": "str", "required": True, "description": "Service of the compose file."},
    **{
        name: command.PARAMETERS[name]
        for name in ("argv", "expect_returncode", "value_pattern", "value_unit", "expect_text")
    },
}
METRICS = command.METRICS
_DOWN = re.compile(r"(?i)is not running|is paused|is restarting|no container found")
_NO_DAEMON = re.compile(r"(?i)cannot connect to the docker daemon|permission denied while trying to connect")


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Run the command in the service's first container, within the time limit.

    Raises:
        CheckError: ``container_not_running`` (critical), ``service_manager_unavailable``, ``timed_out`` or those of
            kind ``command``.
    """
    directory = parameters["project_directory"]
    if not parameters["argv"]:
        raise CheckError("parameter_needed", parameter="argv", manager="command_in_container")
    if not os.path.isdir(directory):
        raise CheckError("file_missing", state=CRITICAL, path=directory)
    argv = ["docker", "compose", "exec", "-T", parameters["service"], *parameters["argv"]]
    return observe(ask_docker(argv, context, directory), parameters)


def observe(done: Completed, parameters: dict[str, Any]) -> Observation:
    """Judge a command that has ended.

    Args:
        done: exit status and output of ``docker compose exec``.
        parameters: service, and those of kind ``command``.

    Raises:
        CheckError: the container does not run, or Docker does not answer.
    """
    evidence = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()][:5]
    service = parameters["service"]
    if done.returncode != 0 and _NO_DAEMON.search(done.stderr):
        raise CheckError("service_manager_unavailable", evidence=evidence, manager="docker compose", service=service)
    if done.returncode != 0 and _DOWN.search(done.stderr):
        raise CheckError("container_not_running", state=CRITICAL, evidence=evidence, service=service)
    return command.observe(done, parameters, evidence)
