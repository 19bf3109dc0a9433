# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the store is: the URL, how it may be shown, and the file behind it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import StoreError
from .requirements import INSTALLED, sa

if TYPE_CHECKING:
    from sqlalchemy import URL

SCHEMES = "sqlite:////directory/store.sqlite or postgresql+psycopg://user:password@server/database"
DRIVER = "postgresql+psycopg"
#: What a URL's query may carry that nobody else should read.
SECRET_KEYS = frozenset({"password", "passfile", "sslpassword"})


@dataclass(frozen=True)
class Location:
    """A store's place.

    Args:
        url: the parsed URL.
        shown: the URL as a person may see it, without secrets.
        path: the SQLite file, absolute; None for a server.
        secrets: texts that must not appear in any message.
    """

    url: URL
    shown: str
    path: str | None
    secrets: tuple[str, ...] = ()


def state_directory(environ: Mapping[str, str]) -> str:
    """Return where the control side keeps its state: ``AIOPS_STATE_DIR``, or a folder of the user's state home."""
    chosen = environ.get("AIOPS_STATE_DIR")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    home = environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(os.path.abspath(home), "aiops-runbooks")


def default_url(environ: Mapping[str, str]) -> str:
    """Return the URL of the store that is used when nobody names one."""
    return "sqlite:///" + os.path.join(state_directory(environ), "store.sqlite")


def locate(url: str) -> Location:
    """Parse a store's URL.

    Raises:
        StoreError: it is not a URL, or of a database that this store cannot use.
    """
    if not INSTALLED:
        raise StoreError(
            f"{mask(url)}: SQLAlchemy is missing on the controller", "Run pip install 'SQLAlchemy>=2.0.30'."
        )
    if url.startswith("sqlite"):
        return _sqlite(url)
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(f"{mask(url)}: this is not the URL of a store", f"Write {SCHEMES}.") from None
    if parsed.drivername in ("postgresql", DRIVER):
        return _postgresql(parsed.set(drivername=DRIVER))
    raise StoreError(f"{mask(url)}: a store is SQLite or PostgreSQL with psycopg", f"Write {SCHEMES}.")


def mask(text: str) -> str:
    """Return the text with the password of every URL in it hidden."""
    return re.sub(r"(://[^:/@\s]*:)\S*@", r"\1***@", text)


def _sqlite(url: str) -> Location:
    # Taken apart by hand: whether %20 in a path is a space differs between versions of SQLAlchemy. Here it is not.
    scheme, separator, path = url.partition(":///")
    if scheme not in ("sqlite", "sqlite+pysqlite") or not separator or path in ("", ":memory:") or "?" in path:
        raise StoreError(f"{url}: the store needs an ordinary file", "Write sqlite:////directory/store.sqlite.")
    path = os.path.abspath(os.path.expanduser(path))
    return Location(url=sa.URL.create("sqlite", database=path), shown=path, path=path)


def _postgresql(parsed: URL) -> Location:
    secrets = [value for key, value in parsed.query.items() if key in SECRET_KEYS and isinstance(value, str)]
    hidden = parsed.set(query={key: "***" if key in SECRET_KEYS else value for key, value in parsed.query.items()})
    if parsed.password:
        secrets.append(str(parsed.password))
    return Location(url=parsed, shown=hidden.render_as_string(hide_password=True), path=None, secrets=tuple(secrets))
