# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's LogFormat as a compiled pattern: what a line holds is read from the configuration, never guessed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Pattern

from ..errors import ProfileError

#: The formats that Apache's own configuration names.
NAMED = {
    "common": '%h %l %u %t "%r" %>s %O',
    "combined": '%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
}
_DIRECTIVE = re.compile(r"%(?:!?\d{3}(?:,\d{3})*)?[<>]?(?:\{([^}]*)\})?(\^[A-Za-z]{2}|[A-Za-z]|%)")
#: Apache escapes quotation marks and control characters inside of quotation marks.
_QUOTED = rb'[^"\\\n]*(?:\\.[^"\\\n]*)*'
_WORD = rb"[^ \n]+"
_USER = rb"[^\[\n]+?"
_NUMBER = rb"[0-9-]{1,15}"
_STATUS = rb"\d{3}"
_DIGITS = rb"\d{1,15}"
_STAMP = rb"[^\]\n]{17}:\d\d [+-]\d{4}"
_TIME = rb"\[(?P<time>" + _STAMP + rb")\]"
#: What a pattern becomes when only well-formed lines without backslashes are to be found, in a third of the time.
_FASTER = (
    (_QUOTED, rb'[^"]*'),
    (_WORD, rb"[^ ]+"),
    (_USER, rb"[^\[]+"),
    (_STAMP, rb".{26}"),
    (rb"(?P<status>" + _STATUS, rb"(?P<status>..."),
    (_DIGITS, rb"[0-9]{1,15}"),
    (rb"\r?\n", rb"\n"),
)
#: Parts that can only end where they do: Python 3.11 and later need not remember that they might end before.
_AT_ONCE = (
    (rb"[^ ]+)\ ", rb"[^ ]++)\ "),
    (rb'[^"]*)"', rb'[^"]*+)"'),
    (rb"{1,15})\ ", rb"{1,15}+)\ "),
    (rb"{1,15})\n", rb"{1,15}+)\n"),
    (rb".{26})\]", rb".{26}+)\]"),
)
#: Whole units per second.
_DURATIONS = {"D": 1000000, "T": 1, "us": 1000000, "ms": 1000, "s": 1}
_SINGLE = {
    "h": ("client", _WORD),
    "a": ("client", _WORD),
    "r": ("request", _QUOTED),
    "s": ("status", _STATUS),
}
_NUMBERS = {"b", "B", "O", "I", "S", "k", "p", "P", "X"}


@dataclass(frozen=True)
class LogFormat:
    """A compiled LogFormat.

    Attributes:
        text: the LogFormat string.
        line: pattern of a whole line; its groups are ``fields``.
        whole: the same with the end of the line, to split a block by.
        fast: the same groups, found faster, and right when there are no backslashes, no match holds more than its own
            line end, there is no carriage return in what does not match, and there are nothing but digits in the
            statuses and times that can be read: its parts do not stop at the end of a line.
        fields: names of the groups, in order.
        units_per_second: of the duration; None when the format carries none.
        plain_status: whether a status is always three digits; between quotation marks it is any text.
    """

    text: str
    line: Pattern[bytes]
    whole: Pattern[bytes]
    fast: Pattern[bytes]
    fields: tuple[str, ...]
    units_per_second: int | None
    plain_status: bool


def compile_format(text: str) -> LogFormat:
    """Compile a LogFormat string, or the name of one: common, combined, vhost_combined.

    Raises:
        ProfileError: it names no time or no status, or has a directive more than once that is asked for.
    """
    string = NAMED.get(text, text).replace('\\"', '"')
    parts: list[bytes] = []
    names: dict[str, int] = {}
    position = 0
    directives = list(_DIRECTIVE.finditer(string))
    # A format may carry the duration twice, in whole seconds and in microseconds.
    finest = max((_duration(match.group(1), match.group(2)) or 0 for match in directives), default=0)
    for match in directives:
        parts.append(re.escape(string[position : match.start()].encode("utf-8")))
        position = match.end()
        quoted = string[match.start() - 1 : match.start()] == '"' and string[position : position + 1] == '"'
        scale = _duration(match.group(1), match.group(2))
        name, pattern = ("duration", _DIGITS) if scale else _field(match.group(1), match.group(2), quoted)
        if name and name not in names and scale in (None, finest):
            names[name] = len(names)
            # The time's brackets are not part of it.
            parts.append(pattern if name == "time" else b"(?P<%s>%s)" % (name.encode(), pattern))
        else:
            parts.append(b"(?:%s)" % pattern)
    parts.append(re.escape(string[position:].encode("utf-8")))
    missing = [label for name, label in (("time", "%t"), ("status", "%>s")) if name not in names]
    if missing:
        raise ProfileError(
            "Log format {!r} has no {}".format(text, " and no ".join(missing)),
            "Choices: {}, or the LogFormat string of the server's configuration".format(", ".join(sorted(NAMED))),
        )
    text_of_line = rb"(?m)^" + b"".join(parts) + rb"\r?"
    whole = text_of_line + rb"\n"
    fast = whole
    for strict, faster in _FASTER + (_AT_ONCE if sys.version_info >= (3, 11) else ()):
        fast = fast.replace(strict, faster)
    line = re.compile(text_of_line + b"$")
    fields = tuple(sorted(line.groupindex, key=lambda name: line.groupindex[name]))
    plain_status = b"(?P<status>" + _STATUS in text_of_line
    return LogFormat(string, line, re.compile(whole), re.compile(fast, re.DOTALL), fields, finest or None, plain_status)


def _duration(argument: str | None, letter: str) -> int | None:
    """Return the units per second of a directive that is a duration."""
    if letter == "D" and argument is None:
        return _DURATIONS["D"]
    return _DURATIONS.get(argument or "T") if letter == "T" else None


def _field(argument: str | None, letter: str, quoted: bool) -> tuple[str | None, bytes]:
    """Return name and pattern of one directive; the name is None when nobody asks for the field."""
    if letter == "%":
        return None, b"%"
    if letter == "t":
        # A time of the administrator's own pattern may hold spaces.
        return ("time", _TIME) if argument is None else (None, rb"[^\n]+?")
    if argument is None and letter in _SINGLE:
        name, pattern = _SINGLE[letter]
        return name, _QUOTED if quoted else pattern
    if quoted:
        return None, _QUOTED
    if letter == "u":
        # A user name may hold spaces.
        return None, _USER
    return None, _NUMBER if letter in _NUMBERS else _WORD
