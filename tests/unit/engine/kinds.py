# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check kinds that misbehave, one way each, to see what the engine makes of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.model import Observation
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context


def _kind(look: Any, metrics: dict[str, str] | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        PARAMETERS={"value": {"type": "raw"}}, METRICS=metrics or {"figure": "%", "other": "B"}, look=look
    )


def _figure(parameters: dict[str, Any], _context: Any) -> Observation:
    return Observation(value=parameters["value"], metrics={"other": 5}, evidence=["token=abcdefgh"], coverage=0.5)


def _hang(_parameters: dict[str, Any], _context: Any) -> Observation:
    time.sleep(3600)
    return Observation(value=0)


def _open_fifo(parameters: dict[str, Any], _context: Any) -> Observation:
    with open(parameters["value"], "rb") as never:
        never.read()
    return Observation(value=0)


def _fault(_parameters: dict[str, Any], _context: Any) -> Observation:
    raise CheckError("file_missing", state="critical", path="/nowhere", evidence=["ls: no such file"])


def _defect(_parameters: dict[str, Any], _context: Any) -> Observation:
    raise ZeroDivisionError("password=hunter22")


def _crash(_parameters: dict[str, Any], _context: Any) -> Observation:
    # Only this check's own thread is left beside the one that waits for all of them: the others have answered.
    while threading.active_count() > 2:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def _deaf(parameters: dict[str, Any], context: Any) -> Observation:
    patient = Context(context.now, time.monotonic() + 3600)
    return Observation(value=patient.run(["sh", "-c", parameters["value"]]).returncode)


def _command(parameters: dict[str, Any], context: Any) -> Observation:
    completed = context.run(["sh", "-c", parameters["value"]])
    return Observation(value=completed.returncode, evidence=[completed.stdout, str(completed.timed_out)])


KINDS = {
    "figure": _kind(_figure),
    "hang": _kind(_hang),
    "fifo": _kind(_open_fifo),
    "fault": _kind(_fault),
    "defect": _kind(_defect),
    "crash": _kind(_crash),
    "command": _kind(_command),
    "deaf": _kind(_deaf),
}
