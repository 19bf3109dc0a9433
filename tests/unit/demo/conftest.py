# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock and a zone for the stand-ins' histories."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from demo.clock import use_timezone

SATURDAY_MORNING = 1795255200.0


@pytest.fixture
def now() -> float:
    """2026-11-21 10:00 UTC, when every history of a test ends."""
    return SATURDAY_MORNING


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    use_timezone("UTC")
    yield
    monkeypatch.undo()
    time.tzset()
