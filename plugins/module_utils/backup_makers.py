# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one item of a backup set by its type, and read it back."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, replace
from typing import Callable, Sequence

from .backup_items import ItemFault
from .backup_plan import Content
from .backup_records import FILE, ITSELF, Entry, Item, Manifest, Table
from .backup_root import BackupError, remove_directory
from .backup_verify import digest_of, verify_set
from .errors import CheckError, RunbooksError
from .export_command import run_export
from .retention_apply import explain
from .sqlite_copy import copy_online
from .sqlite_whole import read_whole
from .tree_copy import Copied, Rules, copy_tree, label_of, settle


@dataclass
class Work:
    """A set that is being made.

    Args:
        partial: its directory.
        remaining: seconds that are left.
        longest_lock_seconds: for which a database's writers were kept from committing so far.
        duckdb: version of DuckDB that made a copy.
    """

    partial: str
    remaining: Callable[[], float]
    longest_lock_seconds: float = 0.0
    duckdb: str | None = None


def make_item(content: Content, work: Work) -> Item:
    """Copy one content into the set and read it back.

    Raises:
        BackupError: it could not be copied whole; names the source.
        OSError: such as a full disk.
    """
    target = os.path.join(work.partial, content.name)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    try:
        item = _MAKERS[content.type](content, target, work)
        if content.type in ("files", "export"):
            settle(target, item.entries)
            whole = Manifest("", "", "", "", 0.0, {}, (item,))
            require_whole(verify_set(work.partial, whole, "checksums", work.remaining).faults)
        missing = sorted(set(content.tables) - set(item.tables))
        if missing:
            raise BackupError(f"{content.source} has no table {', '.join(missing)}")
        return item
    except CheckError as error:
        raise BackupError(f"{content.name}: {explain(error)}") from None
    except RunbooksError as error:
        raise BackupError(f"{content.name}: {error.message}", error.way_out) from None
    except OSError as error:
        # Writing to an open file fails without its name.
        error.filename = error.filename or target
        raise


def require_whole(faults: Sequence[ItemFault]) -> None:
    """Raise a BackupError when something that was written is not what it was."""
    if faults:
        shown = "; ".join(f"{one.item}: {one.fault.replace('_', ' ')} {one.detail}".rstrip() for one in faults[:5])
        raise BackupError(f"What was written does not read back as it was: {shown}")


def _make_files(content: Content, target: str, work: Work) -> Item:
    copied = copy_tree(content.source, target, content.rules, work.remaining)
    if not content.may_be_empty and not any(one.bytes for one in copied.entries):
        raise BackupError(f"{content.source} was empty when it was copied")
    return _item(content, copied, os.stat(content.source))


def _make_sqlite(content: Content, target: str, work: Work) -> Item:
    copied = copy_online(content.source, target, work.remaining, content.longest_lock_seconds)
    work.longest_lock_seconds = max(work.longest_lock_seconds, copied.held_seconds)
    whole = read_whole(target, work.remaining)
    if whole.messages:
        way_out = "Restore it from an older set, or salvage it; no set was made of it"
        raise BackupError(f"{content.source} is damaged: {'; '.join(whole.messages[:3])}", way_out)
    if not whole.finished or whole.sha256 is None:
        raise BackupError(f"{content.source} could not be copied and read back in time", "Raise timeout_seconds")
    return _database_item(content, target, whole.sha256, "backup", whole.tables)


def _make_duckdb(content: Content, target: str, work: Work) -> Item:
    from .duckdb_copy import copy_database

    tables, work.duckdb = copy_database(
        content.python or "", content.source, target, content.method, work.remaining, content.wait_seconds
    )
    if not tables:
        raise BackupError(f"{content.source} has no table")
    if content.method == "export":
        entries, status = _entries_of(target, work), os.stat(content.source)
        settle(target, entries.entries)
        # The entries say what DuckDB has written; for the database that it becomes again, owner and mode are its own.
        mode = stat.S_IMODE(status.st_mode)
        entries.entries[0] = replace(entries.entries[0], mode=mode, uid=status.st_uid, gid=status.st_gid)
        return _item(content, entries, status, content.method, tables)
    descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    digest, _size = digest_of(target, work.remaining)
    if digest is None:
        raise BackupError(f"{content.source} could not be copied in time", "Raise timeout_seconds")
    return _database_item(content, target, digest, content.method, tables)


def _make_export(content: Content, target: str, work: Work) -> Item:
    run_export(content, target, work.remaining)
    return _item(content, _entries_of(target, work), os.stat(target))


def _entries_of(target: str, work: Work) -> Copied:
    """Return the entries of something that another program wrote: by copying it aside, as everything else is read."""
    raw = target + ".written"
    os.rename(target, raw)
    copied = copy_tree(raw, target, Rules(databases=True), work.remaining)
    if os.path.isdir(raw):
        remove_directory(raw)
    else:
        os.unlink(raw)
    return copied


def _database_item(content: Content, target: str, digest: str, method: str, tables: dict[str, Table]) -> Item:
    status = os.stat(content.source)
    with contextlib.suppress(PermissionError):
        os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
    itself = Entry(
        path=ITSELF,
        kind=FILE,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime_ns=status.st_mtime_ns,
        bytes=os.stat(target).st_size,
        sha256=digest,
        selinux=label_of(os.path.realpath(content.source)),
    )
    return _item(content, Copied([itself]), status, method, tables)


def _item(
    content: Content,
    copied: Copied,
    status: os.stat_result,
    method: str | None = None,
    tables: dict[str, Table] | None = None,
) -> Item:
    user, group = _names(status)
    return Item(
        name=content.name,
        type=content.type,
        source=content.source,
        entries=tuple(copied.entries),
        user=user,
        group=group,
        method=method,
        tables=tables or {},
        skipped=tuple(copied.skipped),
    )


def _names(status: os.stat_result) -> tuple[str | None, str | None]:
    import grp
    import pwd

    user = group = None
    with contextlib.suppress(KeyError):
        user = pwd.getpwuid(status.st_uid).pw_name
    with contextlib.suppress(KeyError):
        group = grp.getgrgid(status.st_gid).gr_name
    return user, group


_MAKERS: dict[str, Callable[[Content, str, Work], Item]] = {
    "files": _make_files,
    "sqlite": _make_sqlite,
    "duckdb": _make_duckdb,
    "export": _make_export,
}
