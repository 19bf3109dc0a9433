# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reference list from the network, such as the Public Suffix List: accepted only whole and plausible (AIMO-19)."""

from __future__ import annotations

import hashlib
import re
import time
from typing import Any, Sequence

from .errors import RunbooksError

_BLOCK_BYTES = 65536
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def fetch(url: str, seconds: float, maximum_bytes: int) -> bytes:
    """Download a list into memory.

    Raises:
        RunbooksError: it cannot be had, or is too large; nothing was written.
    """
    import urllib.error
    import urllib.request

    if not url.startswith(("https://", "http://", "file://")):
        raise RunbooksError(f"{url} is no address that is downloaded", "Give an https address")
    content, length = b"", None
    deadline = time.monotonic() + seconds
    try:
        with urllib.request.build_opener().open(url, timeout=seconds) as answer:
            length = answer.headers.get("Content-Length")
            while len(content) <= maximum_bytes:
                block = answer.read(_BLOCK_BYTES)
                if not block:
                    break
                content += block
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not finished within {seconds} s")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise RunbooksError(f"{url} cannot be downloaded: {error}", "Look at the network and the address") from None
    if len(content) > maximum_bytes:
        raise RunbooksError(f"{url} is larger than {maximum_bytes} bytes", "Look at what it serves")
    if length is not None and int(length) != len(content):
        raise RunbooksError(f"{url} broke off after {len(content)} of {length} bytes", "Try again")
    return content


def refuse_implausible(
    content: bytes, markers: Sequence[str], minimum_bytes: int, minimum_lines: int, old: bytes, shrinks_percent: float
) -> None:
    """Refuse what is not the list: an error page, half of it, or one that lost a large part.

    Args:
        content: what was downloaded.
        markers: lines that must be there, in this order.
        minimum_bytes: and it must not be smaller.
        minimum_lines: nor have fewer lines that are neither blank nor comments.
        old: the list that is there.
        shrinks_percent: by how much it may be smaller than that.

    Raises:
        RunbooksError: says why.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RunbooksError(f"The new list is not UTF-8 (byte {error.start})", "The old one stays") from None
    lines = text.splitlines()
    position = 0
    for marker in markers:
        if marker not in lines[position:]:
            raise RunbooksError(f"The new list has no line {marker!r} where it belongs", "The old one stays")
        position = lines.index(marker, position) + 1
    rules = sum(1 for line in lines if line.strip() and not line.startswith("//"))
    if len(content) < minimum_bytes or rules < minimum_lines:
        raise RunbooksError(f"The new list has {len(content)} bytes and {rules} rules, too few", "The old one stays")
    if len(content) < len(old) * (1 - shrinks_percent / 100):
        raise RunbooksError(f"The new list has {len(content)} bytes, the old one {len(old)}", "The old one stays")


def digest_of(content: bytes) -> str:
    """Return the sha256 of a list."""
    return hashlib.sha256(content).hexdigest()


def noted(text: str, note: Any, digest: str, day: str, source: str) -> str:
    """Return a document in which a list's digest is noted.

    Args:
        text: the document.
        note: ``line`` is a line with ``{day}``, ``{sha256}`` and ``{source}``, added at the end of the lines that begin
            like it; without it the digests that stand in lines with ``near`` are replaced.
        digest: the new digest.
        day: such as 2026-01-31.
        source: where the list is from.

    Raises:
        RunbooksError: the document has no place for it.
    """
    if digest in text:
        return text
    lines = text.splitlines(keepends=True)
    if note.get("line"):
        line = note["line"].format(day=day, sha256=digest, source=source)
        kin = re.compile(re.escape(note["line"]).replace(r"\{day\}", r"\S+").split(r"\{sha256\}")[0])
        last = max((number for number, one in enumerate(lines) if kin.match(one)), default=len(lines) - 1)
        if lines and not lines[last].endswith("\n"):
            lines[last] += "\n"
        return "".join([*lines[: last + 1], line + "\n", *lines[last + 1 :]])
    found = [number for number, one in enumerate(lines) if note["near"] in one and _DIGEST.search(one)]
    if not found:
        raise RunbooksError(f"No line with {note['near']!r} holds a digest", "Correct near, or note it by hand")
    for number in found:
        lines[number] = _DIGEST.sub(digest, lines[number])
    return "".join(lines)
