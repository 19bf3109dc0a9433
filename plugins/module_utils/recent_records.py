# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What logs and the journal say of the last hours: errors (EST-29, DIY-05), events and their sources (DIY-06)."""

from __future__ import annotations

import json
import time
from typing import Any, Iterator, Mapping, Sequence

from .errors import CheckError
from .logs.error_lines import ErrorRules, Record, apache_record, json_record
from .logs.files import Reading, blocks_of_log
from .logs.timestamps import TimestampReader
from .probe import Context
from .redact import redact
from .zones import zone

ERROR_LEVELS = frozenset(("error", "crit", "critical", "alert", "emerg", "fatal"))
_MOST_ERRORS = 50_000
_RULES = ErrorRules(timestamp_keys=("timestamp", "time", "ts"), message_keys=("error_type", "error_message", "message"))
_SOURCE_KEYS = ("client_ip", "client_id", "client", "ip", "remote_addr")


def errors_of_logs(paths: Sequence[str], hours: float, context: Context, notes: list[str]) -> list[tuple[str, str]]:
    """Return moment and text of each error in Apache's or JSON logs, oldest first, secrets masked.

    Args:
        paths: logs or globs; rotated copies are found beside them.
        hours: how far back.
        context: bounds the reading; its time zone is that of times that name none.
        notes: gets what could not be read.
    """
    found = []
    for record in _records(paths, hours, context, notes):
        if record.level in ERROR_LEVELS:
            found.append((record.epoch, redact(record.text)))
        if len(found) >= _MOST_ERRORS:
            notes.append(f"only the first {_MOST_ERRORS} errors were read")
            break
    return [(moment(epoch), text) for epoch, text in sorted(found)]


def errors_of_journal(units: Sequence[str], hours: float, context: Context, notes: list[str]) -> list[tuple[str, str]]:
    """Return moment and text of each error of units in the journal, oldest first, secrets masked."""
    if not units:
        return []
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--priority=err"]
    argv += [f"--since=@{int(context.now - hours * 3600)}", f"--lines={_MOST_ERRORS}"]
    try:
        done = context.run([*argv, *(f"--unit={unit}" for unit in units)])
    except CheckError as error:
        notes.append(f"journal: {error.reason_id} {error.fields}")
        return []
    if done.timed_out or done.returncode:
        notes.append("journal: " + ("not read in time" if done.timed_out else done.stderr.strip()[:200]))
    found = []
    for line in done.stdout.splitlines():
        try:
            entry = json.loads(line)
            found.append((moment(int(entry["__REALTIME_TIMESTAMP"]) / 1e6), redact(str(entry.get("MESSAGE", "")))))
        except (ValueError, KeyError, TypeError):
            notes.append("journal: an entry that is none")
    return found


def events_of_logs(
    paths: Sequence[str], events: Sequence[str], hours: float, context: Context, notes: list[str]
) -> list[tuple[str, str]]:
    """Return source and kind of each event of the given kinds, from JSON lines, wherever in the record they stand."""
    found = []
    for line, _epoch in _json_lines(paths, hours, context, notes):
        kind = line.get("event") or line.get("event_type")
        if kind in events:
            inner = line.get("details")
            parts = [inner, line] if isinstance(inner, dict) else [line]
            source = next((str(part[key]) for part in parts for key in _SOURCE_KEYS if part.get(key)), "")
            found.append((redact(source)[:100], str(kind)))
    return found


def moment(epoch: float) -> str:
    """Return a moment as ISO text in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def _records(paths: Sequence[str], hours: float, context: Context, notes: list[str]) -> Iterator[Record]:
    reader = TimestampReader(zone(context.timezone))
    since = context.now - hours * 3600
    for line in _lines(paths, since, context, notes):
        record = apache_record(line, reader) or json_record(line, _RULES, reader)
        if record is not None and record.epoch >= since:
            yield record


def _json_lines(
    paths: Sequence[str], hours: float, context: Context, notes: list[str]
) -> Iterator[tuple[Mapping[str, Any], float]]:
    reader = TimestampReader(zone(context.timezone))
    since = context.now - hours * 3600
    for line in _lines(paths, since, context, notes):
        outer = _object(line)
        if outer is None:
            continue
        # A security event may be JSON inside a message: SECURITY_AUDIT: {...}
        inner = _object(
            str(outer.get("message", "")).partition("{")[2] and "{" + str(outer["message"]).partition("{")[2]
        )
        merged = {**(inner or {}), **outer}
        stamps = (merged.get(key) for key in _RULES.timestamp_keys)
        epoch = reader.epoch(next((stamp for stamp in stamps if stamp is not None), None))
        if epoch is not None and epoch >= since:
            yield merged, epoch


def _lines(paths: Sequence[str], since: float, context: Context, notes: list[str]) -> Iterator[str]:
    for path in paths:
        reading = Reading()
        try:
            for block in blocks_of_log([path], since, context, reading, keep_partial=True):
                for raw in block.split(b"\n"):
                    line = raw.decode("utf-8", "replace").strip()
                    if line:
                        yield line
        except CheckError as error:
            notes.append(f"{path}: {error.reason_id}")
        notes += reading.notes


def _object(text: str) -> dict[str, Any] | None:
    if text[:1] != "{":
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
