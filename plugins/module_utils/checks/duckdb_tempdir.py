# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where DuckDB spills to: beside its database, local, writable; and what killed runs left there (AIMO-01)."""

from __future__ import annotations

import os
import re
from typing import Any

from ..delivered_files import delivered
from ..duckdb_tempdir_facts import MEMORY_FILE_SYSTEMS, TempdirFacts, gather, is_shared, orphans
from ..model import CRITICAL, OK, STATES, UNKNOWN, WARNING, Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "database": {"type": "path", "required": True, "description": "The database file."},
    "directory": {"type": "path", "description": "Its temporary directory; duckdb_tmp beside the database."},
    "run_logs": {
        "type": "list",
        "elements": "path",
        "default": [],
        "description": "Globs of logs in which a run says where it spills to.",
    },
    "log_pattern": {
        "type": "str",
        "default": r"^DuckDB temp_directory: (.+?)\s*$",
        "description": "Regular expression of that line; its first group is the path.",
    },
    "maximum_logs": {"type": "int", "default": 5, "description": "How many of the newest logs are read."},
}
METRICS = {
    "orphaned_files": "count",
    "orphaned_bytes": "B",
    "spilled_files": "count",
    "spilled_bytes": "B",
    "free_bytes": "B",
    "logs_audited": "count",
}
_LOG_BYTES = 1048576


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at the directory and at what the newest logs say of it.

    Raises:
        CheckError: ``permission_denied``, ``file_missing``, ``delivered_files_too_many``.
    """
    facts = gather(parameters["database"], parameters["directory"])
    files = delivered(parameters["run_logs"], parameters["maximum_logs"], context) if parameters["run_logs"] else []
    said = []
    for file in files:
        with context.open(file.path) as stream:
            text = stream.read(_LOG_BYTES).decode("utf-8", "replace")
        match = re.search(parameters["log_pattern"], text, re.MULTILINE)
        said.append((file.path, match.group(1) if match and match.re.groups else None))
    return observe(facts, said)


def observe(facts: TempdirFacts, said: list[tuple[str, str | None]]) -> Observation:
    """Judge a temporary directory.

    Args:
        facts: what was found.
        said: path of each log, the newest first, and the directory that it names.
    """
    left = orphans(facts)
    findings = [*_of_the_place(facts), *_of_the_logs(facts, said)]
    if left is None:
        fields = {"directory": facts.directory, "files": len(facts.spills)}
        findings.append((UNKNOWN, Reason("duckdb_tempdir_holders_unknown", fields)))
    state, reason = max(findings, key=lambda found: STATES.index(found[0])) if findings else (OK, None)
    holders = ", ".join(str(pid) for pid in facts.holders)
    mode = "" if facts.mode is None else f", mode {facts.mode:04o}"
    return Observation(
        value=None if left is None else len(left),
        state=state,
        reason=reason,
        metrics={
            "orphaned_bytes": None if left is None else sum(spill.size_bytes for spill in left),
            "spilled_files": len(facts.spills),
            "spilled_bytes": sum(spill.size_bytes for spill in facts.spills),
            "free_bytes": facts.free_bytes,
            "logs_audited": sum(1 for _path, named in said if named is not None),
        },
        evidence=[
            f"{facts.directory}: {facts.kind} on {facts.file_system or 'an unknown file system'}{mode}",
            f"{facts.free_bytes} bytes free, {len(facts.spills)} spilled files, {facts.foreign} others",
            f"database open in: {holders or 'no process' if facts.holders_complete else holders or 'not known'}",
            *(f"{path}: {named or 'does not say'}" for path, named in said),
            *(f"{spill.size_bytes} bytes: {spill.path}" for spill in left or []),
        ],
        source=facts.directory,
    )


def _of_the_place(facts: TempdirFacts) -> list[tuple[str, Reason]]:
    fields = {"directory": facts.directory, "database": facts.database, "file_system": facts.file_system or ""}
    faults = [
        (CRITICAL, "not_a_directory", facts.kind in ("symlink", "other")),
        (CRITICAL, "shared", is_shared(facts.file_system)),
        (CRITICAL, "in_memory", facts.file_system in MEMORY_FILE_SYSTEMS),
        (CRITICAL, "not_writable", facts.read_only or facts.writable is False),
        (WARNING, "not_beside", not facts.beside),
        (WARNING, "other_device", facts.same_device is False),
        (WARNING, "open_to_all", facts.mode is not None and facts.mode & 0o1002 == 0o002),
        (WARNING, "missing", facts.kind == "missing"),
    ]
    return [(state, Reason(f"duckdb_tempdir_{name}", fields)) for state, name, found in faults if found]


def _of_the_logs(facts: TempdirFacts, said: list[tuple[str, str | None]]) -> list[tuple[str, Reason]]:
    """Compare what the newest run said with where it should spill to; a log without the line is no run's."""
    path, named = next(((path, named) for path, named in said if named is not None), ("", None))
    if named is None:
        return [(WARNING, Reason("duckdb_tempdir_not_logged", {"log": said[0][0]}))] if said else []
    if os.path.realpath(named) == os.path.realpath(facts.directory):
        return []
    fields = {"log": path, "named": named, "directory": facts.directory}
    return [(CRITICAL, Reason("duckdb_tempdir_elsewhere", fields))]
