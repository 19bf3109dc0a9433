# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what :func:`locks.lock_verdict` judges: the lock, its process id, the process, who has the database open."""

from __future__ import annotations

import os
import stat
from typing import Any, Iterator

from .locks import parse_lock_pid, parse_process_stat
from .open_handles import handles_of

_PID_FILE_BYTES = 4096
#: Other machines write to them as well.
SHARED_FILE_SYSTEMS = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
        "virtiofs",
    ]
)


def gather(
    lock_path: str,
    pid_path: str | None,
    database: str | None,
    command_contains: str | None,
    now: float,
) -> dict[str, Any]:
    """Look at a lock without touching it; never follows a symbolic link that stands in place of the lock.

    Args:
        lock_path: a file or a directory.
        pid_path: the file with the process id; None looks into the lock itself (``pid`` in a directory).
        database: a file that only the holder opens; None leaves that out.
        command_contains: what the holder's command line has to contain; None accepts any.
        now: seconds since the epoch.
    """
    lock = _lock(lock_path)
    boot = boot_time()
    facts: dict[str, Any] = {
        "now": now,
        "boot_time": boot,
        "lock": lock,
        "pid": {"number": None, "problem": "missing", "written": None},
        "process": {"exists": None, "zombie": False, "started": None, "command": None, "same_namespace": None},
        "namesake": False,
        "command_contains": command_contains,
        "database": None,
    }
    if lock["kind"] not in ("file", "directory"):
        return facts
    pid = _pid(pid_path or (os.path.join(lock_path, "pid") if lock["kind"] == "directory" else lock_path))
    facts["pid"] = pid
    if pid["number"] is not None:
        facts["process"] = process_facts(pid["number"], boot)
        facts["namesake"] = _is_pid_inside_container(pid["number"])
    if database:
        facts["database"] = database_holders(database)
    return facts


def process_facts(pid: int, boot: float | None) -> dict[str, Any]:
    """Return whether a process exists, since when, and with which command line."""
    facts: dict[str, Any] = {
        "exists": _exists(pid),
        "zombie": False,
        "started": None,
        "command": None,
        "same_namespace": None,
    }
    try:
        state, _parent, ticks = parse_process_stat(_text(f"/proc/{pid}/stat"))
        facts["zombie"] = state in ("Z", "X")
        if boot is not None:
            facts["started"] = boot + ticks / os.sysconf("SC_CLK_TCK")
        facts["command"] = _text(f"/proc/{pid}/cmdline").replace("\0", " ").strip() or None
        facts["same_namespace"] = os.readlink("/proc/self/ns/pid") == os.readlink(f"/proc/{pid}/ns/pid")
    except (OSError, ValueError):
        # Another user's process shows only part of this; what is missing stays None, which proves nothing.
        return facts
    return facts


def database_holders(database: str) -> dict[str, Any]:
    """Return which processes have a file open, and whether all processes could be asked.

    Our own process and what it started do not count: other checks read the same database at the same moment.
    """
    try:
        target = os.stat(database)
    except OSError:
        return {"holders": [], "complete": not os.path.lexists(database)}
    handles = handles_of({(target.st_dev, target.st_ino)})
    holders = [holder.pid for found in handles.holders.values() for holder in found if not _is_ours(holder.pid)]
    # DuckDB keeps a lock on its file for as long as it is open, and everybody may see the list of locks.
    if handles.unseen and _is_duckdb(database):
        locked = _locked_inodes()
        if locked is not None:
            return {"holders": holders or locked.get(target.st_ino, []), "complete": True}
    return {"holders": holders, "complete": not handles.unseen}


def boot_time() -> float | None:
    """Return when the host was booted, in seconds since the epoch; None where /proc does not say."""
    try:
        for line in _text("/proc/stat").splitlines():
            if line.startswith("btime "):
                return float(line.split()[1])
    except (OSError, ValueError):
        return None
    return None


def _lock(path: str) -> dict[str, Any]:
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"kind": "none", "changed": None, "shared": False}
    except OSError:
        return {"kind": "hidden", "changed": None, "shared": False}
    kind = "other"
    for name, test in (("file", stat.S_ISREG), ("directory", stat.S_ISDIR), ("symlink", stat.S_ISLNK)):
        if test(status.st_mode):
            kind = name
    return {"kind": kind, "changed": status.st_mtime, "shared": _is_shared(path)}


def _pid(path: str) -> dict[str, Any]:
    nothing = {"number": None, "written": None}
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return dict(nothing, problem="missing")
    except OSError:
        return dict(nothing, problem="symlink" if os.path.islink(path) else "unreadable")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return dict(nothing, problem="garbage")
        number = parse_lock_pid(os.read(descriptor, _PID_FILE_BYTES).decode("utf-8", "replace"))
    except OSError:
        return dict(nothing, problem="unreadable")
    finally:
        os.close(descriptor)
    if number is None:
        return dict(nothing, problem="garbage")
    return {"number": number, "problem": None, "written": status.st_mtime}


def _exists(pid: int) -> bool | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # Somebody else's process is a process.
    except OSError:
        return None
    return True


def _pids() -> Iterator[int]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    yield from (int(name) for name in names if name.isdigit())


def _is_ours(pid: int) -> bool:
    us = os.getpid()
    while pid > 1:
        if pid == us:
            return True
        try:
            pid = parse_process_stat(_text(f"/proc/{pid}/stat"))[1]
        except (OSError, ValueError):
            return False
    return False


def _is_duckdb(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError:
        return False


def _locked_inodes() -> dict[int, list[int]] | None:
    """Return which processes may write to which inodes, on any device; None when the list cannot be read.

    Locks of readers are left out: other checks hold some at this moment.
    """
    found: dict[int, list[int]] = {}
    try:
        for line in _text("/proc/locks").splitlines():
            fields = line.replace("->", "").split()
            if fields[3] == "WRITE":
                found.setdefault(int(fields[5].rpartition(":")[2]), []).append(int(fields[4]))
    except (OSError, ValueError, IndexError):
        return None
    return found


def _is_pid_inside_container(pid: int) -> bool:
    """Tell whether a process in a namespace below ours has this number there."""
    for other in _pids():
        try:
            for line in _text(f"/proc/{other}/status").splitlines():
                if line.startswith("NSpid:"):
                    numbers = line.split()[1:]
                    if len(numbers) > 1 and int(numbers[-1]) == pid:
                        return True
                    break
        except (OSError, ValueError):
            continue
    return False


def _is_shared(path: str) -> bool:
    """Tell whether a path is on a file system that other machines write to as well."""
    real, best, shared = os.path.realpath(os.path.dirname(os.path.abspath(path))), "", False
    try:
        lines = _text("/proc/self/mountinfo").splitlines()
    except OSError:
        return False
    for line in lines:
        left, _dash, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        if (real + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, shared = point, right.split()[0] in SHARED_FILE_SYSTEMS
    return shared


def _text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")
