# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that stands behind a text, in a line or in a message."""

from __future__ import annotations

from typing import Sequence


def without_prefix(text: str, prefixes: Sequence[str]) -> tuple[str, str]:
    """Return the text after the first prefix it starts with, and that prefix; a colon between them goes, too."""
    for prefix in prefixes:
        if text.startswith(prefix):
            return text[len(prefix) :].lstrip(": \t"), prefix
    return text, ""
