# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of systemd's journal, as ``journalctl --output=json`` prints them, as events. Pure."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.logs.tally import without_numbers

from .event import FIRING, Event, EventError, level_of
from .systems import System, systems_of, with_fields

PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
MESSAGE_CHARACTERS = 400
ARGUMENTS = (
    "systems", "units", "priority", "pattern", "level", "ssh", "ssh_config", "directory", "files",
    "position_file", "quiet_seconds",
)  # fmt: skip
#: What playbooks write into the journal of a host is no event.
OWN = "ansible-"
# A name of a machine for ssh: no option, no user's words.
_DESTINATION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.@-]*[A-Za-z0-9_])?")


@dataclass(frozen=True)
class Watch:
    """What is followed.

    Args:
        systems: those that entries may be about.
        argv: journalctl as it is started, without where it begins.
        pattern: what an entry's message must match; None takes all.
        level: that every event gets; empty where the checks decide.
        ssh: the command that runs it on another machine; empty here.
    """

    systems: Sequence[System]
    argv: Sequence[str]
    pattern: Pattern[str] | None
    level: str
    ssh: Sequence[str]

    def command(self, cursor: str | None) -> list[str]:
        """Return the command that follows the journal behind a cursor, or from now on."""
        begin = ["--lines=0"] if cursor is None else [f"--after-cursor={cursor}"]
        argv = [*self.argv, *begin]
        return [*self.ssh, "--", shlex.join(argv)] if self.ssh else argv


def watch_of(arguments: Mapping[str, Any]) -> Watch:
    """Return what a source is to follow.

    Raises:
        EventError: names the argument and what is wrong with it.
    """
    priority = arguments.get("priority", "err")
    if priority not in PRIORITIES:
        raise EventError(f"priority is {priority!r}", "Priorities are " + ", ".join(PRIORITIES) + ".")
    argv = ["journalctl", "--follow", "--output=json", "--all", "--no-pager", "--quiet", f"--priority={priority}"]
    argv += [f"--unit={unit}" for unit in _texts(arguments, "units")]
    if arguments.get("directory"):
        argv.append("--directory={}".format(arguments["directory"]))
    argv += [f"--file={name}" for name in _texts(arguments, "files")]
    return Watch(
        systems=systems_of(arguments.get("systems")),
        argv=argv,
        pattern=_pattern(arguments.get("pattern")),
        level=level_of(arguments.get("level", ""), "level"),
        ssh=_ssh(arguments.get("ssh"), arguments.get("ssh_config")),
    )


def entry_of(line: bytes) -> dict[str, Any] | None:
    """Return an entry with its cursor and its message as text, or None for what is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("__CURSOR"), str):
        return None
    return {**entry, "MESSAGE": _message(entry.get("MESSAGE"))}


def events_of(entry: Mapping[str, Any], watch: Watch) -> list[Event]:
    """Return an event for each system that an entry is about."""
    message = str(entry["MESSAGE"])
    if watch.pattern is not None and not watch.pattern.search(message):
        return []
    if str(entry.get("SYSLOG_IDENTIFIER") or "").startswith(OWN):
        return []
    speaker = str(entry.get("UNIT") or entry.get("_SYSTEMD_UNIT") or entry.get("SYSLOG_IDENTIFIER") or "?")
    said = without_numbers(message)
    return [
        Event(
            host=system.host,
            source="journal",
            status=FIRING,
            key=f"journal/{_digest(str(entry['__CURSOR']))}",
            group=f"journal/{_digest(speaker, said)}",
            what=f"Journal: {speaker}: {message}",
            level=watch.level,
        )
        for system in with_fields(watch.systems, entry)
    ]


def _message(value: Any) -> str:
    """Return a message; one that is no UTF-8 comes as a list of bytes, one with several lines or values as a list."""
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, list):
        value = " ".join(each for each in value if isinstance(each, str))
    return value[:MESSAGE_CHARACTERS] if isinstance(value, str) else "(no message)"


def _texts(arguments: Mapping[str, Any], key: str) -> list[str]:
    stated = arguments.get(key) or []
    if not isinstance(stated, list) or not all(isinstance(each, str) and each for each in stated):
        raise EventError(f"{key} is {stated!r}, not a list of texts")
    return stated


def _ssh(machine: Any, configuration: Any) -> list[str]:
    if not machine:
        return []
    if not isinstance(machine, str) or not _DESTINATION.fullmatch(machine):
        raise EventError(f"ssh is {machine!r}", "Write the name of one machine; options belong into ssh_config.")
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15"]
    return ["ssh", *(["-F", str(configuration)] if configuration else []), *options, machine]


def _pattern(stated: Any) -> Pattern[str] | None:
    if not stated:
        return None
    try:
        return re.compile(str(stated))
    except re.error as error:
        raise EventError(f"pattern is {stated!r}: {error}", "Write a regular expression of Python.") from None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
