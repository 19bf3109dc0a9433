# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a set offers for the items of a profile: from its manifest, or as it lies there when a script made it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping, Sequence

from .backup_manifest import has_manifest, read_manifest
from .backup_records import DIRECTORY, FILE, ITSELF, SYMLINK, Entry, Item
from .errors import RunbooksError

_EXPORTED = 4
RESTORABLE = ("sqlite", "duckdb", "files")


@dataclass(frozen=True)
class Wanted:
    """One item that may be restored.

    Args:
        name: path within the set.
        type: ``sqlite``, ``duckdb``, ``files`` or ``export``.
        target: absolute path of where it belongs.
        python: interpreter that can import ``duckdb``.
        exclude: globs of what its backup leaves out.
        may_be_empty: whether an empty file or directory is as it should be.
        optional: whether a set may lack it.
    """

    name: str
    type: str
    target: str
    python: str | None = None
    exclude: tuple[str, ...] = ()
    may_be_empty: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Offer:
    """One item as a set has it.

    Args:
        wanted: what the profile says.
        item: what the set says; without a manifest its files have no checksums.
        manifest: whether that is from a manifest.
        duckdb: version of DuckDB that made it, by the manifest.
    """

    wanted: Wanted
    item: Item
    manifest: bool
    duckdb: str | None = None

    @property
    def is_export(self) -> bool:
        """Whether it is a database as statements and Parquet files, which is imported rather than copied."""
        return self.item.type == "duckdb" and self.item.itself.kind == DIRECTORY

    @property
    def restored_bytes(self) -> int:
        """How much it may take where it is restored: Parquet files are smaller than the database that they become."""
        return self.item.bytes * (_EXPORTED if self.is_export else 1)


def wanted_items(contents: Iterable[Mapping[str, Any]], names: Sequence[str]) -> list[Wanted]:
    """Return what is to be restored, the outer directories first.

    Args:
        contents: ``name``, ``type``, ``target`` (or ``source``) and ``python`` of each item of the profile.
        names: of the items that are asked for; empty asks for all that can be restored.

    Raises:
        RunbooksError: an item is not there, cannot be put back by copying, or holds another that is not asked for.
    """
    known = [
        Wanted(
            name=str(one["name"]),
            type=str(one.get("type") or "files"),
            target=str(one.get("target") or one.get("source") or ""),
            python=one.get("python") or None,
            exclude=tuple(map(str, one.get("exclude") or ())),
            may_be_empty=bool(one.get("may_be_empty")),
            # Who asks for an item by its name wants to know when it is not there.
            optional=bool(one.get("optional")) and str(one["name"]) not in names,
        )
        for one in contents
    ]
    has = ", ".join(one.name for one in known)
    missing = [name for name in names if name not in [one.name for one in known]]
    if missing:
        raise RunbooksError("The backup has no item {}".format(", ".join(missing)), f"Items: {has}")
    chosen = [one for one in known if (one.name in names if names else one.type in RESTORABLE)]
    if not chosen:
        raise RunbooksError("There is nothing to restore", f"Items: {has or 'none'}")
    for one in chosen:
        if one.type not in RESTORABLE:
            raise RunbooksError(f"Item {one.name} is an export", "Import it with the application's own command")
        if not os.path.isabs(one.target) or os.path.normpath(one.target) == "/":
            raise RunbooksError(f"Item {one.name} has the target {one.target!r}", "Give an absolute path below /")
        if os.path.ismount(one.target):
            raise RunbooksError(f"{one.target} is a mount point and cannot be swapped", "Restore it beside")
        for other in known:
            inside = other is not one and _is_below(other.target, one.target)
            if inside and other not in chosen and other.type in RESTORABLE:
                raise RunbooksError(
                    f"Item {one.name} holds item {other.name}, which was not asked for", "Name both, or the inner one"
                )
    return sorted(chosen, key=lambda one: (os.path.normpath(one.target).count("/"), one.name))


def _is_below(path: str, directory: str) -> bool:
    return os.path.normpath(path).startswith(os.path.normpath(directory) + "/")


def holder_of(one: Wanted, chosen: Sequence[Wanted]) -> Wanted | None:
    """Return the outermost item that holds this one; None when it stands for itself."""
    return next((other for other in chosen if other is not one and _is_below(one.target, other.target)), None)


