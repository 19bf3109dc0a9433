# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of error logs: Apache's own format, and JSON objects, counted by what lies behind them."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Mapping, Pattern, Sequence

from .percentiles import Distinct
from .tally import Unread, tally, without_numbers
from .timestamps import TimestampReader
from .window import Window

APACHE = "apache"
JSON_LINES = "json_lines"
OTHER = "other"
_TEXT_CHARACTERS = 200
_SEARCHED_CHARACTERS = 4000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: [Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 1:tid 2] [client 192.0.2.7:5] AH00128: File does not exist
_APACHE = re.compile(
    r"^\[[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)"
    r" (?P<year>\d{4})\] \[(?:[^:\]\s]{0,100}:)?(?P<level>[a-z]+\d?)\](?: \[pid [^\]]{0,60}\])?"
    r"(?: \[(?:client|remote) (?P<client>[^\]]{1,100})\])? ?(?P<text>.*)$"
)


@dataclass(frozen=True)
class ErrorRules:
    """What counts as what.

    Attributes:
        log_format: ``apache`` or ``json_lines``.
        error_levels: severities that are errors, in small letters.
        clusters: what may lie behind an error, with the pattern of its texts, the first to fit first.
        authentication: pattern of failed logins.
        ignore: pattern of lines that are no records and mean nothing.
        timestamp_keys: the first one that a JSON record has holds its time.
        level_key: of a JSON record.
        message_keys: texts of a JSON record.
    """

    log_format: str = APACHE
    error_levels: frozenset[str] = frozenset(("error", "crit", "alert", "emerg"))
    clusters: Mapping[str, Pattern[str]] = field(default_factory=dict)
    authentication: Pattern[str] | None = None
    ignore: Pattern[str] | None = None
    timestamp_keys: Sequence[str] = ("timestamp",)
    level_key: str = "level"
    message_keys: Sequence[str] = ("message",)


@dataclass
class ErrorFigures:
    """What the records of a window add up to.

    Attributes:
        records: how many there are, of any level.
        clusters: errors by what lies behind them.
        texts: errors by cluster and text, numbers taken out.
        authentication_failures: failed logins.
        sources: failed logins by client address.
        distinct_sources: different client addresses among them.
        unread: lines of the window that are no records.
    """

    records: int = 0
    clusters: Counter[str] = field(default_factory=Counter)
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    authentication_failures: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    distinct_sources: Distinct = field(default_factory=Distinct)
    unread: Unread = field(default_factory=Unread)


@dataclass(frozen=True)
class Record:
    """One line: its time, its severity in small letters, its text and the client's address."""

    epoch: float
    level: str
    text: str
    client: str = ""


def count_block(
    block: bytes, rules: ErrorRules, window: Window, reader: TimestampReader, figures: ErrorFigures
) -> None:
    """Count whole lines.

    Args:
        block: bytes that end with a line end.
        rules: what counts as what.
        window: what is counted.
        reader: reads the times, those that name no zone in the system's.
        figures: filled in.
    """
    for raw in block.split(b"\n"):
        line = raw.decode("utf-8", "replace").strip("\r")
        if not line.strip():
            continue
        record = json_record(line, rules, reader) if rules.log_format == JSON_LINES else apache_record(line, reader)
        if record is None:
            if rules.ignore is None or not rules.ignore.search(line[:_SEARCHED_CHARACTERS]):
                figures.unread.add([raw], 1)
            continue
        inside = window.holds(record.epoch)
        figures.unread.neighbour(inside)
        if inside:
            _count(record, rules, figures)


def apache_record(line: str, reader: TimestampReader) -> Record | None:
    """Return what a line of Apache's error log says; None when it is none."""
    match = _APACHE.match(line)
    if match is None or match.group("month") not in _MONTHS:
        return None
    month = _MONTHS.index(match.group("month")) + 1
    day, clock = int(match.group("day")), match.group("clock")
    epoch = reader.epoch(f"{match.group('year')}-{month:02d}-{day:02d} {clock}")
    if epoch is None:
        return None
    return Record(epoch, match.group("level"), match.group("text"), _address(match.group("client") or ""))


def json_record(line: str, rules: ErrorRules, reader: TimestampReader) -> Record | None:
    """Return what a JSON line says; None when it is no object with a time."""
    if line[0] != "{":
        return None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    epoch = next((reader.epoch(data[key]) for key in rules.timestamp_keys if key in data), None)
    if epoch is None:
        return None
    texts = [str(data[key]) for key in rules.message_keys if data.get(key)]
    return Record(epoch, str(data.get(rules.level_key, "")).lower(), ": ".join(texts), _client_of(data))


def _client_of(data: Mapping[str, Any]) -> str:
    return str(data.get("client_ip") or data.get("client") or "")[:100]


def _address(client: str) -> str:
    """Return a client's address without its port; an IPv6 address keeps its colons."""
    host, _colon, port = client.rpartition(":")
    return host.strip("[]") if host and port.isdigit() and (host.count(":") != 0 or "." in host) else client


def _count(record: Record, rules: ErrorRules, figures: ErrorFigures) -> None:
    figures.records += 1
    text = record.text[:_SEARCHED_CHARACTERS]
    if rules.authentication is not None and rules.authentication.search(text):
        figures.authentication_failures += 1
        if record.client:
            tally(figures.sources, (record.client,))
            figures.distinct_sources.add_many((record.client,))
        return
    if record.level not in rules.error_levels:
        return
    cluster = next((name for name, pattern in rules.clusters.items() if pattern.search(text)), OTHER)
    figures.clusters[cluster] += 1
    tally(figures.texts, ((cluster, without_numbers(text[:_TEXT_CHARACTERS]) or "(no message)"),))
