# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .requirements import sa

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

#: Every figure has its place, so that text order is time order and the sqlite3 shell shows a readable moment.
SQLITE_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@functools.lru_cache(maxsize=1)
def utc_datetime() -> type[TypeEngine[datetime]]:
    """Return the column type of a moment: it refuses a naive datetime and gives UTC back.

    A function, because the class needs SQLAlchemy at the moment it is defined.
    """

    class UtcDateTime(sa.types.TypeDecorator[datetime]):
        """TIMESTAMP WITH TIME ZONE on PostgreSQL, sortable ISO text on SQLite."""

        impl = sa.String(27)
        cache_ok = True

        def load_dialect_impl(self, dialect: Any) -> Any:
            if dialect.name == "postgresql":
                return dialect.type_descriptor(sa.DateTime(timezone=True))
            return dialect.type_descriptor(sa.String(27))

        def process_bind_param(self, value: datetime | None, dialect: Any) -> Any:
            if value is None:
                return None
            if value.utcoffset() is None:
                raise ValueError(f"{value.isoformat()} has no time zone")
            value = value.astimezone(UTC)
            return value if dialect.name == "postgresql" else value.strftime(SQLITE_FORMAT)

        def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
            if value is None:
                return None
            moment: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
            return moment.astimezone(UTC)

    return UtcDateTime


def json_document() -> TypeEngine[Any]:
    """Return the column type of a JSON value: JSONB on PostgreSQL, JSON text on SQLite; None is SQL's NULL."""
    from sqlalchemy.dialects.postgresql import JSONB

    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
