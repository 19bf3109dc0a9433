# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over the entries of a mixed log: what is counted, what was a success and what a failure; one pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Mapping, Pattern, Sequence

from ..models import dotted
from .mixed import Entry, parts
from .window import Window

SUCCESS, FAILURE = "success", "failure"


@dataclass(frozen=True)
class Rule:
    """What one name stands for.

    Args:
        name: metric that counts the matches.
        pattern: searched in lines, and in the texts that ``within`` leads to.
        levels: severities that a line must have one of; empty takes all.
        document: ``list`` or ``object``: matches JSON documents of that type.
        keys: dotted keys that an object must have, each with its value, a list of values, or ``*`` for any.
        without: dotted keys that an object must not have.
        within: dotted key of texts in an object, such as a list of warnings.
        subject_key: dotted key of whom an object is about.
        outcome: ``success``, ``failure`` or empty.
    """

    name: str
    pattern: Pattern[str] | None = None
    levels: Sequence[str] = ()
    document: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    without: Sequence[str] = ()
    within: str | None = None
    subject_key: str | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Last:
    """The newest entry of a kind: when, at the latest, and what it said."""

    time: float
    own_time: bool
    file: int
    rule: str
    text: str


@dataclass
class Outcomes:
    """What the window holds.

    Attributes:
        entries: lines and documents.
        untimed: those of them that have no time of their own.
        counts: matches per rule.
        subjects: matches per rule and whom they are about.
        last: newest match per rule.
        newest: newest success or failure of all.
        steps: durations in seconds per name, the longest of each.
    """

    entries: int = 0
    untimed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    subjects: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: dict[str, Last] = field(default_factory=dict)
    newest: Last | None = None
    steps: dict[str, float] = field(default_factory=dict)


def outcomes(
    entries: Iterable[Entry],
    rules: Sequence[Rule],
    window: Window,
    step: Pattern[str] | None = None,
    step_end: Pattern[str] | None = None,
) -> Outcomes:
    """Count what the rules name.

    An entry without a time counts when it can have happened in the window.

    Args:
        entries: of all files, the newest file first.
        rules: what to count.
        window: stretch of time.
        step: a line that begins a step; its first group names it. The next such line ends it.
        step_end: a line that ends the last step.
    """
    found = Outcomes()
    open_step: tuple[str, float, int] | None = None
    failed_in: int | None = None
    for entry in entries:
        latest = entry.latest
        if latest is None or not window.start <= latest < window.end:
            continue
        found.entries += 1
        found.untimed += entry.time is None
        # What a failed attempt prints as its result has no time and stands right behind the failure: no success.
        spoiled, failed_in = entry.time is None and failed_in == entry.file, None
        for rule in rules:
            for subject in _matches(rule, entry):
                if rule.outcome == FAILURE:
                    failed_in = entry.file
                elif rule.outcome == SUCCESS and spoiled:
                    continue
                _note(found, rule, entry, latest, subject)
        if step is None or entry.document is not None or entry.time is None:
            continue
        begun = step.search(entry.text)
        if open_step and open_step[2] == entry.file and (begun or (step_end and step_end.search(entry.text))):
            name, since = open_step[0], open_step[1]
            found.steps[name] = max(found.steps.get(name, 0.0), entry.time - since)
            open_step = None
        if begun:
            open_step = (begun.group(1) if begun.re.groups else entry.text[:60], entry.time, entry.file)
    return found


def _note(found: Outcomes, rule: Rule, entry: Entry, latest: float, subject: str) -> None:
    found.counts[rule.name] += 1
    if subject:
        found.subjects[rule.name, subject] += 1
    last = Last(latest, entry.time is not None, entry.file, rule.name, entry.text[:200])
    known = found.last.get(rule.name)
    if known is None or _is_later(last, known):
        found.last[rule.name] = last
    if rule.outcome and (found.newest is None or _is_later(last, found.newest)):
        found.newest = last


def _is_later(one: Last, other: Last) -> bool:
    # Within a file the order of writing is the order of time, whatever the clock says. Files come newest first: what an
    # older one says without a time of its own is older.
    return one.file == other.file or (one.own_time and one.time > other.time)


def _matches(rule: Rule, entry: Entry) -> Iterator[str]:
    """Yield whom each match is about; an empty text where nothing says so."""
    if entry.document is None:
        if rule.pattern is None or rule.document or (rule.levels and entry.level not in rule.levels):
            return
        match = rule.pattern.search(entry.text)
        if match is not None:
            yield str(match.groupdict().get("subject") or "")
        return
    if rule.document == "list":
        if isinstance(entry.document, list):
            yield ""
        return
    if not (rule.document or rule.within):
        return
    for part in parts(entry.document):
        if not _has(part, rule):
            continue
        subject = str(dotted(part, rule.subject_key) or "") if rule.subject_key else ""
        if rule.within is None:
            yield subject
        elif rule.pattern is not None:
            yield from (subject for text in _texts(dotted(part, rule.within)) if rule.pattern.search(text))


def _has(part: Mapping[str, Any], rule: Rule) -> bool:
    for key, wanted in rule.keys.items():
        value = dotted(part, str(key))
        if wanted == "*":
            if value is None:
                return False
        elif value not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return all(dotted(part, key) is None for key in rule.without)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}: {text}" for name, text in value.items()]
    if isinstance(value, list):
        return [str(text) for text in value]
    return [] if value is None else [str(value)]
