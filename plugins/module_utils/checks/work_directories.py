# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``work_directories``: how many old work directories of finished runs may go (AIMO-18)?"""

from __future__ import annotations

from typing import Any, Sequence

from ..finished_names import FINISHED_FROM, finished_names
from ..model import Observation
from ..probe import Context
from ..work_directories import Decision, checked_root, plan, scan

PARAMETERS: dict[str, dict[str, Any]] = {
    "root": {"type": "path", "required": True, "description": "Directory that holds the work directories."},
    "older_than_days": {
        "type": "float",
        "required": True,
        "description": "Age in days that the newest change inside a directory must exceed.",
    },
    "keep_names": {"type": "list", "elements": "str", "default": [], "description": "Names that always stay."},
    "finished_from": FINISHED_FROM,
}
METRICS = {
    "due": "count",
    "due_bytes": "B",
    "directories": "count",
    "unfinished": "count",
    "unreadable": "count",
}
_RESERVE_SECONDS = 0.3


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Plan the removal; the module of the same name carries it out.

    Raises:
        CheckError: the root or the database could not be read; nothing is due then.
    """
    root = checked_root(parameters["root"])
    # Looked at first: what is created after the database has answered is too young to be due.
    directories = scan(root, lambda: context.remaining() <= _RESERVE_SECONDS)
    finished = finished_names(parameters["finished_from"], context)
    decisions = plan(directories, finished, parameters["keep_names"], parameters["older_than_days"], context.now)
    return observe(decisions, parameters["root"])


def observe(decisions: Sequence[Decision], root: str) -> Observation:
    """Turn a plan into an Observation.

    Args:
        decisions: one per entry of the root.
        root: names the place.
    """
    due = [decision.directory for decision in decisions if decision.due]
    figures = {
        "due": len(due),
        "due_bytes": sum(directory.size_bytes for directory in due),
        "directories": sum(decision.directory.kind == "directory" for decision in decisions),
        "unfinished": sum(decision.reason == "not_finished" for decision in decisions),
        "unreadable": sum(decision.reason == "not_readable" for decision in decisions),
    }
    return Observation(
        value=len(due),
        metrics=dict(figures),
        evidence=[f"{directory.name}: {directory.files} files, {directory.size_bytes} bytes" for directory in due],
        source=root,
    )
