# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a database of a DuckDB export again: imported beside the data, read as a whole, compared with its manifest."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Callable

from .backup_manifest import read_manifest
from .backup_records import FILE
from .backup_verify import verify_set
from .errors import CheckError, RunbooksError
from .gzip_file import synchronise_folder
from .restore_items import Offer
from .restore_unpack import DamagedError, give, owner_of
from .restore_verify import Seen, rows_that_differ


def import_export(
    path: str, offer: Offer, staged: str, target: str, remaining: Callable[[], float], seen: Seen
) -> None:
    """Import an export into a new database; with the owner and mode of what it will replace.

    Args:
        path: of the set.
        offer: the item.
        staged: the new database; nothing may be there.
        target: the data that it will replace.
        remaining: seconds that are left.
        seen: where to note what was found.

    Raises:
        DamagedError: it is not what its manifest says, or does not become what it was made of.
        RunbooksError: it cannot be imported here.
        CheckError: DuckDB cannot read it.
        OSError: such as a full disk.
    """
    from .duckdb_copy import import_database

    name, python = offer.item.name, offer.wanted.python
    if not offer.manifest:
        raise DamagedError(
            f"{name} is an export without a manifest", "Its statements are not run: nobody vouches for them"
        )
    if not python:
        raise RunbooksError(
            f"{name} is an export, and no interpreter with DuckDB is named", "Name python in its contents"
        )
    faults = verify_set(path, read_manifest(path), "checksums", remaining, items=(name,)).faults
    if faults:
        raise DamagedError("; ".join(f"{name}: {one.fault} {one.detail}".strip() for one in faults[:5]))
    seen.verified.append(f"{name}: checksums of {sum(1 for one in offer.item.entries if one.sha256)} files")
    try:
        tables, version = import_database(python, os.path.join(path, name), staged, remaining)
    except CheckError as error:
        if error.state == "critical":
            raise DamagedError(f"{name}: {error.reason_id}: {error.fields.get('error', '')}") from None
        raise
    _finish(offer, staged, target)
    seen.rows[name] = {table: found.rows for table, found in tables.items()}
    wrong = rows_that_differ(offer.item.tables, seen.rows[name])
    if wrong:
        raise DamagedError("{}: {}".format(name, "; ".join(wrong[:5])))
    seen.verified.append(f"{name}: imported, rows of {len(tables)} tables as in the manifest, every column was read")
    made = offer.item.tables
    other = sorted(table for table in made if made[table].schema_sha256 != tables[table].schema_sha256)
    if not other:
        seen.verified.append(f"{name}: definitions of {len(tables)} tables as in the manifest")
    elif offer.duckdb == version:
        raise DamagedError("{}: other definitions than in the manifest: {}".format(name, ", ".join(other[:5])))
    else:
        # Another version prints the same definition in other words.
        words = f"made by DuckDB {offer.duckdb}, imported by {version}"
        seen.unverified.append("{}: definitions of {}, {}".format(name, ", ".join(other[:5]), words))


def _finish(offer: Offer, staged: str, target: str) -> None:
    """Bring the new database to the disk, with owner and mode."""
    # The manifest has owner and mode of the database for the directory that it became; older ones the directory's.
    entry = replace(offer.item.itself, kind=FILE, mode=offer.item.itself.mode & 0o666)
    give(staged, owner_of(offer.item, entry, target, target), entry)
    descriptor = os.open(staged, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    synchronise_folder(staged)
