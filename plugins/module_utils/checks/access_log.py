# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An access log's window: error rate, exact response times, clients (EST-07, EST-08, EST-09, EST-18)."""

from __future__ import annotations

from typing import Any, Mapping

from ..logs.access import AccessCounter, AccessFigures
from ..logs.files import Reading, blocks_of_log
from ..logs.logformat import LogFormat, compile_format
from ..logs.percentiles import Summary
from ..logs.window import CHOICES, window_of
from ..model import OK, UNKNOWN, Observation, Reason, Scalar
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {
        "type": "list",
        "elements": "path",
        "required": True,
        "description": "The access log, or several, or globs; rotated and compressed copies are found beside it.",
    },
    "log_format": {
        "type": "str",
        "default": "combined",
        "description": "LogFormat string of the server's configuration, or common, combined, vhost_combined.",
    },
    "window": {
        "type": "str",
        "default": "today",
        "description": "Stretch of time: {}, or a number of hours.".format(", ".join(CHOICES)),
    },
    "slo_seconds": {
        "type": "float",
        "description": "Promised response time: slower requests are counted, and a log without durations is unknown.",
    },
}
METRICS = {
    "error_percent": "%",
    "requests": "count",
    "errors_5xx": "count",
    "mean_seconds": "s",
    "p50_seconds": "s",
    "p95_seconds": "s",
    "p99_seconds": "s",
    "maximum_seconds": "s",
    "over_slo": "count",
    "unique_clients": "count",
    "unauthorized": "count",
    "status_1xx": "count",
    "status_2xx": "count",
    "status_3xx": "count",
    "status_4xx": "count",
    "status_5xx": "count",
}
_PERCENTS = (50, 95, 99)


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read the window once and return its figures.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``not_a_regular_file``, ``log_not_read_in_time`` or
            ``timezone_unknown``.
        ProfileError: the format or the window cannot be used.
    """
    log_format = compile_format(parameters["log_format"])
    window = window_of(parameters["window"], context.now, context.timezone)
    counter = AccessCounter(log_format, window)
    reading = Reading()
    for block in blocks_of_log(parameters["path"], window.start, context, reading):
        counter.count_block(block)
    return observe(counter.finish(), log_format, reading, parameters.get("slo_seconds"))


def observe(
    figures: AccessFigures, log_format: LogFormat, reading: Reading, slo_seconds: float | None = None
) -> Observation:
    """Turn counts into an Observation; pure.

    A window without requests has no error rate, and that is no fault. A format without a duration has no response
    times, which is unknown as soon as they are asked for: never 0, never NaN.
    """
    requests = figures.requests
    missed = figures.unread.count + reading.lost
    total = requests + missed
    errors = sum(count for status, count in figures.statuses.items() if status[:1] == b"5")
    error_percent = 100.0 * errors / requests if requests else None
    metrics: dict[str, Scalar] = {
        "error_percent": error_percent,
        "requests": requests,
        "errors_5xx": errors,
        "unique_clients": figures.clients.count(),
        "unauthorized": figures.statuses[b"401"],
    }
    for digit in "12345":
        first = digit.encode()
        metrics[f"status_{digit}xx"] = sum(n for status, n in figures.statuses.items() if status[:1] == first)
    units = log_format.units_per_second
    metrics.update(_durations(figures, units, slo_seconds))
    state, reason = OK, None
    if not requests and missed:
        state, reason = UNKNOWN, Reason("log_not_understood", {"lines": missed, "format": log_format.text})
    elif not requests:
        reason = Reason("no_requests", {})
    elif units is None:
        state = OK if slo_seconds is None else UNKNOWN
        reason = Reason("no_duration_in_format", {"format": log_format.text})
    return Observation(
        value=error_percent,
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=_evidence(figures, reading),
        coverage=requests / total if total else 1.0,
        source=", ".join(reading.paths) or None,
        nothing_to_measure=not total,
    )


def _durations(figures: AccessFigures, units: int | None, slo_seconds: float | None) -> dict[str, Scalar]:
    names = ("mean_seconds", "p50_seconds", "p95_seconds", "p99_seconds", "maximum_seconds", "over_slo")
    if units is None or not figures.requests:
        return dict.fromkeys(names)
    limit = None if slo_seconds is None else slo_seconds * units
    summary: Summary = figures.durations.summary(_PERCENTS, limit)
    mean = summary.mean()
    raw = [mean, *summary.quantiles, summary.largest]
    seconds: list[Scalar] = [None if value is None else value / units for value in raw]
    seconds.append(None if limit is None else summary.above)
    return dict(zip(names, seconds))


def _evidence(figures: AccessFigures, reading: Reading) -> list[str]:
    lines = [f"{count} x {operation}" for operation, count in figures.failed.most_common(6)]
    lines += [f"{count} x 401 from {_text(client)}" for client, count in figures.unauthorized.most_common(4)]
    lines += reading.notes
    lines += [f"not understood: {_text(line)}" for line in figures.unread.samples if figures.unread.count]
    return lines


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
