# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in columns, counted in terminal cells: a Japanese character takes two of them."""

from __future__ import annotations

import unicodedata

#: Characters that reorder or hide what follows; evidence comes from machines nobody trusts.
_DIRECTION_CONTROLS = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean(text: object) -> str:
    """Return text that cannot move a cursor, colour a terminal or reverse a line.

    Args:
        text: anything; it is turned into a string.
    """
    said = str(text)
    if said.isascii() and said.isprintable():
        return said
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if _is_control(character) else character
        for character in said.replace("\t", "    ").replace("\r\n", " ").replace("\n", " ")
    )


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTION_CONTROLS


def cells(text: str) -> int:
    """Return the terminal cells that a text takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_character_cells(character) for character in text)


def _character_cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return the text filled with spaces to ``width`` cells; a longer text is returned unchanged."""
    filling = " " * max(0, width - cells(text))
    return filling + text if right else text + filling


def cut(text: str, width: int) -> str:
    """Return the text shortened to ``width`` cells, with an ellipsis where something was left out."""
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept) + _character_cells(character) > width - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def wrap(text: str, width: int) -> list[str]:
    """Return the text in lines of at most ``width`` cells, broken at spaces or between wide characters."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        rest = piece
        if line and cells(line) + cells(rest.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        while cells(rest.rstrip()) > width:
            head = _head(rest, width)
            lines.append(head)
            rest = rest[len(head) :]
        line += rest
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _head(text: str, width: int) -> str:
    """Return the longest beginning of the text that fits, never less than one character."""
    length = 1
    while length < len(text) and cells(text[: length + 1]) <= width:
        length += 1
    return text[:length]


def _pieces(text: str) -> list[str]:
    """Return the text cut where a line may break: after a space, and on both sides of a wide character."""
    pieces: list[str] = []
    piece = ""
    for character in text:
        if _character_cells(character) == 2:
            if piece:
                pieces.append(piece)
            # Japanese closing marks never begin a line.
            if character in "、。)」』】" and pieces:
                pieces[-1] += character
            else:
                pieces.append(character)
            piece = ""
        else:
            piece += character
            if character == " ":
                pieces.append(piece)
                piece = ""
    return [*pieces, piece] if piece else pieces
