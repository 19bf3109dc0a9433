# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wall clock that somebody has set: Python runs this at its start, for a play whose PYTHONPATH names this directory.

The clocks that count since the machine was started show what they show.
"""

from __future__ import annotations

import datetime
import os
import time

AHEAD = datetime.timedelta(hours=float(os.environ["SET_CLOCK_HOURS"]))
REAL, REAL_TIME = datetime.datetime, time.time


class _AnyMoment(type):
    """Moments that were made by C know nothing of the class that takes its place here."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, REAL)


class Moment(REAL, metaclass=_AnyMoment):
    """A moment whose now is another one."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        """Return what the clock on the wall shows."""
        return REAL.now(tz) + AHEAD


datetime.datetime = Moment
time.time = lambda: REAL_TIME() + AHEAD.total_seconds()
