# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files processes hold open, from /proc: what is in use is neither compressed nor deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

_APPENDING = 0o2000
_ACCESS_MODE = 0o3


@dataclass(frozen=True)
class Holder:
    """A process that holds a file open."""

    pid: int
    writing: bool
    appending: bool


@dataclass
class Handles:
    """Who holds what.

    Attributes:
        holders: by device and inode.
        unseen: programs whose files this user may not see.
    """

    holders: dict[tuple[int, int], list[Holder]] = field(default_factory=dict)
    unseen: int = 0


def handles_of(wanted: set[tuple[int, int]], proc: str = "/proc") -> Handles:
    """Return the processes that hold any of the wanted files (device and inode) open, this one excepted."""
    handles = Handles()
    if not wanted:
        return handles
    for name in os.listdir(proc):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        folder = os.path.join(proc, name, "fd")
        try:
            descriptors = os.listdir(folder)
        except PermissionError:
            handles.unseen += _has_command(proc, name)
            continue
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                status = os.stat(os.path.join(folder, descriptor))
            except OSError:
                continue
            identity = (status.st_dev, status.st_ino)
            if identity in wanted:
                holder = _holder(proc, name, descriptor)
                handles.holders.setdefault(identity, []).append(holder)
    return handles


def _has_command(proc: str, name: str) -> bool:
    try:
        with open(os.path.join(proc, name, "cmdline"), "rb") as stream:
            return bool(stream.read(1))  # Empty for threads of the kernel, which open no files of ours.
    except OSError:
        return False


def _holder(proc: str, name: str, descriptor: str) -> Holder:
    flags = os.O_RDWR
    try:
        with open(os.path.join(proc, name, "fdinfo", descriptor), encoding="ascii") as stream:
            for line in stream:
                if line.startswith("flags:"):
                    flags = int(line.split()[1], 8)
    except (OSError, ValueError):
        # Closed meanwhile, or not for this user to read: taken for a writer, which is the careful answer.
        pass
    return Holder(int(name), flags & _ACCESS_MODE != os.O_RDONLY, bool(flags & _APPENDING))
