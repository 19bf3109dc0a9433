# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection on this machine, through Ansible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSIBLE = Path(sys.executable).parent / "ansible"


@dataclass(frozen=True)
class Answer:
    """What Ansible says about one call."""

    word: str
    result: dict[str, Any]
    difference: str


def call_module(name: str, arguments: dict[str, Any], *options: str, **environment: str) -> Answer:
    """Call a module.

    Args:
        name: of the module, without the collection's.
        arguments: of the module.
        options: such as ``--check`` and ``--diff``.
        environment: variables for Ansible and the module.
    """
    command = [str(ANSIBLE), "-i", "localhost,", "-c", "local", "localhost", "-m", f"aiops.runbooks.{name}"]
    command += ["-a", json.dumps(arguments), "-e", f"ansible_python_interpreter={sys.executable}", *options]
    variables = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    head, arrow, body = done.stdout.partition(" => ")
    assert arrow, done.stdout + done.stderr
    difference, _newline, line = head.rpartition("localhost | ")
    return Answer(line.strip().rstrip("!"), json.loads(body), difference)
