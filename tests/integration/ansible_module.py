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

#: A call takes a second or two; a machine under load takes its time, and only what hangs is ended.
HANGS_SECONDS = 900
ANSIBLE = Path(sys.executable).parent / "ansible"


@dataclass(frozen=True)
class Answer:
    """What Ansible says about one call."""

    word: str
    result: dict[str, Any]
    difference: str


def call_module(name: str, arguments: dict[str, Any], *options: str) -> Answer:
    """Call a module on this machine.

    Args:
        name: of the module, without the collection's.
        arguments: of the module.
        options: such as ``--check`` and ``--diff``.
    """
    here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    return _call("localhost", name, arguments, [*here, *options])


def call_module_on(host: str, inventory: Path, name: str, arguments: dict[str, Any], *options: str) -> Answer:
    """Call a module on a host of an inventory, see :func:`call_module`."""
    return _call(host, name, arguments, ["-i", str(inventory), *options])


def _call(host: str, name: str, arguments: dict[str, Any], options: list[str]) -> Answer:
    command = [str(ANSIBLE), host, "-m", f"aiops.runbooks.{name}", "-a", json.dumps(arguments), *options]
    variables = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=HANGS_SECONDS, check=False)
    head, arrow, body = done.stdout.partition(" => ")
    assert arrow, done.stdout + done.stderr
    difference, _newline, line = head.rpartition(f"{host} | ")
    return Answer(line.strip().rstrip("!"), json.loads(body), difference)
