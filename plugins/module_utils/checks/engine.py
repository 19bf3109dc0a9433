# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many checks at once on one host, each bounded in time, each answered whatever happens to the others.

The checks run as threads of a child process. The parent only reads finished Results from a pipe and keeps the time:
a check that hangs in the kernel, exhausts its time or takes the interpreter down with it costs its own answer and
no other.
"""

from __future__ import annotations

import gc
import json
import os
import select
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from ..errors import CheckError, ProfileError
from ..judge import judge, parse_level
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason, Result, worst
from ..probe import Context
from ..redact import evidence_lines, redact
from .leftovers import end, end_commands_of
from .parameters import validated

DEFAULT_TIMEOUT_SECONDS = 10.0
# A kind that minds its own deadline gets to name what it waited for before the engine speaks for it.
_GRACE_SECONDS = 1.0
_ALLOCATIONS_BETWEEN_COLLECTIONS = 100000


@dataclass(frozen=True)
class Check:
    """One question of a profile, ready to be asked."""

    name: str
    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)
    warning: str | None = None
    critical: str | None = None
    limits: dict[str, dict[str, str]] = field(default_factory=dict)
    runbook: str | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    coverage_floor: float | None = None
    source: str | None = None


def parse_check(data: Mapping[str, Any], load: Callable[[str], Any]) -> Check:
    """Validate one check.

    Args:
        data: the check as a profile states it (keys that only concern the control side are left out before).
        load: imports a kind by its name.

    Raises:
        ProfileError: names the check, the key and the choices.
    """
    name = str(data.get("name") or "without a name")
    where = f"Check {name}"
    try:
        kind = load(str(data.get("kind")))
    except ProfileError as error:
        raise ProfileError(f"{where}: {error.message}", error.way_out) from None
    for key in ("warning", "critical"):
        parse_level(data.get(key), f"{where}, key {key}")
    limits = data.get("limits") or {}
    for metric, levels in limits.items():
        if metric not in kind.METRICS and not getattr(kind, "OPEN_METRICS", False):
            raise ProfileError(
                "{}, key limits: kind {} has no metric {!r}".format(where, data["kind"], metric),
                "Metrics: {}".format(", ".join(kind.METRICS)),
            )
        for key in levels:
            if key not in ("warning", "critical"):
                raise ProfileError(f"{where}, limits.{metric} has the key {key!r}", "Choices: warning, critical")
            parse_level(levels[key], f"{where}, limits.{metric}.{key}")
    timeout = data.get("timeout_seconds") or DEFAULT_TIMEOUT_SECONDS
    parameters = validated("{} (kind {})".format(where, data["kind"]), kind.PARAMETERS, data.get("parameters") or {})
    for probe in kind.probes(parameters) if hasattr(kind, "probes") else ():
        try:
            parse_check(probe, load)
        except ProfileError as error:
            raise ProfileError(f"{where}: {error.message}", error.way_out) from None
    return Check(
        name=name,
        kind=str(data["kind"]),
        parameters=parameters,
        warning=data.get("warning"),
        critical=data.get("critical"),
        limits={metric: dict(levels) for metric, levels in limits.items()},
        runbook=data.get("runbook"),
        timeout_seconds=float(timeout),
        coverage_floor=data.get("coverage_floor"),
        source=data.get("source"),
    )


def assess(
    system: str, check: Check, metrics: Mapping[str, str], seen: Observation, started: str, seconds: float
) -> Result:
    """Turn an Observation into a Result: apply the levels, take the worst, name the reason."""
    names = list(metrics)
    unit = seen.unit if seen.unit is not None else (metrics[names[0]] if names else "")
    findings = [(seen.state, seen.reason)] if seen.state != OK else []
    figures = [(names[0] if names else "value", seen.value, unit, check.warning, check.critical)]
    for metric, levels in check.limits.items():
        figures.append(
            (metric, seen.metrics.get(metric), metrics.get(metric, ""), levels.get("warning"), levels.get("critical"))
        )
    for metric, value, metric_unit, warning, critical in figures:
        # A fault that explains why there is no figure is the better answer than "not measured".
        if value is None and (findings or seen.nothing_to_measure):
            continue
        state, level = judge(value, parse_level(warning), parse_level(critical))
        if state in (WARNING, CRITICAL) and level is not None:
            fields = {"metric": metric, "value": value, "unit": metric_unit, "level": state, "limit": level.text}
            findings.append((state, Reason("level_reached", fields)))
        elif state == UNKNOWN:
            findings.append((state, seen.reason or Reason("not_measured", {"metric": metric})))
    if check.coverage_floor is not None and (seen.coverage is None or seen.coverage < check.coverage_floor):
        fields = {"coverage": seen.coverage, "floor": check.coverage_floor}
        findings.append((UNKNOWN, Reason("coverage_below_floor", fields)))
    state = worst([found for found, _reason in findings]) if findings else OK
    reason = next((why for found, why in findings if found == state and why is not None), seen.reason)
    return Result(
        system=system,
        check=check.name,
        kind=check.kind,
        state=state,
        value=seen.value,
        unit=unit,
        warning=check.warning,
        critical=check.critical,
        reason=_redacted(reason or Reason("within_levels")),
        evidence=evidence_lines(seen.evidence),
        coverage=seen.coverage,
        runbook=check.runbook,
        started=started,
        seconds=round(seconds, 3),
        metrics=dict(seen.metrics),
        source=redact(check.source or seen.source or "") or None,
    )


def _redacted(reason: Reason) -> Reason:
    return Reason(
        reason.id, {key: redact(value) if isinstance(value, str) else value for key, value in reason.fields.items()}
    )


def answer(system: str, check: Check, kind: Any, context: Context, started: str) -> Result:
    """Ask one kind and return its Result; nothing that goes wrong in there gets out."""
    begun = time.monotonic()
    try:
        seen = kind.look(check.parameters, context)
    except CheckError as fault:
        seen = Observation(state=fault.state, reason=Reason(fault.reason_id, fault.fields), evidence=fault.evidence)
    except Exception as error:  # the last resort: a defect of a kind is an unknown, never a lost look
        fields = {"error": type(error).__name__, "message": str(error)}
        seen = Observation(state=UNKNOWN, reason=Reason("internal_error", fields))
    return assess(system, check, kind.METRICS, seen, started, time.monotonic() - begun)


def look(
    system: str,
    checks: Sequence[Check],
    load: Callable[[str], Any],
    timezone: str = "UTC",
    now: float | None = None,
) -> list[dict[str, Any]]:
    """Ask all checks side by side and return their Results in the order of the checks.

    Args:
        system: name of the system, repeated in each Result.
        checks: validated checks.
        load: imports a kind by its name.
        timezone: IANA name of the system's zone.
        now: seconds since the epoch; None reads the clock.
    """
    clock = time.time() if now is None else now
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock))
    # Imported before the clock of the checks starts, and before their threads, which the import lock would line up.
    kinds = {check.kind: load(check.kind) for check in checks}
    reader, writer = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(writer, system, checks, kinds, timezone, clock, started)
    os.close(writer)
    found = _collect(reader, child, checks, begun)
    return [
        found[index] if index in found else _unanswered(system, check, started, time.monotonic() - begun, kinds)
        for index, check in enumerate(checks)
    ]


def _work(
    writer: int,
    system: str,
    checks: Sequence[Check],
    kinds: Mapping[str, Any],
    timezone: str,
    now: float,
    started: str,
) -> None:
    """Run the checks as threads of this child process; never returns."""
    try:
        # A log's block is some thousand tuples that go as they came; looking through them for cycles costs as much
        # again as counting them.
        gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        helping, shared = _together(checks, kinds, Context(now=now, deadline=0.0, timezone=timezone))
        turn = threading.Lock()

        def send(index: int, result: dict[str, Any] | None) -> None:
            line = json.dumps([index, result], default=str).encode() + b"\n"
            with turn:
                view = memoryview(line)
                while view:
                    view = view[os.write(writer, view) :]

        def ask(index: int, check: Check) -> None:
            # On a busy host a thread may wait for its turn: its time begins when it has it, and the parent is told.
            send(index, None)
            deadline = time.monotonic() + check.timeout_seconds
            own = Context(now, deadline, timezone, workers=helping.get(index, ()), shared=shared)
            send(index, answer(system, check, kinds[check.kind], own, started).to_dict())

        threads = [threading.Thread(target=ask, args=pair, daemon=True) for pair in enumerate(checks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        os._exit(0)


def _together(
    checks: Sequence[Check], kinds: Mapping[str, Any], context: Context
) -> tuple[Mapping[int, Sequence[Any]], Any]:
    """Return what checks of the same look have in common, see :mod:`.logs.together`; other kinds cost nothing."""
    prepare = next((kind.TOGETHER for kind in kinds.values() if hasattr(kind, "TOGETHER")), None)
    return prepare([(kinds[check.kind], check.parameters) for check in checks], context) if prepare else ({}, None)


def _collect(reader: int, child: int, checks: Sequence[Check], begun: float) -> dict[int, dict[str, Any]]:
    """Read Results until all are there, the child ends, or the last deadline has passed."""
    found: dict[int, dict[str, Any]] = {}
    begins = dict.fromkeys(range(len(checks)), begun)
    rest = b""
    while len(found) < len(checks):
        latest = max(begins[index] + check.timeout_seconds for index, check in enumerate(checks) if index not in found)
        patience = latest + _GRACE_SECONDS - time.monotonic()
        if patience <= 0 or not select.select([reader], [], [], patience)[0]:
            break
        data = os.read(reader, 65536)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            index, result = json.loads(line)
            if result is None:
                begins[index] = time.monotonic()
            else:
                found[index] = result
    os.close(reader)
    if len(found) < len(checks):
        end_commands_of(child)
    end(child)
    return found


def _unanswered(system: str, check: Check, started: str, seconds: float, kinds: Mapping[str, Any]) -> dict[str, Any]:
    if seconds >= check.timeout_seconds:
        reason = Reason("timed_out", {"seconds": check.timeout_seconds})
    else:
        reason = Reason("check_crashed", {})
    seen = Observation(state=UNKNOWN, reason=reason)
    return assess(
        system, check, kinds[check.kind].METRICS, seen, started, min(seconds, check.timeout_seconds)
    ).to_dict()
