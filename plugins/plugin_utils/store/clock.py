# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments: always UTC, always with a zone, as datetimes inside and as ISO text on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

from .errors import StoreError


def utc(moment: datetime | str, what: str) -> datetime:
    """Return a moment in UTC.

    Args:
        moment: an aware datetime, or ISO 8601 text with a zone (``2026-11-21T10:00:00Z``).
        what: names the moment in the error ("run 4f.. started").

    Raises:
        StoreError: it is not a moment, or nobody can tell which zone it is in.
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise StoreError(f"{what}: {moment!r} is not an ISO 8601 time such as 2026-11-21T10:00:00Z") from None
    if not isinstance(moment, datetime):
        raise StoreError(f"{what}: a time is needed, not {moment!r}")
    if moment.utcoffset() is None:
        raise StoreError(f"{what}: {moment.isoformat()} has no time zone", "Give UTC, such as 2026-11-21T10:00:00Z.")
    return moment.astimezone(UTC)


def wire_time(moment: datetime) -> str:
    """Return a UTC moment as records carry it; fractions of a second only where there are some."""
    text = moment.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")
