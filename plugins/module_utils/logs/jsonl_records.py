# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one record of a JSON lines log counts for."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Sequence

from .jsonl_rules import JsonlFigures, Rules, equals, value_at
from .tally import tally, without_numbers

_TEXT_CHARACTERS = 160
_LEVEL_CHARACTERS = 20
_MICROSECONDS = {"s": 1000000.0, "ms": 1000.0, "us": 1.0}
_LONGEST_DURATION = 1e12
Record = Dict[str, Any]


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
        self._microseconds = _MICROSECONDS[rules.duration_unit]

    def add(self, record: Record, prefix: str) -> None:
        """Add one record.

        Args:
            record: its keys and values.
            prefix: the text that its JSON stood behind; empty when there was none.
        """
        rules = self.rules
        status = value_at(record, rules.status_key) if rules.status_key is not None else None
        level = value_at(record, rules.level_key) if rules.level_key else None
        if self.add_outcomes(level, status, 1):
            self.add_error(record, level)
        if rules.duration_key is not None:
            self.add_durations([value_at(record, rules.duration_key)])
        if self._security_prefixes or self._security:
            self._add_security(record, prefix)
        for name, tests in self._counts.items():
            if all(test(value_at(record, key)) for key, test in tests):
                self.figures.counts[name] += 1

    def add_outcomes(self, level: Any, status: Any, times: int) -> bool:
        """Add so many records of one level and one status, and tell whether these are errors."""
        figures = self.figures
        figures.records += times
        failed = False
        if status is not None:
            failed = self._failed(status)
            figures.calls += times
            figures.failed += times if failed else 0
        severity = level_text(level)
        if severity is not None:
            tally(figures.levels, (severity,) * times)
        wrong = failed or severity in self._error_levels
        figures.errors += times if wrong else 0
        return wrong

    def add_error(self, record: Record, level: Any) -> None:
        """Remember the text of an error for the evidence."""
        severity, text = level_text(level), self._summary(record)
        tally(self.figures.messages, (f"{severity} {text}" if severity else text,))

    def add_durations(self, values: Iterable[Any]) -> None:
        """Add durations in the unit of the rules; what is no duration is left out."""
        self.figures.durations.add_many(
            round(value * self._microseconds)
            for value in values
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _LONGEST_DURATION
        )

    def add_numbers(self, values: Iterable[float]) -> None:
        """Add durations that are known to be numbers, as :meth:`add_durations`."""
        factor = self._microseconds
        self.figures.durations.add_many([round(value * factor) for value in values if 0 <= value < _LONGEST_DURATION])

    def matches(self, name: str, values: Sequence[Any]) -> bool:
        """Tell whether the values of a count's keys, in the order of the rules, are those to count."""
        return all(test(value) for (_key, test), value in zip(self._counts[name], values))

    def is_security(self, values: Sequence[Any]) -> bool:
        """Tell whether the values of the rules' security keys, in their order, mark a security event."""
        return bool(self._security) and all(test(value) for (_key, test), value in zip(self._security, values))

    def _add_security(self, record: Record, prefix: str) -> None:
        message = value_at(record, self.rules.message_key) if self.rules.message_key else None
        marked = (
            prefix in self._security_prefixes
            or self.is_security([value_at(record, key) for key in self.rules.security_keys])
            or (
                bool(self._security_prefixes)
                and isinstance(message, str)
                and message.startswith(self._security_prefixes)
            )
        )
        if marked:
            self.add_security_event(record)

    def add_security_event(self, record: Record) -> None:
        """Count a security event, its kind and where it came from."""
        self.figures.security_events += 1
        event = _first(record, self.rules.event_keys) or self._summary(record)
        tally(self.figures.events, (event,))
        source = _first(record, self.rules.source_keys)
        if source is not None:
            tally(self.figures.sources, (source,))

    def _summary(self, record: Mapping[str, Any]) -> str:
        keys = [self.rules.message_key] if self.rules.message_key else []
        found = _first(record, [*keys, *FURTHER_TEXT_KEYS]) or "(no message)"
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
