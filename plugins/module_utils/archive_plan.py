# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an archive of somebody else may be unpacked: every member is looked at first, and one bad member is enough.

Pure: nothing here reads or writes a file (DIY-20).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Iterable

FILE, DIRECTORY = "file", "directory"
#: Further words for what a member may be: ``symlink``, ``hardlink``, ``device``, ``fifo``, ``sparse``, ``other``.
_NAME_BYTES = 255
_PATH_BYTES = 1024
_SHOWN = 10


@dataclass(frozen=True)
class Limits:
    """What an archive may cost.

    Args:
        members: how many.
        bytes: of all files together.
        ratio: how many times larger than the archive the files may be, once they are larger than ``ratio_from_bytes``.
        ratio_from_bytes: see ``ratio``.
        depth: directories within each other.
    """

    members: int = 200000
    bytes: int = 20 * 1024**3
    ratio: float = 200.0
    ratio_from_bytes: int = 16 * 1024**2
    depth: int = 32


@dataclass(frozen=True)
class Member:
    """One member as the archive has it.

    Args:
        name: as written there.
        kind: ``file``, ``directory`` or what else it is.
        bytes: of a file.
        mode: permission bits.
        mtime: seconds since the epoch.
    """

    name: str
    kind: str
    bytes: int = 0
    mode: int = 0o644
    mtime: float = 0.0


@dataclass
class Examined:
    """What would be unpacked.

    Attributes:
        members: with plain relative names, in their order.
        faults: what is wrong; nothing is unpacked when there is any.
        bytes: of all files.
        more_faults: how many faults are not listed.
    """

    members: list[Member] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    bytes: int = 0
    more_faults: int = 0

    def fault(self, text: str) -> None:
        """Note what is wrong; the first ones are enough for a person."""
        if len(self.faults) < _SHOWN:
            self.faults.append(text)
        else:
            self.more_faults += 1


def examine(members: Iterable[Member], archive_bytes: int, limits: Limits) -> Examined:
    """Look at the members of an archive one after the other; stops as soon as a limit is passed.

    Args:
        members: as they come; whatever is expensive about them is bounded by stopping.
        archive_bytes: size of the archive itself.
        limits: what it may cost.
    """
    found = Examined()
    names: dict[str, tuple[str, str]] = {}
    parents: set[str] = set()
    for count, member in enumerate(members, 1):
        if count > limits.members:
            found.fault(f"more than {limits.members} members")
            break
        found.bytes += max(0, member.bytes)
        if _too_large(found, archive_bytes, limits):
            break
        name = plain_name(member.name)
        wrong = _wrong_name(member.name, name, limits) or _wrong_kind(member)
        if wrong:
            found.fault(f"{_printable(member.name)}: {wrong}")
            continue
        if not name:
            continue  # The archive's own root.
        _note(found, Member(name, member.kind, member.bytes, member.mode & 0o777, member.mtime), names, parents)
    for key in parents:
        if key in names and names[key][1] == FILE:
            found.fault(f"{_printable(names[key][0])}: a file, and a directory that holds others")
    if not found.members and not found.faults:
        found.fault("nothing is in it")
    return found


def _too_large(found: Examined, archive_bytes: int, limits: Limits) -> bool:
    if found.bytes > limits.bytes:
        found.fault(f"more than {limits.bytes} bytes")
        return True
    if found.bytes > limits.ratio_from_bytes and found.bytes > limits.ratio * max(1, archive_bytes):
        found.fault(f"more than {limits.ratio:g} times as large as the archive of {archive_bytes} bytes")
        return True
    return False


def _note(found: Examined, member: Member, names: dict[str, tuple[str, str]], parents: set[str]) -> None:
    key = _folded(member.name)
    before = names.get(key)
    if before is None:
        names[key] = (member.name, member.kind)
        found.members.append(member)
        parts = key.split("/")
        parents.update("/".join(parts[:count]) for count in range(1, len(parts)))
    elif before[0] != member.name:
        found.fault(f"{_printable(member.name)}: the same name as {_printable(before[0])} where case does not count")
    elif before[1] != DIRECTORY or member.kind != DIRECTORY:
        found.fault(f"{_printable(member.name)}: twice in the archive")


def plain_name(name: str) -> str:
    """Return a name without what means nothing: leading ``./`` and doubled or closing slashes."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _wrong_name(name: str, plain: str, limits: Limits) -> str:
    parts = plain.split("/")
    if name.startswith("/") or (len(name) > 1 and name[1] == ":") or name.startswith("\\"):
        return "an absolute path"
    if ".." in parts:
        return "leads out of the directory"
    if not name or any(unicodedata.category(sign) in ("Cc", "Cs", "Cf") for sign in name):
        return "a name that cannot be shown"
    encoded = plain.encode("utf-8", "surrogateescape")
    if len(encoded) > _PATH_BYTES or any(len(part.encode("utf-8", "surrogateescape")) > _NAME_BYTES for part in parts):
        return "a name that is too long"
    return f"more than {limits.depth} directories deep" if len(parts) > limits.depth else ""


def _wrong_kind(member: Member) -> str:
    if member.kind not in (FILE, DIRECTORY):
        return f"a {member.kind}, and only files and directories are unpacked"
    return f"a size of {member.bytes}" if member.bytes < 0 or (member.bytes and member.kind == DIRECTORY) else ""


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _printable(name: str) -> str:
    return ascii(name[:120])
