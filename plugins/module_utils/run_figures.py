# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that a run's log and its summary have to name, and which of them are missing (AIMO-03)."""

from __future__ import annotations

import json
import re
from typing import Any, Mapping, Sequence

from .errors import ProfileError
from .models import dotted


def figures_in(
    text: str, files: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Return the figures that were found, and the names of those that were not; pure.

    Args:
        text: what the run printed.
        files: path to content of the JSON files that the run wrote.
        wanted: each with ``name`` and either ``pattern``, a regular expression whose first group is the value (the last
            match counts), or ``key``, a dotted key of one of the files.

    Raises:
        ProfileError: a pattern is no regular expression.
    """
    found: dict[str, Any] = {}
    for figure in wanted:
        value = None
        if figure.get("pattern"):
            matches = list(_compiled(figure["pattern"], figure["name"]).finditer(text))
            if matches:
                value = (matches[-1].group(1) if matches[-1].groups() else matches[-1].group(0)).strip()
        if value in (None, "") and figure.get("key"):
            values = [each for each in (dotted(data, figure["key"]) for data in files.values()) if each is not None]
            value = values[-1] if values else None
        if value not in (None, ""):
            found[figure["name"]] = value
    return found, [figure["name"] for figure in wanted if figure["name"] not in found]


def lines_with(text: str, patterns: Sequence[str], name: str) -> list[str]:
    """Return the lines in which any of the patterns is found.

    Raises:
        ProfileError: a pattern is no regular expression.
    """
    compiled = [_compiled(pattern, name) for pattern in patterns]
    return [line.strip()[:300] for line in text.splitlines() if any(one.search(line) for one in compiled)]


def not_found(text: str, patterns: Sequence[str], name: str) -> list[str]:
    """Return the patterns that are found nowhere in a text.

    Raises:
        ProfileError: a pattern is no regular expression.
    """
    return [pattern for pattern in patterns if not _compiled(pattern, name).search(text)]


def json_files(paths: Sequence[str], maximum_bytes: int = 1 << 24) -> dict[str, Any]:
    """Return the content of those files that are JSON."""
    found = {}
    for path in paths:
        try:
            with open(path, "rb") as file:
                found[path] = json.loads(file.read(maximum_bytes).decode("utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
    return found


def _compiled(pattern: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise ProfileError(f"{name}: {pattern!r} is no regular expression: {error}", "Correct the pattern") from None
