# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that contradict each other are not printed.

The runbook's own sample reports do (2 errors of 120 accesses are 1.67 %, not 0.44 %; 99.8 % of a week are 20 minutes
of downtime, not 0). Every report passes through here first; what does not fit is named instead of printed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .availability import printed_downtime, printed_percent
from .numbers import is_number

STATES = ("ok", "warning", "unknown", "critical")
_SECOND = 1.0
#: Half of the last printed decimal of a percentage, and a little for the machine's own rounding.
_PERCENT_TOLERANCE = 0.0051
_PERCENTILES = (("p50_seconds", 50), ("p95_seconds", 95), ("p99_seconds", 99))
_STATUS_CLASSES = ("status_1xx", "status_2xx", "status_3xx", "status_4xx", "status_5xx")
#: Shares of a whole; a change or a growth in percent may be anything.
_SHARES = ("used_percent", "inodes_percent", "swap_percent", "error_percent", "freelist_percent")


@dataclass(frozen=True)
class Contradiction:
    """Two figures that cannot both be true.

    Args:
        id: sentence of the catalogue's ``contradictions``.
        fields: the figures.
        figures: names of the lines that must not be printed: ``availability``, ``downtime``, ``counts`` or
            ``<check>:<metric>``.
    """

    id: str
    fields: dict[str, Any]
    figures: tuple[str, ...]


def reconcile(figures: Mapping[str, Any]) -> list[Contradiction]:
    """Return every contradiction among the figures of one system.

    Args:
        figures: ``availability`` (fields of an Availability, or None), ``counts`` (per state), ``state`` (the
            verdict), ``results`` (``check``, ``state``, ``metrics``) and ``printed`` (metrics per check as the
            report's lines will print them, after aggregation).
    """
    results = figures.get("results") or []
    found = [*_availability(figures.get("availability")), *_counts(figures.get("counts"), results)]
    found += _verdict(figures.get("state"), results)
    for check, metrics in _metric_sets(results, figures.get("printed") or {}):
        found += [*_shares(check, metrics), *_errors(check, metrics), *_percentiles(check, metrics)]
    return _without_repetition(found)


def _metric_sets(
    results: Iterable[Mapping[str, Any]], printed: Mapping[str, Mapping[str, Any]]
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for result in results:
        yield str(result.get("check")), result.get("metrics") or {}
    yield from printed.items()


def _without_repetition(found: Sequence[Contradiction]) -> list[Contradiction]:
    """Return the contradictions in order, each once: a Result and its line say the same."""
    kept: list[Contradiction] = []
    for contradiction in found:
        if contradiction not in kept:
            kept.append(contradiction)
    return kept


def _availability(availability: Mapping[str, Any] | None) -> list[Contradiction]:
    """Compare uptime, downtime, observed time and percentage, exact and as printed."""
    if not availability:
        return []
    names = ("availability", "downtime")
    up, down = availability["up_seconds"], availability["down_seconds"]
    observed, window = availability["observed_seconds"], availability["window_seconds"]
    found = []
    if abs(up + down - observed) > _SECOND or min(up, down) < 0:
        found.append(Contradiction("availability_sum", {"up": up, "down": down, "observed": observed}, names))
    if observed > window + _SECOND:
        found.append(Contradiction("observed_beyond_window", {"observed": observed, "window": window}, names))
    percent = availability.get("percent")
    if percent is None or observed <= 0:
        return found
    exact = 100.0 * (observed - down) / observed
    # What is printed is rounded: the downtime by half of its unit (a second is never rounded away), the percentage
    # by its last decimal.
    printed, form = printed_downtime(down)
    unit_seconds = 60.0 if form == "minutes" else 1.0
    from_printed = 100.0 * (observed - unit_seconds * printed) / observed
    tolerance = 2 * _PERCENT_TOLERANCE + 100.0 * unit_seconds / observed
    if abs(exact - percent) > _PERCENT_TOLERANCE or abs(from_printed - printed_percent(percent)) > tolerance:
        fields = {"percent": percent, "down": down, "observed": observed}
        found.append(Contradiction("availability_percent", fields, names))
    return found


def _counts(counts: Mapping[str, int] | None, results: Sequence[Mapping[str, Any]]) -> list[Contradiction]:
    """Compare the counts per state with the results that were counted."""
    if counts is None:
        return []
    found = []
    for state in STATES:
        really = sum(1 for result in results if result.get("state") == state)
        if int(counts.get(state) or 0) != really:
            fields = {"state": state, "counted": int(counts.get(state) or 0), "found": really}
            found.append(Contradiction("counts_differ", fields, ("counts",)))
    return found


def _verdict(state: str | None, results: Sequence[Mapping[str, Any]]) -> list[Contradiction]:
    """Hold the verdict against the worst result: it may be worse (an action failed), never milder."""
    ranks = [STATES.index(result["state"]) for result in results if result.get("state") in STATES]
    if state not in STATES or not ranks or STATES.index(state) >= max(ranks):
        return []
    return [Contradiction("verdict_too_mild", {"verdict": state, "worst": STATES[max(ranks)]}, ("state",))]


def _shares(check: str, metrics: Mapping[str, Any]) -> list[Contradiction]:
    return [
        Contradiction(
            "percent_out_of_range",
            {"check": check, "metric": name, "value": metrics[name], "lowest": 0, "highest": 100},
            (f"{check}:{name}",),
        )
        for name in _SHARES
        if is_number(metrics.get(name)) and not 0 <= metrics[name] <= 100
    ]


def _errors(check: str, metrics: Mapping[str, Any]) -> list[Contradiction]:
    """Compare the error rate with errors over requests of the same log (EST-08), and the status classes."""
    found = []
    requests, percent = metrics.get("requests"), metrics.get("error_percent")
    errors = metrics.get("errors", metrics.get("status_5xx"))
    if is_number(requests) and is_number(errors) and is_number(percent) and requests > 0:
        expected = 100.0 * errors / requests
        if abs(expected - percent) > _PERCENT_TOLERANCE:
            fields = {"check": check, "errors": errors, "requests": requests, "expected": expected, "value": percent}
            names = tuple(f"{check}:{name}" for name in ("errors", "requests", "error_percent"))
            found.append(Contradiction("error_percent_differs", fields, names))
    classes = [metrics.get(name) for name in _STATUS_CLASSES]
    parts = sum(value for value in classes if is_number(value))
    if is_number(requests) and parts > requests:
        names = (f"{check}:requests", *(f"{check}:{name}" for name in _STATUS_CLASSES))
        fields = {"check": check, "parts": parts, "requests": requests}
        found.append(Contradiction("parts_exceed_total", fields, names))
    return found


def _percentiles(check: str, metrics: Mapping[str, Any]) -> list[Contradiction]:
    """A higher percentile is never faster than a lower one."""
    known = [(name, rank, metrics[name]) for name, rank in _PERCENTILES if is_number(metrics.get(name))]
    return [
        Contradiction(
            "percentiles_unordered",
            {"check": check, "lower_name": lower[1], "lower": lower[2], "upper_name": upper[1], "upper": upper[2]},
            (f"{check}:{lower[0]}", f"{check}:{upper[0]}"),
        )
        for lower, upper in itertools.pairwise(known)
        if lower[2] > upper[2]
    ]
