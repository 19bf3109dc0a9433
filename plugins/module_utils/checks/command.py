# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command of the system says by its exit status and its output.

For what no other kind reads. The command must only look: it runs with every look at the system, in check mode too.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ..errors import CheckError
from ..model import CRITICAL, Observation, Reason
from ..probe import Completed, Context

PARAMETERS = {
    "argv": {"type": "list", "elements": "str", "required": True, "description": "Program and arguments; no shell."},
    "expect_returncode": {
        "type": "list",
        "elements": "int",
        "default": [0],
        "description": "Exit statuses that are right; another is critical.",
    },
    "value_pattern": {
        "type": "str",
        "description": "Regular expression whose first group is the number to measure, searched in the output.",
    },
    "value_unit": {"type": "str", "default": "", "description": "Unit of that number."},
    "expect_text": {"type": "str", "description": "Text that the output must contain; missing is critical."},
    "cwd": {"type": "path", "description": "Directory to run in."},
    "environment": {"type": "dict", "description": "Further environment variables."},
}
METRICS = {"number": "", "returncode": ""}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Run the command within the time limit; its children end with it."""
    argv = parameters["argv"]
    if not argv:
        raise CheckError("parameter_needed", parameter="argv", manager="command")
    cwd = parameters.get("cwd")
    if cwd and not os.path.isdir(cwd):
        raise CheckError("file_missing", state=CRITICAL, path=cwd)
    environment = {str(name): str(value) for name, value in (parameters.get("environment") or {}).items()}
    allowed = round(context.remaining(), 1)
    done = context.run(argv, environment=environment, cwd=cwd)
    if done.timed_out:
        raise CheckError("timed_out", evidence=[f"waited for {argv[0]}", *context.lines(done)], seconds=allowed)
    return observe(done, parameters, context.lines(done))


def observe(done: Completed, parameters: dict[str, Any], evidence: list[str]) -> Observation:
    """Judge a command that has ended.

    Args:
        done: exit status and output.
        parameters: expect_returncode, value_pattern, value_unit, expect_text and argv of the check.
        evidence: lines to show.

    Raises:
        CheckError: ``command_value_missing`` when the output has no such number.
    """
    name = os.path.basename(parameters["argv"][0])
    state, reason = "ok", None
    if done.returncode not in parameters["expect_returncode"]:
        wanted = ", ".join(str(code) for code in parameters["expect_returncode"])
        fields = {"command": name, "returncode": done.returncode, "expected": wanted}
        state, reason = CRITICAL, Reason("command_failed", fields)
    elif parameters.get("expect_text") and parameters["expect_text"] not in done.stdout:
        state = CRITICAL
        reason = Reason("command_text_missing", {"command": name, "text": parameters["expect_text"]})
    value = None
    if parameters.get("value_pattern"):
        value = _number(parameters["value_pattern"], done.stdout)
        if value is None and reason is None:
            raise CheckError("command_value_missing", evidence=evidence, command=name)
    return Observation(
        value=value,
        unit=parameters.get("value_unit") or "",
        state=state,
        reason=reason,
        metrics={"returncode": done.returncode},
        evidence=evidence,
    )


def _number(pattern: str, text: str) -> float | int | None:
    try:
        match = re.search(pattern, text, re.MULTILINE)
    except re.error as error:
        raise CheckError("command_pattern_invalid", pattern=pattern, error=str(error)) from None
    if match is None or not match.re.groups or match.group(1) is None:
        return None
    digits = match.group(1).replace(",", "").strip()
    try:
        number = float(digits)
    except ValueError:
        return None
    return int(number) if number.is_integer() and "." not in digits else number
