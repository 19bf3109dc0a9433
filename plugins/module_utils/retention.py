# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files have been kept long enough: planning only, nothing here changes a file (DIY-08, DIY-22, EST-04)."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Mapping, Sequence

from .errors import CheckError, ProfileError
from .mount_points import mount_points
from .probe import unreadable
from .zones import Zone, days_of

DELETE = "delete"
COMPRESS = "compress"
_DAY = 86400.0
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
#: What an interrupted compression leaves behind; never a candidate, overwritten by the next one.
PARTIAL_SUFFIX = ".gz.partial"
_NAME_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
_FOLDERS_DEEP = 32


@dataclass(frozen=True)
class Rule:
    """How long the files of one class are kept.

    Attributes:
        name: of the class, for people.
        patterns: globs on the file's name; a compressed file is known by its name without the suffix, too.
        delete_after_days: None keeps them for ever.
        compress_after_days: None leaves them as they are.
        age_from: ``mtime``, or ``name``: the date in the file's name, ``mtime`` when there is none.
        keep_newest: so many files are never touched, however old: one of them may be the file that is written.
    """

    name: str
    patterns: Sequence[str]
    delete_after_days: float | None = None
    compress_after_days: float | None = None
    age_from: str = "mtime"
    keep_newest: int = 1


@dataclass(frozen=True)
class Root:
    """A folder, and the rules for what lies in it; the first rule that matches a file decides."""

    path: str
    rules: Sequence[Rule]
    recursive: bool = False
    keep_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """A regular file below a root."""

    path: str
    size_bytes: int
    modified: float
    identity: tuple[int, int]


@dataclass(frozen=True)
class Due:
    """One file, and what is due for it."""

    path: str
    action: str
    class_name: str
    size_bytes: int
    age_days: float
    identity: tuple[int, int]
    modified: float


@dataclass
class Listing:
    """What lies below a root.

    Attributes:
        files: regular files.
        skipped: links, special files and other file systems, which are never followed or touched.
    """

    files: list[Found] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def parse_roots(data: Iterable[Mapping[str, Any]]) -> list[Root]:
    """Return the roots that a profile states.

    Each has a ``path`` and either one rule of its own (``pattern``, ``delete_after_days``, ``compress_after_days``,
    ``age_from``, ``keep_newest``) or several under ``classes``, each with a ``name``.

    Raises:
        ProfileError: names the root, the key and the choices.
    """
    return [_parse_root(one) for one in data]


_RULE_KEYS = ("name", "pattern", "delete_after_days", "compress_after_days", "age_from", "keep_newest")
_ROOT_KEYS = ("path", "classes", "recursive", "keep_names", *_RULE_KEYS)


def _parse_root(data: Mapping[str, Any]) -> Root:
    path = str(data.get("path") or "")
    where = f"Retention root {path!r}"
    _refuse_unknown(where, data, _ROOT_KEYS)
    if not os.path.isabs(path) or os.path.normpath(path) == "/":
        raise ProfileError(f"{where} is not a folder of its own", "Give an absolute path below /")
    classes = data.get("classes")
    if classes is not None and any(data.get(key) is not None for key in _RULE_KEYS):
        raise ProfileError(f"{where} has classes and a rule of its own", "Move the rule under classes")
    rules = [_parse_rule(where, one) for one in (classes if classes is not None else [data])]
    return Root(
        path=os.path.normpath(path),
        rules=rules,
        recursive=bool(data.get("recursive")),
        keep_names=frozenset(map(str, data.get("keep_names") or ())),
    )


def _parse_rule(where: str, data: Mapping[str, Any]) -> Rule:
    _refuse_unknown(where, data, _ROOT_KEYS)
    pattern = data.get("pattern")
    patterns = [pattern] if isinstance(pattern, str) else list(pattern or ())
    if not patterns:
        raise ProfileError(f"{where} has no pattern", "Give a glob for the files' names, such as '*.jsonl'")
    delete, compress = (_days(where, data, key) for key in ("delete_after_days", "compress_after_days"))
    if delete is None and compress is None:
        raise ProfileError(f"{where} says nothing to do", "Give delete_after_days, compress_after_days, or both")
    age_from = str(data.get("age_from") or "mtime")
    if age_from not in ("mtime", "name"):
        raise ProfileError(f"{where}, key age_from is {age_from!r}", "Choices: mtime, name")
    keep = data.get("keep_newest")
    return Rule(
        name=str(data.get("name") or patterns[0]),
        patterns=patterns,
        delete_after_days=delete,
        compress_after_days=compress,
        age_from=age_from,
        keep_newest=1 if keep is None else max(0, int(keep)),
    )


