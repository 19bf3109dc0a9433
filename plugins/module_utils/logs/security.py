# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like an attack in the requests of an access log, and where it came from (EST-22)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Iterator, Mapping, Pattern, Sequence

from .tally import tally

PATH_TRAVERSAL, SUSPICIOUS_INPUT, RATE_LIMITED = "path_traversal", "suspicious_input", "rate_limited"
#: A burst: so many refusals of one client within so many minutes.
BURST_REQUESTS = 10
BURST_MINUTES = 5
#: Nothing suspicious is without one of these bytes or texts; they are found at the speed of memory.
_MARKS = {mark: re.compile(re.escape(mark)) for mark in (b"%", b"<", b":", b"$", b"(", b"+", b"*")}
_DOTS = re.compile(rb"\.\.")
_SECRETS, _IN_EVERY_SECRET = re.compile(rb"etc/(?:passwd|shadow)"), b"w"
_TRAVERSAL = re.compile(rb"(?:\.|%2[eE]|%252[eE]){2}(?:/|\\|%2[fF]|%5[cC]|%252[fF]|%255[cC])|/etc/(?:passwd|shadow)")
_GAP = rb"(?:\+|%20|%09|/\*[^*]*\*/)"
_SUSPICIOUS = re.compile(
    rb"(?i)"
    + rb"|".join(
        (
            rb"(?:<|%3c)(?:/|%2f)?script|javascript(?::|%3a)|(?:\$|%24)(?:\{|%7b)jndi|%00|\bsleep\(\d",
            rb"(?<![a-z])union" + _GAP + rb"+(?:all" + _GAP + rb"+)?select\b",
            rb"(?:'|%27)" + _GAP + rb"*(?:or|and)" + _GAP + rb"+['\d%]",
            rb"(?:;|%3b)" + _GAP + rb"*(?:drop|delete)" + _GAP,
            rb"(?:;|%3b|\||%7c)" + _GAP + rb"*(?:cat|wget|curl|nc)" + _GAP,
        )
    )
)


def kind_of(request: bytes) -> str | None:
    """Return what a request line looks like: an attempt to leave the served folders, hostile input, or nothing."""
    if _TRAVERSAL.search(request):
        return PATH_TRAVERSAL
    return SUSPICIOUS_INPUT if _SUSPICIOUS.search(request) else None


def suspicious(requests: Sequence[bytes]) -> dict[bytes, str]:
    """Return the different requests that look like an attack, each with its kind."""
    text = b"\n".join(requests)
    marked: set[bytes] = set()
    for mark, pattern in _MARKS.items():
        if mark in text:
            marked.update(_lines_with(pattern, text))
    marked.update(_lines_with(_DOTS, text))
    if _IN_EVERY_SECRET in text:
        marked.update(_lines_with(_SECRETS, text))
    kinds = ((request, kind_of(request)) for request in marked)
    return {request: kind for request, kind in kinds if kind is not None}


def _lines_with(pattern: Pattern[bytes], text: bytes) -> Iterator[bytes]:
    """Yield the lines in which something is found."""
    match = pattern.search(text)
    while match:
        begin, end = text.rfind(b"\n", 0, match.start()) + 1, text.find(b"\n", match.end())
        end = len(text) if end < 0 else end
        yield text[begin:end]
        match = pattern.search(text, end)


class Bursts:
    """Refusals by client and minute."""

    def __init__(self) -> None:
        self._minutes: Counter[tuple[bytes, int]] = Counter()

    def add(self, counts: Mapping[tuple[bytes, int], int]) -> None:
        """Add refusals.

        Args:
            counts: how many of each client and minute since the epoch.
        """
        tally(self._minutes, counts)

    def merge(self, later: Bursts) -> None:
        """Take in the refusals of another stretch of the log."""
        self.add(later._minutes)

    def sources(self) -> Counter[bytes]:
        """Return the clients with a burst, each with the most refusals it had within the minutes of one."""
        by_client: dict[bytes, dict[int, int]] = {}
        for (client, minute), count in self._minutes.items():
            by_client.setdefault(client, {})[minute] = count
        found: Counter[bytes] = Counter()
        for client, minutes in by_client.items():
            # Most of them have not been refused that often in all.
            if sum(minutes.values()) < BURST_REQUESTS:
                continue
            most = max(sum(minutes.get(start + later, 0) for later in range(BURST_MINUTES)) for start in minutes)
            if most >= BURST_REQUESTS:
                found[client] = most
        return found
