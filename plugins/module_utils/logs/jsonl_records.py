# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one record of a JSON lines log counts for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, Mapping

from .jsonl_details import DetailCounter, Details, number
from .jsonl_rules import JsonlFigures, Rules, equals, value_at
from .tally import tally_counts, without_numbers

_TEXT_CHARACTERS = 160
_LEVEL_CHARACTERS = 20
Record = Dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What the values of a record's deciding keys make of it.

    Attributes:
        level: severity as it is counted; None when there is none.
        call: whether it has a status.
        failed: whether that is a failure.
        error: whether it is an error, by its severity or its status.
        security: whether it is a security event.
        counts: the metrics of the rules that it counts for.
    """

    level: str | None
    call: bool
    failed: bool
    error: bool
    security: bool
    counts: tuple[str, ...]


class RecordCounter:
    """Adds records to the figures of a window.

    Args:
        rules: what a record's keys mean.
    """

    def __init__(self, rules: Rules) -> None:
        self.figures = JsonlFigures(counts=dict.fromkeys(rules.counts, 0))
        self.rules = rules
        self._failed = equals(list(rules.error_values))
        self._error_levels = frozenset(level.upper() for level in rules.error_levels)
        self._security = [(key, equals(value)) for key, value in rules.security_keys.items()]
        self._security_prefixes = tuple(rules.security_prefixes)
        self._counts = {
            name: [(key, equals(value)) for key, value in wanted.items()] for name, wanted in rules.counts.items()
        }
        #: Keys that decide what a record counts for; that tell of an error; that tell of a security event.
        named = [key for key in (rules.level_key, rules.status_key) if key]
        self.deciding_keys = (
            *named,
            *(key for wanted in rules.counts.values() for key in wanted),
            *rules.security_keys,
        )
        self.text_keys = (*([rules.message_key] if rules.message_key else []), *FURTHER_TEXT_KEYS)
        self.event_keys = (*rules.event_keys, *self.text_keys)
        self.details = DetailCounter(rules)

    def take(self) -> tuple[JsonlFigures, Details]:
        """Return the figures and the details, and begin with nothing again."""
        taken = self.figures, self.details.details
        self.figures, self.details.details = JsonlFigures(counts=dict.fromkeys(self.rules.counts, 0)), Details()
        return taken

    def add(self, record: Record, prefix: str, epoch: float) -> None:
        """Add one record.

        Args:
            record: its keys and values.
            prefix: the text that its JSON stood behind; empty when there was none.
            epoch: its time, in seconds since the epoch.
        """
        rules = self.rules
        verdict = self.judge(record)
        self.add_verdict(verdict, 1)
        if verdict.error:
            self.add_errors(((self.error_of(record), 1),))
        if rules.duration_key is not None:
            taken = number(value_at(record, rules.duration_key))
            self.add_numbers(() if taken is None else (taken,))
        self.details.add(record, epoch)
        if verdict.security or self._is_security_text(record, prefix):
            source = self.source_of(record)
            self.add_security_events(((self.event_of(record), 1),), () if source is None else ((source, 1),))

    def judge(self, record: Record) -> Verdict:
        """Return what the values of the deciding keys make of a record."""
        rules = self.rules
        status = value_at(record, rules.status_key) if rules.status_key is not None else None
        level = level_text(value_at(record, rules.level_key)) if rules.level_key else None
        failed = status is not None and self._failed(status)
        return Verdict(
            level=level,
            call=status is not None,
            failed=failed,
            error=failed or level in self._error_levels,
            security=bool(self._security) and all(test(value_at(record, key)) for key, test in self._security),
            counts=tuple(
                name for name, tests in self._counts.items() if all(test(value_at(record, key)) for key, test in tests)
            ),
        )

    def add_verdict(self, verdict: Verdict, times: int) -> None:
        """Add so many records."""
        figures = self.figures
        figures.records += times
        if verdict.level is not None:
            tally_counts(figures.levels, ((verdict.level, times),))
        if verdict.call:
            figures.calls += times
        if verdict.failed:
            figures.failed += times
        if verdict.error:
            figures.errors += times
        for name in verdict.counts:
            figures.counts[name] += times

    def error_of(self, record: Record) -> tuple[str, str | None]:
        """Return the text of an error for the evidence, and what lies behind it."""
        severity = level_text(value_at(record, self.rules.level_key)) if self.rules.level_key else None
        text = self._summary(record)
        return f"{severity} {text}" if severity else text, self.details.cluster(record, self.text_keys)

    def add_errors(self, errors: Iterable[tuple[tuple[str, str | None], int]]) -> None:
        """Remember errors for the evidence, and how often each occurred."""
        found = list(errors)
        tally_counts(self.figures.messages, [(text, times) for (text, _cluster), times in found])
        self.details.add_clusters((cluster, times) for (_text, cluster), times in found)

    def add_numbers(self, values: Iterable[float]) -> None:
        """Add durations in the unit of the rules; what can be none is left out."""
        self.figures.durations.add_whole(self.details.microseconds(values))

    def add_decimals(self, values: list[float]) -> None:
        """Add durations that are whole microseconds and less than 1e14 of them."""
        self.figures.durations.add_decimals(values, self.details.factor)

    def _is_security_text(self, record: Record, prefix: str) -> bool:
        if not self._security_prefixes:
            return False
        message = value_at(record, self.rules.message_key) if self.rules.message_key else None
        return prefix in self._security_prefixes or (
            isinstance(message, str) and message.startswith(self._security_prefixes)
        )

    def event_of(self, record: Record) -> str:
        """Return the kind of a security event."""
        return _first(record, self.rules.event_keys) or self._summary(record)

    def source_of(self, record: Record) -> str | None:
        """Return where a security event came from."""
        return _first(record, self.rules.source_keys)

    def add_security_events(self, events: Iterable[tuple[str, int]], sources: Iterable[tuple[str, int]]) -> None:
        """Add kinds of security events and where they came from, and how often each occurred."""
        found = list(events)
        self.figures.security_events += sum(times for _event, times in found)
        tally_counts(self.figures.events, found)
        tally_counts(self.figures.sources, sources)

    def _summary(self, record: Mapping[str, Any]) -> str:
        found = _first(record, self.text_keys) or "(no message)"
        return without_numbers(found)


#: What tells of a record that has no message.
FURTHER_TEXT_KEYS = ("error_message", "route", "event_type")


def level_text(level: Any) -> str | None:
    """Return a severity as it is compared; None when there is none."""
    if isinstance(level, bool) or not isinstance(level, (str, int, float)):
        return None
    return str(level).upper()[:_LEVEL_CHARACTERS]


def _first(record: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    for key in keys:
        value = value_at(record, key)
        if value is not None:
            return str(value)[:_TEXT_CHARACTERS]
    return None
