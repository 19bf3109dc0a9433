# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that are computed from the store: objectives and trends of all systems of a play, in two statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.engine import Check, answer
from ansible_collections.aiops.runbooks.plugins.module_utils.judge import parse_level
from ansible_collections.aiops.runbooks.plugins.module_utils.model import UNKNOWN, Observation, Reason
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context

from ..report.availability import DOWN, MAXIMUM_GAP_SECONDS, Interval, observed_state, state_of_checks
from ..report.period import moment
from ..store import Sample, Sighting, Store, maintenance_intervals, observations_of, samples_of
from . import growth, objectives
from .growth import MONTH_DAYS
from .leak import leak
from .objectives import DAY_SECONDS
from .parts import Naming, figure_of, parts_of
from .questions import RECENCY, SLO, target_of
from .recency import recency

Question = Mapping[str, Any]
Run = Mapping[str, Any]
Observations = Sequence[tuple[float, str]]
#: A part may begin a little before its window, and a month has up to 31 days.
_MARGIN = timedelta(days=4)
_TRENDS = {
    "growth": growth.growth,
    "forecast": growth.forecast,
    "month_over_month": growth.month_over_month,
    "leak": leak,
}


@dataclass(frozen=True)
class Derivation:
    """A question as the engine asks it: what it gives, and how it is looked for."""

    METRICS: dict[str, str]
    look: Callable[[Any, Any], Observation]


def derived_results(
    store: Store,
    runs: Iterable[Run],
    asked: Mapping[str, Sequence[Question]],
    now: datetime,
) -> dict[str, list[dict[str, Any]]]:
    """Return the Results of every host's questions, as plain dicts, in their order.

    Args:
        store: an open store; it is only read, and not at all when nothing is asked.
        runs: the play's own runs, complete except for their verdict; they belong to every series.
        asked: questions by host, see ``questions_of``.
        now: the control side's clock, UTC.

    Raises:
        StoreError: the store cannot be read.
    """
    wanted = {host: list(questions) for host, questions in asked.items() if questions}
    if not wanted:
        return {}
    current = {str(run["host"]): run for run in runs}
    promised = _promised(wanted)
    seen = _observations(store, promised, current, now)
    quiet = maintenance_intervals(store, set(promised), *_span(promised, now)) if promised else {}
    samples = _samples(store, wanted, current, now)
    return {
        host: [
            _result(
                question,
                current.get(host) or {},
                seen.get(host, []),
                samples.get((host, str(question.get("check"))), []),
                now,
                quiet.get(host, ()),
            )
            for question in questions
        ]
        for host, questions in wanted.items()
    }


def _promised(wanted: Mapping[str, Sequence[Question]]) -> dict[str, float]:
    """Return the hosts with a promised availability, and over how many days at most."""
    days: dict[str, float] = {}
    for host, questions in wanted.items():
        for question in questions:
            if question["family"] == SLO and question["kind"] == "availability":
                days[host] = max(days.get(host, 0.0), question["window_days"])
    return days


def _span(promised: Mapping[str, float], now: datetime) -> tuple[datetime, datetime]:
    return now - timedelta(days=max(promised.values()), seconds=MAXIMUM_GAP_SECONDS), now


def _observations(
    store: Store, promised: Mapping[str, float], current: Mapping[str, Run], now: datetime
) -> dict[str, list[tuple[float, str]]]:
    if not promised:
        return {}
    recorded = observations_of(store, set(promised), *_span(promised, now))
    found: dict[str, list[tuple[float, str]]] = {}
    for host in promised:
        own = current.get(host)
        known = [
            (each.at.timestamp(), state)
            for each in recorded.get(host, [])
            if (own is None or each.run_id != own.get("id")) and (state := _state_of(each)) is not None
        ]
        if own is not None and (state := observed_state(own)) is not None:
            known.append((moment(str(own["started"])).timestamp(), state))
        found[host] = known
    return found


def _state_of(sighting: Sighting) -> str | None:
    if not sighting.reachable:
        return DOWN
    return state_of_checks(list(sighting.checks.values()), failed=sighting.failed)


def _samples(
    store: Store, wanted: Mapping[str, Sequence[Question]], current: Mapping[str, Run], now: datetime
) -> dict[tuple[str, str], list[Sample]]:
    named = [
        (host, str(question["check"]), _history_days(question))
        for host, questions in wanted.items()
        for question in questions
        if question.get("check")
    ]
    if not named:
        return {}
    hosts, checks = {host for host, _check, _days in named}, {check for _host, check, _days in named}
    start = now - timedelta(days=max(days for _host, _check, days in named)) - _MARGIN
    found = samples_of(store, hosts, checks, start, now)
    for host, check in {(host, check) for host, check, _days in named}:
        for result in (current.get(host) or {}).get("results") or []:
            if result.get("check") == check:
                found.setdefault((host, check), []).append(_sample(result, now))
    return found


