# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence is shown to people and sent to chat: secrets are masked before it leaves the host."""

from __future__ import annotations

import re
from typing import Iterable

from .model import EVIDENCE_LINE_CHARACTERS, EVIDENCE_LINES

_MASK = "********"
# Each pattern keeps the name and masks the value, so that the line still says what it was about.
_SECRETS = (
    re.compile(r"(?i)(\bauthorization\b[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+)[^\s\"',]+"),
    re.compile(r"(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}"),
    re.compile(
        r"(?i)((?:api[_-]?key|secret|passw(?:or)?d|token|salt|private[_-]?key)[a-z_]*[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]{3,}"
    ),
    re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s@/]+(?=@)"),
    re.compile(r"()\b(?:sk|pk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{12,}"),
    re.compile(r"()\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def redact(text: str) -> str:
    """Mask secrets and control characters in one piece of text."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda match: match.group(1) + _MASK, text)
    return _CONTROL.sub("?", text)


def evidence_lines(lines: Iterable[object]) -> list[str]:
    """Return at most 20 redacted lines of at most 400 characters."""
    shown: list[str] = []
    for line in lines:
        if len(shown) == EVIDENCE_LINES:
            break
        text = redact(str(line)[: EVIDENCE_LINE_CHARACTERS * 4].rstrip())
        shown.append(text if len(text) <= EVIDENCE_LINE_CHARACTERS else text[: EVIDENCE_LINE_CHARACTERS - 1] + "…")
    return shown
