# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON lines log's window: errors, calls, durations, security events (DIY-04, DIY-07, DIY-15, EST-05, EST-07)."""

from __future__ import annotations

import re
from typing import Any, Mapping, Pattern

from ..errors import ProfileError
from ..logs.counting import count_log
from ..logs.files import Reading
from ..logs.jsonl import BLOCK_BYTES, JsonlCounter
from ..logs.jsonl_details import OTHER, Details
from ..logs.jsonl_rules import JsonlFigures, Rules
from ..logs.mixed_files import clusters_of
from ..logs.tally import most_common
from ..logs.timestamps import TimestampReader
from ..logs.together import prepare
from ..logs.window import CHOICES, window_of
from ..logs.workers import Counting
from ..model import OK, UNKNOWN, Observation, Reason, Scalar
from ..probe import Context
from ..zones import zone

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {
        "type": "list",
        "elements": "path",
        "required": True,
        "description": "The log, or several, or globs; rotated and compressed copies are found beside it.",
    },
    "window": {
        "type": "str",
        "default": "today",
        "description": "Stretch of time: {}, or a number of hours.".format(", ".join(CHOICES)),
    },
    "timestamp_keys": {
        "type": "list",
        "elements": "str",
        "default": ["timestamp", "time", "ts"],
        "description": "The first of these keys that a record has holds its time.",
    },
    "naive_timezone": {
        "type": "str",
        "description": "IANA zone of timestamps that name none; the system's zone when not set.",
    },
    "level_key": {"type": "str", "default": "level", "description": "Key of the severity."},
    "error_levels": {
        "type": "list",
        "elements": "str",
        "default": ["ERROR", "CRITICAL", "FATAL"],
        "description": "Severities that make a record an error.",
    },
    "message_key": {"type": "str", "default": "message", "description": "Key of the text for people."},
    "duration_key": {"type": "str", "description": "Key of the duration of a call."},
    "duration_unit": {
        "type": "str",
        "choices": ["s", "ms", "us"],
        "default": "ms",
        "description": "Unit of that duration.",
    },
    "slow_ms": {"type": "float", "description": "Calls that take longer are counted as slow."},
    "operation_key": {"type": "str", "description": "Key that names the operation; slow ones are ranked by it."},
    "client_keys": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "The first of these keys that a record has names who called; different ones are counted.",
    },
    "clusters": {
        "type": "dict",
        "default": {},
        "description": "What may lie behind an error: a metric's name and regular expressions of its texts, upper and "
        "lower case alike. The first that fits counts; what fits none is counted as other_errors.",
    },
    "gauge_key": {
        "type": "str",
        "description": "Key of a figure that some records carry, such as memory_mb: its first, last and largest value.",
    },
    "status_key": {
        "type": "str",
        "description": "Key of a call's outcome. With it, the error rate is failed calls over calls.",
    },
    "error_values": {
        "type": "list",
        "elements": "raw",
        "default": ["error", ">= 500"],
        "description": "Outcomes that are failures: texts, numbers, or levels such as '>= 500'.",
    },
    "prefix": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Texts that may stand before the JSON of a line or of a message, such as 'API_CALL: '.",
    },
    "ignore": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Regular expressions of plain lines that mean nothing; they do not lower the coverage.",
    },
    "security": {
        "type": "dict",
        "options": {
            "key_equals": {"type": "dict", "description": "Keys and values that make a record a security event."},
            "message_prefixes": {"type": "list", "elements": "str", "description": "So does a message that starts so."},
            "event_keys": {"type": "list", "elements": "str", "description": "Keys that name the kind of event."},
            "source_keys": {"type": "list", "elements": "str", "description": "Keys that name where it came from."},
        },
        "description": "What makes a record a security event.",
    },
    "counts": {
        "type": "dict",
        "default": {},
        "description": "Further metrics: a name, and the keys and values of the records to count under it.",
    },
    "value_metric": {"type": "str", "default": "records", "description": "Metric that is the result's value."},
}
METRICS = {
    "records": "count",
    "errors": "count",
    "error_percent": "%",
    "calls": "count",
    "failed_calls": "count",
    "mean_ms": "ms",
    "p50_ms": "ms",
    "p95_ms": "ms",
    "p99_ms": "ms",
    "maximum_ms": "ms",
    "slow_calls": "count",
    "security_events": "count",
    "unique_clients": "count",
    "gauge_first": "",
    "gauge_last": "",
    "gauge_maximum": "",
}
#: The parameters counts and clusters add metrics of their own.
OPEN_METRICS = True
TOGETHER = prepare
_PERCENTS = (50, 95, 99)


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read the window once and return its figures.

    Raises:
        CheckError: ``file_missing``, ``permission_denied``, ``not_a_regular_file``, ``log_not_read_in_time`` or
            ``timezone_unknown``.
        ProfileError: a pattern, a window or a metric's name cannot be used.
    """
    counter, reading = count_log(counting(parameters, context), context)
    metric = parameters.get("value_metric") or "records"
    return observe(counter.finish(), counter.details, rules_of(parameters), reading, metric)


def counting(parameters: Mapping[str, Any], context: Context) -> Counting:
    """Return how the log is counted; JSON shows by itself whether a last line is whole.

    Raises:
        CheckError: ``timezone_unknown``.
        ProfileError: a pattern or a window cannot be used.
    """
    rules = rules_of(parameters)
    window = window_of(parameters["window"], context.now, context.timezone)
    naive = zone(parameters.get("naive_timezone") or context.timezone)
    return Counting(
        parameters["path"], window.start, True, lambda: JsonlCounter(rules, window, TimestampReader(naive)), BLOCK_BYTES
    )


def rules_of(parameters: Mapping[str, Any]) -> Rules:
    """Return the rules that the parameters state.

    Raises:
        ProfileError: a pattern or an entry of ``counts`` cannot be used.
    """
    security = {key: value for key, value in (parameters.get("security") or {}).items() if value}
    counts = parameters.get("counts") or {}
    for name, wanted in counts.items():
        if not isinstance(wanted, dict) or not wanted or name in METRICS:
            raise ProfileError(
                f"counts.{name} is {wanted!r}",
                "Write a new metric's name and the keys and values of the records to count, such as"
                ' estimates: {message: "POST /api/v1/tasks", status_code: 200}',
            )
    optional = {
        "event_keys": security.get("event_keys"),
        "source_keys": security.get("source_keys"),
        "security_keys": security.get("key_equals"),
        "security_prefixes": security.get("message_prefixes"),
    }
    return Rules(
        timestamp_keys=parameters["timestamp_keys"],
        level_key=parameters["level_key"],
        error_levels=parameters["error_levels"],
        message_key=parameters["message_key"],
        duration_key=parameters["duration_key"],
        duration_unit=parameters["duration_unit"],
        status_key=parameters["status_key"],
        error_values=parameters["error_values"],
        prefixes=parameters["prefix"],
        ignore=[_pattern(text) for text in parameters["ignore"]],
        counts=counts,
        over_ms=parameters["slow_ms"],
        operation_key=parameters["operation_key"],
        client_keys=parameters["client_keys"],
        clusters=clusters_of(parameters["clusters"], METRICS),
        gauge_key=parameters["gauge_key"],
        **{name: value for name, value in optional.items() if value is not None},
    )


def _pattern(text: str) -> Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ProfileError(f"ignore holds {text!r}: {error}", "Write a regular expression") from None


def observe(
    figures: JsonlFigures, details: Details, rules: Rules, reading: Reading, value_metric: str = "records"
) -> Observation:
    """Turn counts into an Observation; pure.

    Raises:
        ProfileError: there is no metric of that name.
    """
    missed = figures.unread.count + reading.lost
    total = figures.records + missed
    whole = figures.records if rules.status_key is None else figures.calls
    failed = figures.errors if rules.status_key is None else figures.failed
    metrics: dict[str, Scalar] = {
        "records": figures.records,
        "errors": figures.errors,
        "error_percent": 100.0 * failed / whole if whole else None,
        "calls": None if rules.status_key is None else figures.calls,
        "failed_calls": None if rules.status_key is None else figures.failed,
        "security_events": figures.security_events,
        **_durations(figures, rules),
        "unique_clients": details.clients.count() if rules.client_keys else None,
        **_gauge(details),
        **{name: details.clusters[name] for name in ((*rules.clusters, OTHER) if rules.clusters else ())},
        **figures.counts,
    }
    if value_metric not in metrics:
        raise ProfileError(f"There is no metric {value_metric!r}", "Metrics: {}".format(", ".join(metrics)))
    state, reason = OK, None
    if not figures.records and missed:
        state, reason = UNKNOWN, Reason("log_not_understood", {"lines": missed, "format": "JSON lines"})
    elif not figures.records:
        reason = Reason("no_records", {})
    elif not whole:
        reason = Reason("no_status_in_records", {"key": rules.status_key})
    elif rules.duration_key is not None and metrics["mean_ms"] is None:
        reason = Reason("no_duration_in_records", {"key": rules.duration_key})
    return Observation(
        value=metrics[value_metric],
        unit=METRICS.get(value_metric, "count"),
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=_evidence(figures, details, reading),
        coverage=figures.records / total if total else 1.0,
        source=", ".join(reading.paths) or None,
        nothing_to_measure=not total,
    )


def _durations(figures: JsonlFigures, rules: Rules) -> dict[str, Scalar]:
    names = ("mean_ms", "p50_ms", "p95_ms", "p99_ms", "maximum_ms", "slow_calls")
    limit = None if rules.over_ms is None else rules.over_ms * 1000.0
    summary = figures.durations.summary(_PERCENTS, limit)
    if not summary.count:
        return dict.fromkeys(names)
    raw = [summary.mean(), *summary.quantiles, summary.largest]
    milliseconds: list[Scalar] = [None if value is None else value / 1000.0 for value in raw]
    milliseconds.append(None if limit is None else summary.above)
    return dict(zip(names, milliseconds))


def _gauge(details: Details) -> dict[str, Scalar]:
    first, last = details.gauge.first, details.gauge.last
    return {
        "gauge_first": first[1] if first else None,
        "gauge_last": last[1] if last else None,
        "gauge_maximum": details.gauge.maximum,
    }


def _evidence(figures: JsonlFigures, details: Details, reading: Reading) -> list[str]:
    lines = [f"{count} x {message}" for message, count in most_common(figures.messages, 5)]
    lines += [f"{count} x slow {name}" for name, count in most_common(details.slow, 3)]
    lines += [f"{taken / 1e6:.3f} s {name}" for taken, name in details.slowest.ranked(str)[:3]]
    lines += [f"{count} x security event {event}" for event, count in most_common(figures.events, 5)]
    lines += [f"{count} x from {source}" for source, count in most_common(figures.sources, 4)] + reading.notes[:3]
    if figures.unread.count:
        lines += ["not understood: {}".format(line.decode("utf-8", "replace")) for line in figures.unread.samples]
    return lines