def offers_of(directory: str, chosen: Sequence[Wanted]) -> list[Offer]:
    """Return what a set has of the items that are asked for.

    Raises:
        ManifestError: its manifest cannot be read, or it has no such item.
        RunbooksError: an item is not there.
        OSError: the set cannot be read.
    """
    if has_manifest(directory):
        manifest = read_manifest(directory)
        offers = []
        has = [item.name for item in manifest.items]
        for one in chosen:
            if one.optional and one.name not in has:
                continue
            item = manifest.item(one.name)
            if item.type != one.type:
                raise RunbooksError(f"Item {one.name} is {one.type} in the profile and {item.type} in the set")
            offers.append(Offer(one, item, True, manifest.versions.get("duckdb")))
        return offers
    names = [one.name for one in chosen]
    there = [one for one in chosen if not one.optional or os.path.lexists(os.path.join(directory, one.name))]
    return [Offer(one, _as_it_lies(directory, one, names), False) for one in there]


def _as_it_lies(directory: str, one: Wanted, names: Sequence[str]) -> Item:
    """Describe an item of a set without a manifest; an item never claims what another one has for its name."""
    path = os.path.join(directory, one.name)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise RunbooksError(f"The set has no {one.name}", "Choose another set, or name the items that it has") from None
    entries = [_entry(path, ITSELF, status)]
    if entries[0] is None or entries[0].kind == SYMLINK:
        raise RunbooksError(f"{path} is neither a file nor a directory")
    skipped: list[str] = []
    if entries[0].kind == DIRECTORY:
        others = [name[len(one.name) + 1 :] for name in names if name.startswith(one.name + "/")]
        _walk(path, "", lambda relative: relative in others, entries, skipped)
    return Item(
        name=one.name,
        type=one.type,
        source=one.target,
        entries=tuple(entry for entry in entries if entry is not None),
        method="copy",
        skipped=tuple(skipped),
    )


def _walk(
    root: str, below: str, is_foreign: Callable[[str], bool], entries: list[Entry | None], skipped: list[str]
) -> None:
    with os.scandir(os.path.join(root, below)) as listing:
        present = sorted(listing, key=lambda entry: entry.name)
    for found in present:
        relative = os.path.join(below, found.name)
        if is_foreign(relative):
            continue
        entry = _entry(found.path, relative, found.stat(follow_symlinks=False))
        if entry is None:
            skipped.append(relative)
            continue
        entries.append(entry)
        if entry.kind == DIRECTORY:
            _walk(root, relative, is_foreign, entries, skipped)


def _entry(path: str, relative: str, status: os.stat_result) -> Entry | None:
    for right, kind in ((stat.S_ISREG, FILE), (stat.S_ISDIR, DIRECTORY), (stat.S_ISLNK, SYMLINK)):
        if right(status.st_mode):
            return Entry(
                path=relative,
                kind=kind,
                mode=stat.S_IMODE(status.st_mode),
                uid=status.st_uid,
                gid=status.st_gid,
                mtime_ns=status.st_mtime_ns,
                bytes=status.st_size if kind == FILE else 0,
                target=os.readlink(path) if kind == SYMLINK else None,
            )
    return None


def space_faults(needed: Mapping[str, int], free: Callable[[str], int]) -> list[str]:
    """Return a sentence for each file system that is too small, see :func:`needed_bytes`.

    Args:
        needed: bytes by directory, one directory for each file system.
        free: bytes that are free where a directory is.
    """
    faults = []
    for directory, count in sorted(needed.items()):
        there = free(directory)
        if there < count:
            faults.append(f"{directory} has {there} bytes free, {count} are needed to unpack beside the data")
    return faults


def needed_bytes(sizes: Iterable[tuple[str, int, int]], margin: float = 0.05) -> dict[str, int]:
    """Add up what is needed on each file system.

    Args:
        sizes: directory, device and bytes of each item.
        margin: share on top, for directories and what others write meanwhile.
    """
    by_device: dict[int, tuple[str, int]] = {}
    for directory, device, count in sizes:
        first, total = by_device.get(device, (directory, 0))
        by_device[device] = (first, total + count)
    return {directory: int(total * (1 + margin)) + 65536 for directory, total in by_device.values()}
