# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of a window by what lies behind them, and who failed to log in, from error logs (EST-05, EST-22).

A line is an error by its level, not because the word stands in it: every line of Apache's log names modules and levels.
"""

from __future__ import annotations

from typing import Any, Mapping

from ..errors import ProfileError
from ..logs.error_lines import APACHE, JSON_LINES, ErrorFigures, ErrorRules, count_block
from ..logs.files import Reading, blocks_of_log
from ..logs.mixed_files import any_of, clusters_of
from ..logs.timestamps import TimestampReader
from ..logs.together import prepare
from ..logs.window import CHOICES, window_of
from ..model import OK, UNKNOWN, Observation, Reason, Scalar
from ..probe import Context
from ..zones import zone

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {
        "type": "list",
        "elements": "path",
        "required": True,
        "description": "The error log, or several, or globs; rotated and compressed copies are found beside it.",
    },
    "log_format": {
        "type": "str",
        "choices": [APACHE, JSON_LINES],
        "default": APACHE,
        "description": "Whether lines are Apache's (its default ErrorLogFormat) or JSON objects.",
    },
    "window": {
        "type": "str",
        "default": "day",
        "description": "Stretch of time: {}, or a number of hours.".format(", ".join(CHOICES)),
    },
    "error_levels": {
        "type": "list",
        "elements": "str",
        "default": ["error", "crit", "critical", "alert", "emerg", "fatal"],
        "description": "Severities that make a line an error.",
    },
    "clusters": {
        "type": "dict",
        "default": {},
        "description": "What may lie behind an error: a metric's name and regular expressions of its texts, upper and "
        "lower case alike. The first that fits counts; what fits none is counted as other.",
    },
    "authentication": {
        "type": "list",
        "elements": "str",
        "default": [r"AH01617\b", r"AH01618\b", "authentication failure"],
        "description": "Regular expressions of failed logins: counted apart, whatever their level, and no errors.",
    },
    "ignore": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Regular expressions of other lines that are known; they do not lower the coverage.",
    },
    "timestamp_keys": {
        "type": "list",
        "elements": "str",
        "default": ["timestamp", "time", "ts"],
        "description": "The first of these keys that a JSON record has holds its time.",
    },
    "level_key": {"type": "str", "default": "level", "description": "Key of a JSON record's severity."},
    "message_keys": {
        "type": "list",
        "elements": "str",
        "default": ["message", "error"],
        "description": "Keys of a JSON record's texts.",
    },
    "naive_timezone": {
        "type": "str",
        "description": "IANA zone of times that name none; the system's zone when not set.",
    },
    "value_metric": {"type": "str", "default": "errors", "description": "Metric that is the result's value."},
}
METRICS = {
    "errors": "count",
    "other": "count",
    "authentication_failures": "count",
    "authentication_sources": "count",
    "most_from_one_source": "count",
    "records": "count",
}
#: Every cluster is a metric of its own.
OPEN_METRICS = True
TOGETHER = prepare


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Read the window once.

    Raises:
        CheckError: as :func:`blocks_of_log`; ``timezone_unknown``.
        ProfileError: a pattern, a window or a metric's name cannot be used.
    """
    naive = zone(parameters.get("naive_timezone") or context.timezone)
    rules = rules_of(parameters)
    window = window_of(parameters["window"], context.now, context.timezone)
    figures, reading, reader = ErrorFigures(), Reading(), TimestampReader(naive)
    keep_partial = parameters["log_format"] == JSON_LINES
    for block in blocks_of_log(parameters["path"], window.start, context, reading, keep_partial=keep_partial):
        count_block(block, rules, window, reader, figures)
    figures.unread.finish()
    return observe(figures, rules, reading, parameters["value_metric"])


def rules_of(parameters: Mapping[str, Any]) -> ErrorRules:
    """Return the rules that the parameters state.

    Raises:
        ProfileError: a pattern cannot be used, or a cluster has the name of another metric.
    """
    return ErrorRules(
        log_format=parameters["log_format"],
        error_levels=frozenset(level.lower() for level in parameters["error_levels"]),
        clusters=clusters_of(parameters["clusters"], METRICS),
        authentication=any_of(parameters["authentication"], "authentication"),
        ignore=any_of(parameters["ignore"], "ignore"),
        timestamp_keys=parameters["timestamp_keys"],
        level_key=parameters["level_key"],
        message_keys=parameters["message_keys"],
    )


def observe(figures: ErrorFigures, rules: ErrorRules, reading: Reading, value_metric: str = "errors") -> Observation:
    """Turn counts into an Observation; pure.

    Raises:
        ProfileError: there is no metric of that name.
    """
    sources = figures.sources.most_common(5)
    metrics: dict[str, Scalar] = {
        "errors": sum(figures.clusters.values()),
        **{name: figures.clusters[name] for name in [*rules.clusters, "other"]},
        "authentication_failures": figures.authentication_failures,
        "authentication_sources": figures.distinct_sources.count(),
        "most_from_one_source": sources[0][1] if sources else 0,
        "records": figures.records,
    }
    if value_metric not in metrics:
        raise ProfileError(f"There is no metric {value_metric!r}", "Metrics: {}".format(", ".join(metrics)))
    missed = figures.unread.count + reading.lost
    total = figures.records + missed
    state, reason = OK, None
    if not figures.records and missed:
        state, reason = UNKNOWN, Reason("log_not_understood", {"lines": missed, "format": rules.log_format})
    elif not figures.records:
        reason = Reason("no_records", {})
    evidence = [f"{count} x {cluster}: {text}" for (cluster, text), count in figures.texts.most_common(8)]
    evidence += [f"{count} x failed login from {source}" for source, count in sources]
    evidence += reading.notes[:3]
    if figures.unread.count:
        evidence += ["not understood: {}".format(line.decode("utf-8", "replace")) for line in figures.unread.samples]
    return Observation(
        value=metrics[value_metric],
        unit=METRICS.get(value_metric, "count"),
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=evidence,
        coverage=round(figures.records / total, 4) if total else 1.0,
        source=", ".join(reading.paths) or None,
        nothing_to_measure=not total,
    )