def _refuse_unknown(where: str, data: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in data:
        if key not in known:
            raise ProfileError(f"{where} has the key {key!r}", "Keys: {}".format(", ".join(known)))


def _days(where: str, data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    try:
        days = float(value)
    except (TypeError, ValueError):
        days = -1.0
    if not 0 < days < 100000:
        raise ProfileError(f"{where}, key {key} is {value!r}", "Give a number of days above 0")
    return days


def list_files(root: Root) -> Listing:
    """List the regular files below a root without following a link or crossing a mount point.

    Raises:
        CheckError: ``file_missing``, ``permission_denied`` or ``not_a_directory``.
    """
    try:
        status = os.stat(root.path)
    except OSError as error:
        raise unreadable(root.path, error) from None
    if not stat.S_ISDIR(status.st_mode):
        raise CheckError("not_a_directory", path=root.path)
    listing = Listing()
    below = Below(status.st_dev, os.path.realpath(root.path), mount_points())
    _walk(root.path, below, _FOLDERS_DEEP if root.recursive else 0, listing)
    return listing


@dataclass(frozen=True)
class Below:
    """Where a walk is: device of the root, the folder without links, and all mount points."""

    device: int
    real: str
    points: frozenset[str]


def _walk(folder: str, below: Below, depth: int, listing: Listing) -> None:
    try:
        with os.scandir(folder) as entries:
            present = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise unreadable(folder, error) from None
    for entry in present:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        real = os.path.join(below.real, entry.name)
        ours = status.st_dev == below.device and real not in below.points
        if ours and stat.S_ISREG(status.st_mode):
            identity = (status.st_dev, status.st_ino)
            listing.files.append(Found(entry.path, status.st_size, status.st_mtime, identity))
        elif ours and stat.S_ISDIR(status.st_mode):
            if depth:
                _walk(entry.path, replace(below, real=real), depth - 1, listing)
        else:
            listing.skipped.append(entry.path)


def plan(root: Root, files: Sequence[Found], now: float, zone: Zone) -> list[Due]:
    """Return what is due, the oldest first; pure. Whether somebody has the files open is for the caller to ask.

    Args:
        root: its rules.
        files: what lies below it.
        now: seconds since the epoch.
        zone: of the dates in names.
    """
    by_rule: dict[int, list[tuple[float, Found]]] = {}
    for found in files:
        name = os.path.basename(found.path)
        if name in root.keep_names or name.endswith(PARTIAL_SUFFIX):
            continue
        position = next((index for index, rule in enumerate(root.rules) if _matches(rule, name)), None)
        if position is not None:
            written = written_at(found, root.rules[position].age_from, zone)
            by_rule.setdefault(position, []).append((written, found))
    due = []
    for position, dated in by_rule.items():
        rule = root.rules[position]
        dated.sort(key=lambda pair: (pair[0], pair[1].modified, pair[1].path), reverse=True)
        for written, found in dated[rule.keep_newest :]:
            age = (now - written) / _DAY
            action = _action(rule, found, age)
            if action is not None:
                due.append(Due(found.path, action, rule.name, found.size_bytes, age, found.identity, found.modified))
    return sorted(due, key=lambda one: (-one.age_days, one.path))


def _matches(rule: Rule, name: str) -> bool:
    root, extension = os.path.splitext(name)
    names = (name, root) if extension in _COMPRESSED else (name,)
    return any(fnmatch.fnmatchcase(one, pattern) for one in names for pattern in rule.patterns)


def _action(rule: Rule, found: Found, age_days: float) -> str | None:
    if rule.delete_after_days is not None and age_days > rule.delete_after_days:
        return DELETE
    compressed = os.path.splitext(found.path)[1] in _COMPRESSED
    if rule.compress_after_days is not None and age_days > rule.compress_after_days and not compressed:
        return COMPRESS
    return None


def written_at(found: Found, age_from: str, zone: Zone) -> float:
    """Return when a file's last record is from, in seconds since the epoch.

    A date in the name is the day it was written on, so that its records reach to the end of that day.
    """
    if age_from == "name":
        dates = _NAME_DATE.findall(os.path.basename(found.path))
        if dates:
            year, month, day = (int(part) for part in dates[-1])
            if 1 <= month <= 12 and 1 <= day <= 31:
                return zone.epoch((days_of(year, month, day) + 1) * _DAY)
    return found.modified
