# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that a monitoring system shows, and the exit status that it acts on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import NAGIOS_STATUS, STATES, UNKNOWN

from .catalog import load_catalog, reason_text
from .store.verdict import exit_status

# The units of performance data that the plugin guidelines know.
_UNITS = {"%": "%", "s": "s", "ms": "ms", "B": "B"}
_MOST_REASONS = 5


def plugin_line(runs: Sequence[Mapping[str, Any]], problem: str = "") -> tuple[int, str]:
    """Return the exit status and the line of a run.

    Args:
        runs: run records; none means that nobody looked.
        problem: what failed when nothing was recorded.
    """
    if not runs:
        return NAGIOS_STATUS[UNKNOWN], "UNKNOWN: {}".format(_one_line(problem) or "no system was looked at")
    status = exit_status(str(run["state"]) for run in runs)
    word = next(state for state in STATES if NAGIOS_STATUS[state] == status).upper()
    reasons = [reason for run in runs for reason in _reasons(run)]
    looked_at = sum(len(run["results"]) for run in runs)
    said = "; ".join(reasons[:_MOST_REASONS]) or f"checks: {looked_at}, systems: {len(runs)}"
    more = f" (and {len(reasons) - _MOST_REASONS} more)" if len(reasons) > _MOST_REASONS else ""
    figures = " ".join(_figures(runs))
    return status, f"{word}: {said}{more}" + (f" | {figures}" if figures else "")


def _reasons(run: Mapping[str, Any]) -> list[str]:
    if run.get("failure"):
        return [_one_line(run["failure"]["message"])]
    catalog = load_catalog()
    worst_first = sorted(run["results"], key=lambda result: -STATES.index(result["state"]))
    return [
        "{} {}: {}".format(
            run["host"], result["check"], _one_line(reason_text(catalog, result["reason"], "en", result["kind"]))
        )
        for result in worst_first
        if result["state"] != "ok"
    ]


def _figures(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    found = []
    for run in runs:
        for result in run["results"]:
            value = result["value"]
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            label = re.sub(r"[^\w.-]", "_", "{}.{}".format(run["host"], result["check"]))
            levels = ";".join(_range(result.get(key)) for key in ("warning", "critical"))
            found.append(f"{label}={value}{_UNITS.get(result['unit'], '')};{levels}".rstrip(";"))
    return found


def _range(level: str | None) -> str:
    """Turn a level into the guidelines' range: alert above N is ``N``, alert below N is ``N:``."""
    if not level:
        return ""
    sign, number = level.split()
    return {">": number, ">=": number, "<": f"{number}:", "<=": f"{number}:"}.get(sign, "")


def _one_line(text: str) -> str:
    return " ".join(str(text).replace("|", "/").split())
