# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of logs that match a pattern, by wording, and how delivered files begin; data masked (AIMO-08)."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any, Sequence

from ..delivered_files import delivered
from ..errors import CheckError
from ..model import Observation
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "list", "elements": "path", "required": True, "description": "Logs or globs."},
    "pattern": {"type": "str", "required": True, "description": "Regular expression that a line must match."},
    "maximum_lines": {"type": "int", "default": 100, "description": "How many of the last lines are taken."},
    "maximum_files": {"type": "int", "default": 20, "description": "How many of the newest logs are looked at."},
    "head_of": {
        "type": "list",
        "elements": "path",
        "default": [],
        "description": "Files or globs whose newest one is shown with its first lines, letters and digits masked.",
    },
    "head_lines": {"type": "int", "default": 5, "description": "How many of its first lines."},
}
METRICS = {"lines": "count", "wordings": "count", "files": "count"}
_BYTES = 4194304
_HEAD_BYTES = 65536
_WORDINGS_SHOWN = 6
_LINES_SHOWN = 6
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}\b")


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the ends of the newest logs until there are enough lines.

    Raises:
        CheckError: as :func:`delivered_files.delivered`; ``command_pattern_invalid``;
            ``file_missing`` when there is no log.
    """
    try:
        pattern = re.compile(parameters["pattern"])
    except re.error as error:
        raise CheckError("command_pattern_invalid", pattern=parameters["pattern"], error=str(error)) from None
    found: list[str] = []
    files = delivered(parameters["path"], parameters["maximum_files"], context)
    if not files:
        # Nothing was read: that is not a log without such lines.
        raise CheckError("file_missing", path=", ".join(parameters["path"]))
    for file in files:
        if len(found) >= parameters["maximum_lines"]:
            break
        with context.open(file.path) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _BYTES))
            lines = stream.read(_BYTES).decode("utf-8", "replace").splitlines()
        # The newest line first, in the newest file first.
        found += [line for line in reversed(lines) if pattern.search(line)][: parameters["maximum_lines"] - len(found)]
    head: tuple[str, list[str]] | None = None
    newest = delivered(parameters["head_of"], 1, context) if parameters["head_of"] else []
    if newest:
        with context.open(newest[0].path) as stream:
            text = stream.read(_HEAD_BYTES).decode("utf-8", "replace")
        head = (newest[0].path, text.splitlines()[: parameters["head_lines"]])
    return observe(found, len(files), head)


def observe(found: Sequence[str], files: int, head: tuple[str, Sequence[str]] | None) -> Observation:
    """Turn lines into figures and masked evidence; pure.

    Args:
        found: the last lines, the newest first.
        files: how many logs there are.
        head: path and first lines of the newest delivered file.
    """
    wordings = Counter(re.sub(r"\d+", "N", masked(line)) for line in found)
    return Observation(
        value=len(found),
        metrics={"wordings": len(wordings), "files": files},
        evidence=[
            *(f"{times} x {wording[:200]}" for wording, times in wordings.most_common(_WORDINGS_SHOWN)),
            *(f"last: {masked(line)[:200]}" for line in found[:_LINES_SHOWN]),
            *([f"beginning of {head[0]}:", *(shape(line)[:200] for line in head[1])] if head else []),
        ],
    )


def masked(line: str) -> str:
    """Return a line without what it quotes and without addresses: an error often repeats the data it is about."""
    return _ADDRESS.sub(
        "(address)", _QUOTED.sub(lambda match: match.group()[0] + "..." + match.group()[0], line)
    ).strip()


def shape(line: str) -> str:
    """Return how a line of data is built: every letter an x, every digit a 9, everything else as it is."""
    return "".join("9" if sign.isdigit() else "x" if sign.isalpha() else sign for sign in line)
