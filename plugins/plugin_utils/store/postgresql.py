# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: how a connection is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import StoreError
from .location import Location
from .requirements import sa
from .wire import to_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: A server that does not answer costs this long, not the operating system's minutes.
CONNECT_TIMEOUT_SECONDS = 10
UNACKNOWLEDGED_DATA_TIMEOUT_MILLISECONDS = 30_000


def server_engine(location: Location) -> Engine:
    """Return the engine of a server; connections are not kept, Ansible's forked processes must never share one.

    Raises:
        StoreError: the driver is missing.
    """
    defaults = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "tcp_user_timeout": UNACKNOWLEDGED_DATA_TIMEOUT_MILLISECONDS,
        "application_name": "aiops.runbooks",
    }
    chosen = {key: value for key, value in defaults.items() if key not in location.url.query}
    try:
        return sa.create_engine(
            location.url, poolclass=sa.pool.NullPool, connect_args=chosen, json_serializer=to_json, hide_parameters=True
        )
    except ImportError as error:
        raise StoreError(
            f"{location.shown}: the driver {error.name or location.url.drivername} is missing on the controller",
            "Run pip install 'psycopg[binary]>=3.2'.",
        ) from error
