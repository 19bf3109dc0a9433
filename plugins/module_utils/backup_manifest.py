# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a backup set: what the set holds, and what it looked like where it came from.

A set is a directory whose name is a time, with ``manifest.json`` in it. The manifest is written last, after everything
was read back, and one rename then gives the directory its name: a named directory with a manifest was once whole.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from .backup_records import (
    DIRECTORY,
    ENTRY_KINDS,
    FILE,
    HARDLINK,
    ITEM_TYPES,
    ITSELF,
    MANIFEST,
    Entry,
    Item,
    Manifest,
    ManifestError,
    Table,
    safe_path,
)

FORMAT = 1


def read_manifest(directory: str) -> Manifest:
    """Return the manifest of a set.

    Raises:
        ManifestError: there is none, or it cannot be understood.
    """
    path = os.path.join(directory, MANIFEST)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="utf-8", errors="surrogateescape") as stream:
            return from_document(json.load(stream), path)
    except FileNotFoundError:
        raise ManifestError(f"{path} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"{path} cannot be read: {error}") from None


def has_manifest(directory: str) -> bool:
    """Return whether a directory has a manifest, whatever is in it."""
    return os.path.lexists(os.path.join(directory, MANIFEST))


def write_manifest(directory: str, manifest: Manifest) -> None:
    """Write the manifest of a set and make it last over a power failure.

    Args:
        directory: the set, still under its partial name.
        manifest: the content.

    Raises:
        OSError: such as a full disk.
    """
    path = os.path.join(directory, MANIFEST)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
        json.dump(to_document(manifest), stream, indent=1, ensure_ascii=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())


def to_document(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as plain values."""
    items = []
    for item in manifest.items:
        itself = _entry_document(item.itself)
        del itself["path"]
        items.append(
            dict(
                itself,
                name=item.name,
                type=item.type,
                source=item.source,
                bytes=item.bytes,
                sha256=item.sha256,
                user=item.user,
                group=item.group,
                selinux=item.itself.selinux,
                method=item.method,
                tables={name: _table_document(table) for name, table in sorted(item.tables.items())},
                entries=[_entry_document(entry) for entry in item.entries[1:]],
                skipped=list(item.skipped),
            )
        )
    return {
        "format": FORMAT,
        "system": manifest.system,
        "host": manifest.host,
        "made": manifest.made,
        "finished": manifest.finished,
        "seconds": manifest.seconds,
        "versions": dict(manifest.versions),
        "items": items,
    }


def _table_document(table: Table) -> dict[str, Any]:
    return {"rows": table.rows, "schema_sha256": table.schema_sha256, "newest": table.newest}


def _entry_document(entry: Entry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "path": entry.path,
        "kind": entry.kind,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime_ns": entry.mtime_ns,
    }
    optional = {"bytes": entry.bytes, "sha256": entry.sha256, "target": entry.target, "selinux": entry.selinux}
    document.update({key: value for key, value in optional.items() if value is not None and value != 0})
    return document


def from_document(document: Any, path: str = MANIFEST) -> Manifest:
    """Return a manifest from plain values.

    Args:
        document: what ``to_document`` made, or anything else.
        path: of the file, for the error.

    Raises:
        ManifestError: it is no manifest, of another format, or names a path that leads out of the set.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise ManifestError(f"{path} has format {found!r}, this collection reads {FORMAT}")
    try:
        items = tuple(_item(one) for one in document["items"])
        names = [item.name for item in items]
        if len(set(names)) != len(names) or not items:
            raise ValueError("no items, or two of one name")
        return Manifest(
            system=str(document["system"]),
            host=str(document["host"]),
            made=str(document["made"]),
            finished=str(document["finished"]),
            seconds=float(document["seconds"]),
            versions={str(key): _text(value) for key, value in document["versions"].items()},
            items=items,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"{path} is not a whole manifest: {type(error).__name__} {error}") from None


def _item(document: dict[str, Any]) -> Item:
    itself = _entry(dict(document, path=ITSELF))
    if itself.kind == DIRECTORY:
        # What is written beside a directory are the sums of its entries.
        itself = replace(itself, bytes=0, sha256=None)
    rest = [_entry(one) for one in document["entries"]]
    for entry in rest:
        safe_path(entry.path)
    if document["type"] not in ITEM_TYPES or itself.kind not in (FILE, DIRECTORY):
        raise ValueError(f"type {document['type']!r}, kind {itself.kind!r}")
    return Item(
        name=safe_path(document["name"]),
        type=document["type"],
        source=str(document["source"]),
        entries=(itself, *rest),
        user=_text(document["user"]),
        group=_text(document["group"]),
        method=_text(document["method"]),
        tables={
            str(name): Table(int(table["rows"]), str(table["schema_sha256"]), _text(table["newest"]))
            for name, table in document["tables"].items()
        },
        skipped=tuple(str(one) for one in document["skipped"]),
    )


def _entry(document: dict[str, Any]) -> Entry:
    if document["kind"] not in ENTRY_KINDS:
        raise ValueError(f"kind {document['kind']!r}")
    if document["kind"] == HARDLINK:
        safe_path(document["target"])
    return Entry(
        path=str(document["path"]),
        kind=document["kind"],
        mode=int(document["mode"], 8) & 0o7777,
        uid=int(document["uid"]),
        gid=int(document["gid"]),
        mtime_ns=int(document["mtime_ns"]),
        bytes=int(document.get("bytes", 0)),
        sha256=_text(document.get("sha256")),
        target=_text(document.get("target")),
        selinux=_text(document.get("selinux")),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
