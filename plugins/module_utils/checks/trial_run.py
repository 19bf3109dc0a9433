# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's own tests or a whole run of it, in a copy of its files that goes afterwards (AIMO-04, AIMO-23).

It costs what the application costs, so a profile asks for it only where somebody wants that.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

from ..errors import CheckError
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason
from ..probe import Completed, Context
from ..scratch_copy import scratch_copy
from ..scratch_directory import LeftBehindError

PARAMETERS: dict[str, dict[str, Any]] = {
    "tree": {
        "type": "path",
        "required": True,
        "description": "The application's directory; the program runs in a copy.",
    },
    "argv": {"type": "list", "elements": "str", "required": True, "description": "Program and arguments; no shell."},
    "closing": {
        "type": "str",
        "choices": ["pytest", "none"],
        "default": "pytest",
        "description": "How it says how it ended; pytest in its last line, others by their exit status alone.",
    },
    "expect_text": {"type": "str", "description": "Text that the output must contain; missing is critical."},
    "figures": {
        "type": "dict",
        "default": {},
        "description": "Metric name to a regular expression whose first group is a number in the output.",
    },
    "environment": {"type": "dict", "default": {}, "description": "Further environment variables."},
    "leave_out": {
        "type": "list",
        "elements": "str",
        "default": [".git", ".venv", "venv", "__pycache__", "node_modules", "data", "logs", ".env*"],
        "description": "Wildcards of names that are not copied; secrets and data among them.",
    },
    "maximum_bytes": {"type": "int", "default": 536870912, "description": "Most that is copied."},
}
METRICS = {
    "failed": "count",
    "passed": "count",
    "skipped": "count",
    "errors": "count",
    "duration_seconds": "s",
    "returncode": "",
}
#: The figures are metrics, whatever they are called.
OPEN_METRICS = True
#: Removing the copy must be done before the engine's patience ends.
_TIDY_SECONDS = 2.0
_CLOSING = re.compile(r"^=*\s*(?P<counts>(?:\d+ [a-z]+(?:, )?)+|no tests ran) in (?P<seconds>\d+(?:\.\d+)?)s\b.*$")
_COUNT = re.compile(r"(\d+) ([a-z]+)")
_LINES_SHOWN = 12


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Copy the tree, run the program in it within the time limit, and remove the copy.

    Raises:
        CheckError: as :func:`scratch_copy.scratch_copy`; ``timed_out``, ``command_missing``, ``trial_not_run``,
            ``trial_without_tests``, ``command_pattern_invalid``, ``trial_copy_left``.
    """
    argv = parameters["argv"]
    if not argv:
        raise CheckError("parameter_needed", parameter="argv", manager="trial_run")
    allowed = round(context.remaining(), 1)
    bounded = replace(context, deadline=context.deadline - min(_TIDY_SECONDS, context.remaining() / 4))
    done, left = _run(parameters, bounded)
    try:
        if done.timed_out:
            last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-3:]
            raise CheckError("timed_out", evidence=[f"waited for {argv[0]}", *last], seconds=allowed)
        seen = observe(done, parameters)
    except CheckError as fault:
        fault.evidence += left.evidence if left else []
        raise
    if left and seen.state == OK:
        seen = replace(seen, state=left.state, reason=Reason(left.reason_id, left.fields))
    return replace(seen, evidence=[*seen.evidence, *left.evidence]) if left else seen


def _run(parameters: dict[str, Any], context: Context) -> tuple[Completed, CheckError | None]:
    """Run the program in a copy; return how it ended, and that the copy could not be removed."""
    done = None
    try:
        with scratch_copy(parameters["tree"], parameters["leave_out"], parameters["maximum_bytes"], context) as scratch:
            home, temporary = os.path.join(scratch, "home"), os.path.join(scratch, "tmp")
            own = {"HOME": home, "XDG_CACHE_HOME": home, "TMPDIR": temporary}
            given = {str(name): str(value) for name, value in parameters["environment"].items()}
            done = context.run(parameters["argv"], environment={**own, **given}, cwd=os.path.join(scratch, "tree"))
    except LeftBehindError as error:
        left = CheckError("trial_copy_left", WARNING, [str(error)], path=error.directory, error=error.why)
        if done is None:
            raise left from None
        return done, left
    return done, None


def observe(done: Completed, parameters: dict[str, Any]) -> Observation:
    """Judge a run that has ended.

    Args:
        done: exit status and output.
        parameters: argv, closing, expect_text and figures of the check.

    Raises:
        CheckError: ``trial_not_run`` when the tests did not come to an end by themselves, ``trial_without_tests``,
            ``command_pattern_invalid``.
    """
    name = os.path.basename(parameters["argv"][0])
    evidence = _evidence(done)
    signal = -done.returncode if done.returncode < 0 else max(0, done.returncode - 128)
    if signal:
        # A crash prints no closing line, or one of before: its exit status is all there is to believe.
        fields: dict[str, Any] = {"command": name, "signal": signal, "returncode": done.returncode}
        metrics: dict[str, Any] = {"returncode": done.returncode}
        reason: Reason | None = Reason("trial_crashed", fields)
        return Observation(state=CRITICAL, reason=reason, metrics=metrics, evidence=evidence, source=parameters["tree"])
    counts = (
        _counts(done, name, evidence) if parameters["closing"] == "pytest" else {"failed": int(done.returncode != 0)}
    )
    failures = counts["failed"] + counts.get("errors", 0)
    state, reason = OK, None
    if failures or done.returncode:
        fields = {"command": name, "failed": failures, "passed": counts.get("passed", 0), "returncode": done.returncode}
        tests = parameters["closing"] == "pytest" and failures
        state, reason = CRITICAL, Reason("trial_tests_failed" if tests else "trial_failed", fields)
    elif parameters["expect_text"] and parameters["expect_text"] not in done.stdout:
        fields = {"command": name, "text": parameters["expect_text"]}
        state, reason = CRITICAL, Reason("command_text_missing", fields)
    figures = {metric: _number(pattern, done.stdout) for metric, pattern in parameters["figures"].items()}
    missing = [metric for metric, number in figures.items() if number is None]
    if missing and state == OK:
        state, reason = UNKNOWN, Reason("not_measured", {"metric": missing[0]})
    return Observation(
        value=failures,
        state=state,
        reason=reason,
        metrics={**counts, **figures, "returncode": done.returncode},
        evidence=evidence,
        source=parameters["tree"],
    )


def closing_counts(output: str) -> dict[str, Any] | None:
    """Return what pytest's closing line counts, with ``duration_seconds``; None when there is none.

    Args:
        output: everything that pytest printed.
    """
    for line in reversed(output.splitlines()):
        match = _CLOSING.match(line.strip())
        if match is None:
            continue
        counted = {word: int(number) for number, word in _COUNT.findall(match.group("counts"))}
        return {
            "failed": counted.get("failed", 0),
            "passed": counted.get("passed", 0),
            "skipped": counted.get("skipped", 0),
            "errors": counted.get("error", 0) + counted.get("errors", 0),
            "duration_seconds": float(match.group("seconds")),
        }
    return None


def _counts(done: Completed, name: str, evidence: list[str]) -> dict[str, Any]:
    counts = closing_counts(done.stdout)
    if counts is None:
        last = next((line for line in reversed((done.stderr or done.stdout).splitlines()) if line.strip()), "")
        raise CheckError(
            "trial_not_run", evidence=evidence, command=name, returncode=done.returncode, error=last.strip()[:300]
        )
    if counts["passed"] + counts["failed"] + counts["errors"] == 0:
        raise CheckError("trial_without_tests", evidence=evidence, command=name)
    return counts


def _evidence(done: Completed) -> list[str]:
    """Return the lines that name what failed, then the last ones."""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    last = [*lines[-4:], *[line for line in done.stderr.splitlines() if line.strip()][-3:]]
    return [*named[:_LINES_SHOWN], *(line for line in last if line not in named)]


def _number(pattern: str, text: str) -> float | None:
    try:
        match = re.search(pattern, text, re.MULTILINE)
        return float(match.group(1)) if match else None
    except re.error as error:
        raise CheckError("command_pattern_invalid", pattern=pattern, error=str(error)) from None
    except (IndexError, TypeError, ValueError):
        return None
