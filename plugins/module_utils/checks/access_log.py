# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An access log's window: error rate, exact response times, clients, attacks (EST-07 to EST-09, EST-18, EST-22)."""

from __future__ import annotations

from typing import Any, Mapping

from ..logs.access import AccessCounter, AccessFigures, operation
from ..logs.counting import count_log
from ..logs.files import Reading
from ..logs.logformat import LogFormat, compile_format
from ..logs.percentiles import Summary
from ..logs.security import BURST_MINUTES, PATH_TRAVERSAL, RATE_LIMITED, SUSPICIOUS_INPUT
from ..logs.together import prepare
from ..logs.window import CHOICES, window_of
from ..logs.workers import Counting
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
    "unauthorized_bursts": "count",
    "rate_limited": "count",
    "path_traversal": "count",
    "suspicious_input": "count",
    "busiest_client_percent": "%",
    "busiest_hour_requests": "count",
    "busiest_hour_ratio": "",
    "status_1xx": "count",
    "status_2xx": "count",
    "status_3xx": "count",
    "status_4xx": "count",
    "status_5xx": "count",
}
TOGETHER = prepare
_PERCENTS = (50, 95, 99)
_HOURS_FOR_A_USUAL_ONE = 6


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read the window once and return its figures.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``not_a_regular_file``, ``log_not_read_in_time`` or
            ``timezone_unknown``.
        ProfileError: the format or the window cannot be used.
    """
    counter, reading = count_log(counting(parameters, context), context)
    return observe(counter.finish(), compile_format(parameters["log_format"]), reading, parameters.get("slo_seconds"))


def counting(parameters: Mapping[str, Any], context: Context) -> Counting:
    """Return how the log is counted.

    Raises:
        CheckError: ``timezone_unknown``.
        ProfileError: the format or the window cannot be used.
    """
    log_format = compile_format(parameters["log_format"])
    window = window_of(parameters["window"], context.now, context.timezone)
    slo_seconds, units = parameters.get("slo_seconds"), log_format.units_per_second
    slow = None if slo_seconds is None or units is None else slo_seconds * units
    return Counting(parameters["path"], window.start, False, lambda: AccessCounter(log_format, window, slow))


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
        "unauthorized_bursts": len(figures.bursts.sources()),
        **{kind: figures.suspicious[kind] for kind in (RATE_LIMITED, PATH_TRAVERSAL, SUSPICIOUS_INPUT)},
        **_busiest(figures, requests),
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
        evidence=_evidence(figures, reading, units),
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


def _busiest(figures: AccessFigures, requests: int) -> dict[str, Scalar]:
    """Return what is unusual about who asks and when: one client's share, and the busiest hour beside a usual one."""
    client = figures.clients.most()
    hours = sorted(figures.hours.values())
    # Between the first and the last request; hours without any are usual at night.
    usual = hours[(len(hours) - 1) // 2] if len(hours) >= _HOURS_FOR_A_USUAL_ONE else None
    return {
        "busiest_client_percent": round(100.0 * client / requests, 2) if client and requests else None,
        "busiest_hour_requests": hours[-1] if hours else None,
        "busiest_hour_ratio": round(hours[-1] / usual, 1) if usual else None,
    }


def _evidence(figures: AccessFigures, reading: Reading, units: int | None) -> list[str]:
    lines = [f"{count} x {failed}" for failed, count in figures.failed.most_common(4)]
    lines += [f"{count} x slow {name}" for name, count in figures.slow.most_common(3)]
    longest = figures.slowest.ranked(operation)[:3] if units else []
    lines += [f"{duration / (units or 1):.3f} s {name}" for duration, name in longest]
    bursts = figures.bursts.sources()
    lines += [
        f"{count} x 401 from {_text(client)}, at most {bursts[client]} within {BURST_MINUTES} minutes"
        if client in bursts
        else f"{count} x 401 from {_text(client)}"
        for client, count in figures.unauthorized.most_common(4)
    ]
    lines += [f"{count} x {kind} from {_text(client)}" for (kind, client), count in figures.sources.most_common(4)]
    lines += reading.notes
    lines += [f"not understood: {_text(line)}" for line in figures.unread.samples if figures.unread.count]
    return lines


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
