# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a profile asks of the store (``system_slos``, ``system_trends``), validated and cut down to what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import registry
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import did_you_mean
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.module_utils.judge import Level, parse_level

SLO = "slo"
TREND = "trend"
#: A trend that asks only how long ago something was last done well, of a check or of an action that measures.
RECENCY = "recency"
#: Kinds of Results that are about months, and say nothing about how a system is now.
KINDS = (SLO, TREND)
#: Counts of slow requests, and the parameter that says from when on a request is slow.
_SLOW_LIMITS = {"over_slo": "slo_seconds", "slow_calls": "slow_ms"}
_RISING = (">", ">=")
#: What misses a target that is written with the sign.
INVERSE = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
#: Days of history that a kind of trend needs when its profile does not say.
NEEDED_DAYS = {"growth": 28, "forecast": 28, "month_over_month": 45, "leak": 3}

Item = Mapping[str, Any]


def questions_of(host: str, settings: Item, checks: Sequence[Item]) -> list[dict[str, Any]]:
    """Return everything that a profile asks of the store, ready for ``derived_results``, with its ``every``.

    Args:
        host: inventory name, for errors.
        settings: the validated profile.
        checks: the profile's checks, changes of the variant included.

    Raises:
        ProfileError: names the host, the objective or trend, the key and the choices.
    """
    by_name = {str(check["name"]): check for check in checks}
    # What an action measures is recorded under its name.
    measured = {**by_name, **{str(action["name"]): action for action in settings.get("system_actions") or []}}
    asked: list[dict[str, Any]] = []
    for family, key, prepare in ((SLO, "system_slos", _objective), (TREND, "system_trends", _trend)):
        for item in settings.get(key) or []:
            where = "{}: {} {}".format(host, key, item["name"])
            if item["name"] in by_name or any(item["name"] == other["name"] for other in asked):
                raise ProfileError(f"{where}: something else has this name", "Rename one of them")
            asked.append(
                {
                    **{name: value for name, value in item.items() if value is not None},
                    **prepare(where, item, measured if item["kind"] == RECENCY else by_name),
                    "family": family,
                    "timezone": settings["system_timezone"],
                }
            )
    return asked


def _objective(where: str, item: Item, checks: Mapping[str, Item]) -> dict[str, Any]:
    target = target_of(str(item["target"]), f"{where}, key target")
    parse_level(item.get("warning"), f"{where}, key warning")
    for metric, levels in (item.get("limits") or {}).items():
        for name in levels:
            parse_level(levels[name], f"{where}, limits.{metric}.{name}")
    upwards = target.sign in _RISING
    if upwards != (item["kind"] == "availability") or target.limit < 0:
        example = ">= 99" if item["kind"] == "availability" else "< 1"
        raise ProfileError(f"{where}: {item['target']!r} cannot be promised for {item['kind']}", f'Such as "{example}"')
    if item["kind"] != "latency" and not 0 < target.limit < 100:
        raise ProfileError(f"{where}: a target of {target.text} leaves no error budget", "Choose between 0 and 100")
    if item["kind"] == "availability":
        return {"target": target.text}
    check = _check(where, item, checks)
    metric = item.get("metric") or ("error_percent" if item["kind"] == "error_rate" else None)
    named = _metric(where, check, metric, "metric")
    parameters = check.get("parameters") or {}
    requests = item.get("requests_metric") or ("requests" if item["kind"] == "error_rate" else None)
    if requests:
        _metric(where, check, requests, "requests_metric")
    if item.get("slow_metric"):
        _metric(where, check, item["slow_metric"], "slow_metric")
        limit = _SLOW_LIMITS.get(item["slow_metric"])
        if limit is None or parameters.get(limit) is None or float(parameters[limit]) != target.limit:
            raise ProfileError(
                "{}: {} of check {} does not count what is slower than {:g}".format(
                    where, item["slow_metric"], check["name"], target.limit
                ),
                f"Set its parameter {limit or ' or '.join(_SLOW_LIMITS.values())} to the target",
            )
    window = registry.load(str(check["kind"])).PARAMETERS.get("window")
    if window is None:
        raise ProfileError(
            "{}: check {} (kind {}) does not look at a stretch of time".format(where, check["name"], check["kind"]),
            "Name a check that reads a log",
        )
    return {
        **named,
        "target": target.text,
        "requests_metric": requests,
        "window": str(parameters.get("window") or window["default"]),
    }


def _trend(where: str, item: Item, checks: Mapping[str, Item]) -> dict[str, Any]:
    for key in ("warning", "critical"):
        parse_level(item.get(key), f"{where}, key {key}")
    limit = parse_level(item.get("limit"), f"{where}, key limit")
    if (limit is None) == (item["kind"] == "forecast"):
        way_out = 'Such as limit: ">= 90"' if limit is None else "Only a forecast has one; use warning and critical"
        raise ProfileError(f"{where}: a {item['kind']} {'needs a' if limit is None else 'has no'} limit", way_out)
    if limit is not None and limit.sign in ("==", "!="):
        raise ProfileError(f"{where}: {limit.text} is not a limit that can be approached", "Use >, >=, < or <=")
    if item["kind"] == RECENCY:
        _check(where, item, checks)
        return {"metric": "age_days", "first": "age_days", "unit": "days"}
    needed = item.get("needed_days")
    return {
        **_metric(where, _check(where, item, checks), item.get("metric"), "metric"),
        "needed_days": NEEDED_DAYS[item["kind"]] if needed is None else needed,
    }


def _check(where: str, item: Item, checks: Mapping[str, Item]) -> Item:
    name = item.get("check")
    if not name:
        raise ProfileError(f"{where} names no check", "Checks: {}".format(", ".join(checks)))
    if name not in checks:
        raise ProfileError(
            f"{where} names the check {name}, which there is not{did_you_mean(name, checks)}",
            "Checks: {}".format(", ".join(checks)),
        )
    return checks[name]


def _metric(where: str, check: Item, metric: str | None, key: str) -> dict[str, Any]:
    """Return how a metric is found in the check's results: its name, the name of their value, and its unit."""
    kind = registry.load(str(check["kind"]))
    first = next(iter(kind.METRICS), "value")
    name = metric or first
    if name not in kind.METRICS and not getattr(kind, "OPEN_METRICS", False):
        raise ProfileError(
            "{}, key {}: kind {} of check {} has no metric {}{}".format(
                where, key, check["kind"], check["name"], name, did_you_mean(name, kind.METRICS)
            ),
            "Metrics: {}".format(", ".join(kind.METRICS)),
        )
    unit = kind.METRICS.get(name, "")
    if name == first and not unit:
        unit = str((check.get("parameters") or {}).get("value_unit") or "")
    return {"metric": name, "first": first, "unit": unit}


def due(asked: Iterable[dict[str, Any]], is_due: Callable[[Item], bool]) -> list[dict[str, Any]]:
    """Return the questions that are due, without what only decided that."""
    return [
        {key: value for key, value in question.items() if key not in ("every", "title")}
        for question in asked
        if is_due(question)
    ]


def target_of(text: str, where: str) -> Level:
    """Read a target such as ``>= 99.0``.

    Raises:
        ProfileError: it is not a level that can be kept or missed by degrees.
    """
    level = parse_level(text, where)
    if level is None or level.sign not in INVERSE:
        raise ProfileError(f"{where} is {text!r}, which is no target", 'Write what must hold, such as ">= 99" or "< 1"')
    return level
