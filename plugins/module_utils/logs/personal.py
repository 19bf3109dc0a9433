# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in text that belong to a person: e-mail addresses, telephone numbers, postal addresses, payment cards.

Only values count. The word "email" before a colon, an address of a machine and a time stamp belong to nobody, and a
search that reports them is soon ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Pattern

#: Full-width digits and the dashes that Japanese text puts between them.
_NARROW = {0xFF10 + digit: 0x30 + digit for digit in range(10)}
_NARROW.update({0xFF0D: 0x2D, 0x2010: 0x2D, 0x2011: 0x2D, 0x2012: 0x2D, 0x2013: 0x2D, 0x2212: 0x2D, 0x30FC: 0x2D})
_NARROW.update({0xFF08: 0x28, 0xFF09: 0x29, 0xFF0B: 0x2B, 0xFF20: 0x40, 0x3000: 0x20})
_EMAIL = re.compile(
    r"(?<![\w.+%/-])(?P<value>[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_+-])?@(?:[A-Za-z0-9-]{1,63}\.){1,6}"
    r"(?P<top>[A-Za-z]{2,24}))(?![\w@-])"
)
#: What stands behind a dot and is no top-level domain: files such as logo@2x.png.
_FILE_ENDINGS = frozenset(
    ("css", "gif", "html", "jpeg", "jpg", "js", "json", "log", "map", "png", "svg", "ts", "txt", "webp")
)
#: Units of a service manager, such as user@1000.service, and names within a network.
_UNIT_ENDINGS = frozenset(("local", "service", "socket", "timer"))
_PHONE_JAPAN = re.compile(
    r"(?<![\w.+-])(?P<value>(?:0[5789]0[- ]?\d{4}[- ]?\d{4}|\(0\d{1,4}\) ?\d{1,4}-\d{4}"
    r"|0\d-\d{4}-\d{4}|0\d{2}-\d{3,4}-\d{4}|0\d{3}-\d{2}-\d{4}|0\d{4}-\d-\d{4}|0120-\d{3}-\d{3}))(?![\w-]|\.\d)"
)
_PHONE_ABROAD = re.compile(r"(?<![\w+.-])(?P<value>\+[1-9]\d{0,2}(?:[ -]?\(?\d{1,5}\)?){2,5})(?![\w-]|\.\d)")
_TOWN = r"[市区町村郡]"
_ADDRESS = re.compile(
    r"(?P<value>〒 ?\d{3}-?\d{4}"
    r"|(?:東京都|北海道|京都府|大阪府|[一-龥]{2,3}県)[^\s、。,:;\"'{}]{1,12}?" + _TOWN + r"[^\s、。,:;\"'{}0-9]{0,20}"
    r"\d{1,4}(?:丁目|番地?|-\d{1,4}))"
)
_CARD = re.compile(
    r"(?<![\w.+-])(?P<value>[3-6]\d{3}(?:(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}|\d{9,12}))(?![\w-]|\.\d)"
)


@dataclass(frozen=True)
class Finding:
    """One value: which kind it is, where it begins in the text, and how it may be shown."""

    kind: str
    position: int
    masked: str


def findings(text: str) -> Iterator[Finding]:
    """Yield the personal values of a text; each passes the check of its format.

    Args:
        text: any text, several lines as well.
    """
    if not text.isascii():
        text = text.translate(_NARROW)
    if "@" in text:
        for match in _EMAIL.finditer(text):
            if match.group("top").lower() not in _FILE_ENDINGS | _UNIT_ENDINGS and not _is_of_a_url(
                text, match.start()
            ):
                name, _at, host = match.group("value").partition("@")
                yield Finding("email", match.start(), f"{name[0]}***@{host[0]}***.{match.group('top')}")
    yield from _numbers("phone", _PHONE_JAPAN, text, 10, 11)
    if "+" in text:
        yield from _numbers("phone", _PHONE_ABROAD, text, 9, 15)
    for match in _CARD.finditer(text):
        digits = _digits(match.group("value"))
        if 13 <= len(digits) <= 19 and _luhn(digits) and len(set(digits)) > 3:
            yield Finding("card", match.start(), f"{digits[0]}***{digits[-2:]}")
    if not text.isascii():
        for match in _ADDRESS.finditer(text):
            yield Finding("address", match.start(), match.group("value")[:3] + "***")


def _numbers(kind: str, pattern: Pattern[str], text: str, fewest: int, most: int) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        digits = _digits(match.group("value"))
        if fewest <= len(digits) <= most and len(set(digits)) > 2:
            yield Finding(kind, match.start(), f"{match.group('value')[:3]}***{digits[-2:]}")


def _digits(value: str) -> str:
    return "".join(character for character in value if "0" <= character <= "9")


def _is_of_a_url(text: str, position: int) -> bool:
    """Tell whether user@host is that of a URL such as ssh://git@host: the name of a service, not of a person."""
    return text[max(0, position - 3) : position] == "://"


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + index % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0
