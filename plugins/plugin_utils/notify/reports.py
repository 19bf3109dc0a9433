# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the files of a report to one message per receiver. Pure, but for the text that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..incidents.contacts import Address


def report_messages(
    ways: Sequence[Address], texts: Mapping[str, str], key: str, subject: str, text: str
) -> list[dict[str, Any]]:
    """Return the messages.

    Args:
        ways: where it goes.
        texts: content by file name; a name says its language (``weekly-x.ja.txt``).
        key: unique for the report.
        subject: one line; empty takes the first line of the text.
        text: what is said where there is no text file.
    """
    messages = []
    for way in ways:
        body = _chosen(texts, way.language, ".txt") or text
        page = _chosen_name(texts, way.language, ".html")
        messages.append(
            {
                "id": f"{key}/{way.key}",
                "role": way.role,
                "channel": way.channel,
                "receiver": way.to,
                "language": way.language,
                "subject": subject or next((line.strip() for line in body.splitlines() if line.strip()), key),
                "body": body,
                "attachments": [{"name": page, "type": "text/html", "text": texts[page]}] if page else [],
            }
        )
    return messages


def _chosen(texts: Mapping[str, str], language: str, suffix: str) -> str:
    name = _chosen_name(texts, language, suffix)
    return texts[name] if name else ""


def _chosen_name(texts: Mapping[str, str], language: str, suffix: str) -> str | None:
    """Return the file of a language, or one without a language, or any of that kind."""
    names = [name for name in sorted(texts) if PurePath(name).suffix == suffix]
    own = [name for name in names if f".{language}." in name]
    neutral = [name for name in names if len(PurePath(name).suffixes) == 1]
    return next(iter([*own, *neutral, *names]), None)
