# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a DuckDB database through the interpreter of the application that owns it."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import Any, Callable

from .duckdb_program import MARK
from .duckdb_program import answer as _program_entry
from .errors import CheckError
from .probe import Completed, Context
from .query_result import Answer, table_answer

_STATE_OF_FAULT = {"missing": "critical", "not_a_database": "critical"}
_ERROR_CHARACTERS = 300


def ask(
    python: str, database: str, queries: dict[str, dict[str, Any]], context: Context, time_zone: str = "UTC"
) -> dict[str, Answer]:
    """Run all queries in one process of the application's interpreter, read-only.

    While the process lives it holds DuckDB's shared lock: a pipeline that starts in that second is told that the
    database is in use. All queries of a check therefore share one short process.

    Args:
        python: the application's interpreter, one that can import ``duckdb``.
        database: the file; it is never created.
        queries: name to {``sql``, ``maximum_rows``}.
        context: bounds the time.
        time_zone: in which ``CURRENT_DATE`` and the like are meant.

    Raises:
        CheckError: ``duckdb_missing``, ``duckdb_in_use {pid}``, ``duckdb_crashed {signal}``,
            ``duckdb_interpreter_missing``, ``duckdb_not_installed``, ``duckdb_query_failed {query, error}``,
            ``duckdb_query_denied``, ``duckdb_not_a_database``, ``duckdb_other_version`` or ``timed_out``.
    """
    _require_file(database)
    request = {"database": os.path.abspath(database), "time_zone": time_zone, "queries": queries}
    reply = run_program(_program_entry, python, request, context)
    error = reply.get("error")
    if error:
        raise fault(error, python, database)
    return {name: table_answer(found["columns"], found["rows"]) for name, found in reply["answers"].items()}


def fault(error: dict[str, Any], python: str, database: str) -> CheckError:
    """Turn the program's error into a named fault.

    Args:
        error: ``kind``, ``message``, and ``query`` or ``pid``.
        python: the interpreter.
        database: the file.
    """
    message = " ".join(str(error.get("message", "")).split())[:_ERROR_CHARACTERS]
    kind = error["kind"]
    if kind == "no_duckdb":
        return CheckError("duckdb_not_installed", python=python, error=message)
    if kind == "permission_denied":
        return CheckError("permission_denied", path=database)
    reason = {"failed": "duckdb_query_failed", "denied": "duckdb_query_denied"}.get(kind, "duckdb_" + kind)
    return CheckError(
        reason,
        state=_STATE_OF_FAULT.get(kind, "unknown"),
        database=database,
        error=message,
        query=error.get("query") or "",
        pid=error.get("pid"),
    )


def _require_file(database: str) -> None:
    try:
        status = os.stat(database)
    except (FileNotFoundError, NotADirectoryError):
        raise CheckError("duckdb_missing", state="critical", database=database) from None
    except PermissionError:
        raise CheckError("permission_denied", path=database) from None
    except (OSError, ValueError) as error:
        raise CheckError("duckdb_query_failed", database=database, query="", error=str(error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise CheckError("duckdb_not_a_database", state="critical", database=database)


def run_program(entry: Callable[..., Any], python: str, request: dict[str, Any], context: Context) -> dict[str, Any]:
    """Run one of the library's DuckDB programs in the application's interpreter and return what it answers.

    Args:
        entry: a function of the module whose text is the program.
        python: the application's interpreter.
        request: what the program is asked; ``database`` names the file in faults.
        context: bounds the time.

    Raises:
        CheckError: the program could not answer: ``duckdb_interpreter_missing``, ``duckdb_interpreter_failed``,
            ``duckdb_crashed {signal}`` or ``duckdb_timed_out``.
    """
    return _reply(completed_program(entry, python, request, context), python, request["database"])


def completed_program(entry: Callable[..., Any], python: str, request: dict[str, Any], context: Context) -> Completed:
    """Run a program as :func:`run_program` does, and return how it ended and all that it said.

    Raises:
        CheckError: ``duckdb_interpreter_missing`` or ``permission_denied``.
    """
    try:
        return context.run(
            # -I would hide a DuckDB that the application finds through PYTHONPATH; -B leaves no bytecode behind.
            [python, "-B", "-c", program_text(entry)],
            stdin=json.dumps(request) + "\n",
            environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
            cwd="/",
        )
    except CheckError as error:
        if error.reason_id == "command_missing":
            raise CheckError("duckdb_interpreter_missing", python=python) from None
        raise


def _reply(completed: Completed, python: str, database: str) -> dict[str, Any]:
    if completed.timed_out:
        raise CheckError("duckdb_timed_out", database=database)
    for line in completed.stdout.splitlines():
        if line.startswith(MARK):
            reply: dict[str, Any] = json.loads(line[len(MARK) :])
            return reply
    evidence = completed.stderr.splitlines()[-5:]
    signal_number = -completed.returncode if completed.returncode < 0 else max(0, completed.returncode - 128)
    if signal_number:
        # The published pipeline's DuckDB is known to take its interpreter down (status 139 or 134).
        raise CheckError("duckdb_crashed", evidence=evidence, database=database, signal=signal_number)
    error = evidence[-1] if evidence else f"exit status {completed.returncode}"
    raise CheckError("duckdb_interpreter_failed", evidence=evidence, python=python, error=error[:_ERROR_CHARACTERS])


def program_text(entry: Callable[..., Any] = _program_entry) -> str:
    """Return the text of the program, from wherever this library was imported."""
    module = sys.modules[entry.__module__]
    loader: Any = module.__spec__.loader if module.__spec__ else None
    text = loader.get_source(module.__name__) if loader else None
    if not text:
        raise CheckError("internal_error", error="LookupError", message="the DuckDB program has no text")
    return str(text)
