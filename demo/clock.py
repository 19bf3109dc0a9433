# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as the four systems write them. All arguments are epoch seconds; the zone is the process's TZ."""

from __future__ import annotations

import os
import time
from pathlib import Path

HOUR_SECONDS = 3600
DAY_SECONDS = 86400
ZONES = Path("/usr/share/zoneinfo")


def use_timezone(name: str) -> None:
    """Make `name` (IANA) the zone of every local time this process writes.

    Raises ValueError when the machine does not know it: the C library would silently take it for UTC.
    """
    if name != "UTC" and not (ZONES / name).is_file():
        raise ValueError(f"{ZONES} has no time zone {name}: check the name, or install tzdata")
    os.environ["TZ"] = name
    time.tzset()


def local_midnight(epoch: float) -> int:
    """Epoch seconds of the midnight, local time, that began the day of `epoch`."""
    day = time.localtime(epoch)
    return int(time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 0, 0, 0, 0, 0, -1)))


def local(epoch: float, pattern: str) -> str:
    """`epoch` formatted by strftime `pattern`, local time, always with English names."""
    return time.strftime(pattern, time.localtime(epoch))


def utc(epoch: float, pattern: str) -> str:
    """`epoch` formatted by strftime `pattern`, UTC."""
    return time.strftime(pattern, time.gmtime(epoch))


def microseconds(epoch: float) -> str:
    """The six digits behind the second of `epoch`."""
    return f"{int(epoch % 1 * 1000000):06d}"


def utc_sql(epoch: float) -> str:
    """`2026-11-21 00:07:54`, UTC: what SQLite's CURRENT_TIMESTAMP writes."""
    return utc(epoch, "%Y-%m-%d %H:%M:%S")


def utc_sql_exact(epoch: float) -> str:
    """`2026-11-21 00:07:54.763253`, UTC: a naive datetime.utcnow() as SQLAlchemy and DuckDB store it."""
    return utc_sql(epoch) + "." + microseconds(epoch)


def local_sql_exact(epoch: float) -> str:
    """`2026-11-21 00:07:54.763253`, local: a naive datetime.now() as text."""
    return local(epoch, "%Y-%m-%d %H:%M:%S.") + microseconds(epoch)


def local_iso(epoch: float) -> str:
    """`2026-11-21T00:07:54.763253`, local: datetime.now().isoformat()."""
    return local(epoch, "%Y-%m-%dT%H:%M:%S.") + microseconds(epoch)


def utc_iso(epoch: float) -> str:
    """`2026-11-21T00:07:54.763253`, UTC, without a zone: datetime.utcnow().isoformat()."""
    return utc(epoch, "%Y-%m-%dT%H:%M:%S.") + microseconds(epoch)


def utc_iso_z(epoch: float) -> str:
    """`2026-11-21T00:07:54.763253Z`."""
    return utc_iso(epoch) + "Z"
