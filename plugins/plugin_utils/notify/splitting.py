# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long messages in parts that a receiver takes. Pure."""

from __future__ import annotations

#: Slack cuts a text at 4,000 characters; the mark of a part needs some of them.
PART_CHARACTERS = 3500


def parts(text: str, limit: int = PART_CHARACTERS) -> list[str]:
    """Return the text in parts of at most ``limit`` characters, cut between lines where that is possible.

    Joined again with line ends where lines were cut apart, the parts say everything that the text says.
    """
    found: list[str] = []
    current = ""
    for line in text.split("\n"):
        for piece in [line[start : start + limit] for start in range(0, len(line), limit)] or [""]:
            joined = f"{current}\n{piece}" if current else piece
            if len(joined) <= limit:
                current = joined
            else:
                found.append(current)
                current = piece
    return [*found, current] if current or not found else found


def numbered(texts: list[str]) -> list[str]:
    """Return the parts with their numbers, when there are several."""
    if len(texts) == 1:
        return texts
    return [f"({number}/{len(texts)})\n{text}" for number, text in enumerate(texts, 1)]
