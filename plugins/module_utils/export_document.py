# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export of an application's data: one JSON document that proves itself, and that is hostile until it was examined.

Where the application has no export of its own (DIY-12), its files are put into the document with their digests. What
comes from elsewhere (DIY-21) may claim any name and any size: everything is examined before anything is written.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass
from typing import Any, Iterable, Mapping

from .backup_records import safe_path
from .errors import RunbooksError
from .probe import open_regular

KIND = "aiops.runbooks export"
FORMAT = 1
DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024
_ATTEMPTS = 3


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export.

    Args:
        path: begins with the name of an item; a plain path with ``/``.
        mode: permissions.
        modified: seconds since the epoch.
        content: its bytes.
    """

    path: str
    mode: int
    modified: int
    content: bytes


@dataclass(frozen=True)
class Export:
    """What an export holds.

    Args:
        system: that it was made of.
        made: when, UTC.
        files: in the order of their paths.
    """

    system: str
    made: str
    files: tuple[ExportedFile, ...]


def gather(system: str, contents: Iterable[Mapping[str, str]], now: float, limit_bytes: int) -> Export:
    """Read the files of an application; links and special files are left out.

    Args:
        system: name of the system.
        contents: ``name`` and ``source`` of each item, a file or a directory.
        now: the clock, seconds since the epoch.
        limit_bytes: most bytes of all files together.

    Raises:
        RunbooksError: an item is not there or empty, it is too much, or a file changes all the time.
        OSError: a file cannot be read.
    """
    files: list[ExportedFile] = []
    size = 0
    for item in contents:
        paths = sorted(_paths_below(item["source"]))
        if not paths:
            raise RunbooksError(f"{item['source']} is missing or has no files", "An empty export is not an export")
        for path in paths:
            relative = os.path.relpath(path, item["source"])
            name = item["name"] if relative == "." else item["name"] + "/" + relative
            files.append(_read(path, safe_path(name)))
            size += len(files[-1].content)
            if size > limit_bytes:
                raise RunbooksError(
                    f"The files have more than {limit_bytes} bytes", "Raise limit_bytes, or back them up"
                )
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return Export(system, made, tuple(sorted(files, key=lambda one: one.path)))


def _paths_below(source: str) -> Iterable[str]:
    status = os.lstat(source) if os.path.lexists(source) else None
    if status is not None and stat.S_ISREG(status.st_mode):
        yield source
    for folder, _folders, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def _read(path: str, name: str) -> ExportedFile:
    for _attempt in range(_ATTEMPTS):
        with open_regular(path) as file:
            before = os.fstat(file.fileno())
            content = file.read()
            after = os.fstat(file.fileno())
        if (
            (before.st_size, before.st_mtime_ns)
            == (after.st_size, after.st_mtime_ns)
            == (len(content), after.st_mtime_ns)
        ):
            return ExportedFile(name, stat.S_IMODE(after.st_mode) & 0o777, int(after.st_mtime), content)
    raise RunbooksError(f"{path} was written to whenever it was read", "Export when the application is less busy")


def to_bytes(export: Export) -> bytes:
    """Return the document."""
    files = []
    for one in export.files:
        entry: dict[str, Any] = {
            "path": one.path,
            "mode": f"{one.mode:04o}",
            "modified": one.modified,
            "sha256": hashlib.sha256(one.content).hexdigest(),
        }
        try:
            entry["text"] = one.content.decode("utf-8")
        except UnicodeDecodeError:
            entry["base64"] = base64.b64encode(one.content).decode("ascii")
        files.append(entry)
    document = {
        "kind": KIND,
        "format": FORMAT,
        "system": export.system,
        "made": export.made,
        "count": len(files),
        "files": files,
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def load(path: str, limit_bytes: int) -> Any:
    """Return the values of a JSON file that may have been made to do harm.

    Raises:
        RunbooksError: it is too large or too deep, is no JSON, repeats a key, or has a number that is none.
        CheckError, OSError: it cannot be read.
    """
    with open_regular(path) as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise RunbooksError(f"{path} has more than {limit_bytes} bytes", "Raise limit_bytes when you trust it")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RunbooksError(f"{path} is not a whole JSON document: {error}", "Make the export again") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key that appears twice")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def from_document(document: Any, names: Iterable[str], path: str) -> Export:
    """Examine a document and return what it holds.

    Args:
        document: from :func:`load`.
        names: of the items that may be in it.
        path: of the file, for errors.

    Raises:
        RunbooksError: the first thing that is wrong; nothing of it can be used then.
    """
    try:
        if document["kind"] != KIND or document["format"] != FORMAT:
            raise ValueError("it is of another kind or format")
        allowed = set(names)
        files = tuple(_file(entry, allowed) for entry in document["files"])
        if len(files) != document["count"] or not files:
            raise ValueError("files are missing")
        _refuse_overlaps([one.path for one in files])
        return Export(str(document["system"]), str(document["made"]), files)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        words = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise RunbooksError(f"{path} is not an export of ours: {words}", "Nothing of it was used") from None


def _file(entry: Mapping[str, Any], allowed: set[str]) -> ExportedFile:
    path = safe_path(entry["path"])
    if not isinstance(entry["path"], str) or path.split("/")[0] not in allowed or "\\" in path:
        raise ValueError(f"{path!r} does not belong to an item of the profile")
    if any(ord(character) < 32 for character in path) or len(path.encode("utf-8", "surrogatepass")) > 4000:
        raise ValueError(f"{path[:100]!r} is not a name")
    path.encode("utf-8")
    if ("text" in entry) == ("base64" in entry):
        raise ValueError(f"{path} has no content, or two")
    try:
        given = entry["text"].encode("utf-8") if "text" in entry else base64.b64decode(entry["base64"], validate=True)
    except binascii.Error:
        raise ValueError(f"{path} is no base64") from None
    if hashlib.sha256(given).hexdigest() != entry["sha256"]:
        raise ValueError(f"{path} is not what was exported: its SHA-256 is another one")
    return ExportedFile(path, int(entry["mode"], 8) & 0o777, max(0, min(int(entry["modified"]), 1 << 33)), given)


def _refuse_overlaps(paths: list[str]) -> None:
    """Refuse two files of one name, on file systems that ignore case, too, and a file that is a folder of another."""
    seen = {path.casefold() for path in paths}
    if len(seen) != len(paths):
        raise ValueError("two files have one name")
    for path in seen:
        parts = path.split("/")
        if any("/".join(parts[:end]) in seen for end in range(1, len(parts))):
            raise ValueError(f"{path} lies below a file")