def _history_days(question: Question) -> float:
    return max(float(question["window_days"]), 2 * MONTH_DAYS if question["kind"] == "month_over_month" else 0)


def _sample(result: Mapping[str, Any], now: datetime) -> Sample:
    started = result.get("started")
    # A host whose clock is ahead still belongs to this run.
    at = min(moment(str(started)), now) if started else now
    return Sample(at, result.get("value"), result.get("metrics") or {}, str(result.get("state")))


def _result(
    question: Question,
    run: Run,
    seen: Observations,
    samples: Sequence[Sample],
    now: datetime,
    maintenance: Sequence[Interval],
) -> dict[str, Any]:
    epoch = now.timestamp()
    if question["family"] == SLO:
        check, derivation = _objective(question, seen, samples, epoch, maintenance)
    else:
        check, derivation = _trend(question, samples, epoch)
    context = Context(now=epoch, deadline=0.0, timezone=str(question["timezone"]))
    started = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return answer(str(run.get("system") or ""), check, derivation, context, started).to_dict()


def _objective(
    question: Question, seen: Observations, samples: Sequence[Sample], now: float, maintenance: Sequence[Interval]
) -> tuple[Check, Derivation]:
    kind = question["kind"]
    promised = objectives.Objective(
        target=target_of(question["target"], question["name"]),
        window_days=question["window_days"],
        needed_days=question["needed_days"],
        metric=str(question.get("metric") or "availability_percent"),
    )

    def look(_parameters: Any, _context: Any) -> Observation:
        if kind == "availability":
            return objectives.availability(seen, now, promised, maintenance)
        naming = Naming(
            metric=promised.metric,
            first=question["first"],
            requests=question.get("requests_metric"),
            slow=question.get("slow_metric"),
            window=question["window"],
            timezone=question["timezone"],
        )
        parts = parts_of(samples, naming, now - promised.window_days * DAY_SECONDS, now)
        if samples and not parts:
            return _not_measured(promised.metric)
        return (objectives.error_rate if kind == "error_rate" else objectives.latency)(parts, now, promised)

    unit = str(question["unit"]) if kind == "latency" else "%"
    metrics = {promised.metric: unit, "budget_left_percent": "%", "budget_left_seconds": "s"}
    return _check(question, promised.missed), Derivation(metrics, look)


def _trend(question: Question, samples: Sequence[Sample], now: float) -> tuple[Check, Derivation]:
    if question["kind"] == RECENCY:
        days = question["window_days"]
        return _check(question, question.get("critical")), Derivation(
            {"age_days": "days"}, lambda _parameters, _context: recency(samples, now, days)
        )
    asked = growth.Question(
        unit=str(question["unit"]),
        window_days=question["window_days"],
        needed_points=question["needed_points"],
        needed_days=question["needed_days"],
        warning=parse_level(question.get("warning")),
        critical=parse_level(question.get("critical")),
        limit=parse_level(question.get("limit")),
        horizon_days=question["horizon_days"],
    )

    def look(_parameters: Any, _context: Any) -> Observation:
        figures = [(each.at.timestamp(), figure_of(each, question["metric"], question["first"])) for each in samples]
        points = [(when, value) for when, value in figures if value is not None]
        if figures and not points:
            return _not_measured(question["metric"])
        return _TRENDS[question["kind"]](points, now, asked)

    metrics = {
        "forecast": {"days_until_limit": "days"},
        "growth": {"growth_percent": "%"},
        "leak": {"growth_a_day_percent": "%"},
    }
    return _check(question, question.get("critical")), Derivation(
        metrics.get(question["kind"], {"change_percent": "%"}), look
    )


def _not_measured(metric: str) -> Observation:
    """Say that the check looked, but never found the figure: more history will not help."""
    return Observation(state=UNKNOWN, reason=Reason("not_measured", {"metric": metric}))


def _check(question: Question, critical: str | None) -> Check:
    """Return the question as the judge takes it."""
    subject = question.get("check")
    return Check(
        name=question["name"],
        kind=question["family"],
        warning=question.get("warning"),
        critical=critical,
        limits=question.get("limits") or {},
        runbook=question.get("runbook"),
        source=f"{subject}:{question['metric']}" if subject else None,
    )
