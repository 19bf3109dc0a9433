# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let an application write an export of its own data (DIY-12): bounded in time, and never an empty file called good."""

from __future__ import annotations

import json
import os
import signal
from typing import Callable

from .backup_plan import Content
from .backup_root import BackupError

#: In the arguments of the command, the path of the file that it writes; without it standard output is kept.
OUTPUT = "{output}"
_EVIDENCE_CHARACTERS = 300
_EVIDENCE_BYTES = 1 << 16


def run_export(content: Content, target: str, remaining: Callable[[], float]) -> None:
    """Run an application's export command.

    Args:
        content: its ``command`` and ``working_directory``.
        target: the file to make.
        remaining: seconds that are left.

    Raises:
        BackupError: the command is missing, failed, took too long, or wrote nothing or no JSON to a ``.json`` name.
        OSError: such as a full disk.
    """
    import subprocess

    command = [part.replace(OUTPUT, target) for part in content.command]
    to_file = command != list(content.command)
    errors_path = target + ".errors"
    with open(errors_path, "xb") as errors, open(target + ".output", "xb") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=content.working_directory or "/",
                start_new_session=True,
            )
        except OSError as error:
            raise BackupError(f"{command[0]} cannot be run: {os.strerror(error.errno or 0)}") from None
        try:
            status = process.wait(timeout=max(0.1, remaining()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise BackupError(f"{command[0]} did not end in time", "Raise timeout_seconds") from None
    with open(errors_path, "rb") as errors:
        errors.seek(max(0, os.path.getsize(errors_path) - _EVIDENCE_BYTES))
        said = errors.read().decode("utf-8", "replace").strip()[-_EVIDENCE_CHARACTERS:]
    os.unlink(errors_path)
    if to_file:
        os.unlink(target + ".output")
    else:
        os.rename(target + ".output", target)
    if status != 0:
        raise BackupError(f"{command[0]} ended with status {status}: {said or 'it said nothing'}")
    if not os.path.lexists(target) or not os.path.getsize(target):
        raise BackupError(f"{command[0]} ended with status 0 and wrote nothing: {said or 'it said nothing'}")
    if content.name.endswith(".json"):
        _require_json(target, command[0])


def _require_json(path: str, program: str) -> None:
    try:
        with open(path, encoding="utf-8") as stream:
            json.load(stream)
    except ValueError as error:
        raise BackupError(f"{program} wrote something that is no JSON: {error}") from None
