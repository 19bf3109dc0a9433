# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a set into a restic repository, read back what was stored, let old copies go. No secret is an argument."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping, Sequence

from .backup_manifest import read_manifest
from .backup_records import DIRECTORY, FILE, HARDLINK, ITSELF, MANIFEST
from .offsite_ssh import OffsiteError, Reach, run, said
from .probe import Completed

#: A line of where a Go program was when it failed.
_TRACE = re.compile(r"\s|[\w.-]+(/[\w.-]+)+\.\(?\*?\w|main\.|runtime\.")
_SET_TAG = "set="
#: Of a set with more entries the sizes are compared; the list would be too long to keep.
_LISTED_ENTRIES = 10000
#: What restic says of a repository that somebody else has, and how long that is waited for.
_LOCKED = "already locked"
_LOCKED_SECONDS = 60.0
_PAUSE_SECONDS = 2.0
_KEEP = {"last": "--keep-last", "daily": "--keep-daily", "weekly": "--keep-weekly", "monthly": "--keep-monthly"}


@dataclass(frozen=True)
class Repository:
    """A restic repository.

    Args:
        location: as restic takes it, such as ``sftp:backup.example.org:/srv/restic``.
        password: of the repository; empty when a file holds it.
        password_file: file that holds it; empty when it is given.
        reach: how an SFTP host is reached.
        cache_directory: where restic caches; empty for no cache.
    """

    location: str
    password: str
    password_file: str
    reach: Reach
    cache_directory: str = ""


@dataclass(frozen=True)
class Copy:
    """What is copied.

    Args:
        path: of the set.
        host: inventory name of the system.
        system: its name.
    """

    path: str
    host: str
    system: str

    @property
    def name(self) -> str:
        """Name of the set."""
        return os.path.basename(self.path.rstrip("/"))


def restic(
    repository: Repository, arguments: Sequence[str], remaining: Callable[[], float], cwd: str | None = None
) -> Completed:
    """Run restic on a repository.

    Raises:
        OffsiteError: it is missing, or did not end in time.
    """
    environment = {"RESTIC_REPOSITORY": repository.location, "RESTIC_PROGRESS_FPS": "0"}
    if repository.password_file:
        environment["RESTIC_PASSWORD_FILE"] = repository.password_file
    else:
        environment["RESTIC_PASSWORD"] = repository.password
    options = ["--cache-dir", repository.cache_directory] if repository.cache_directory else ["--no-cache"]
    if repository.location.startswith("sftp:"):
        host = repository.location.split(":")[1].lstrip("/").split("/")[0]
        command = ["ssh", *repository.reach.arguments(), repository.reach.name_of(host), "-s", "sftp"]
        options += ["-o", "sftp.command=" + " ".join(shlex.quote(part) for part in command)]
    return run(["restic", *options, *arguments], remaining, environment, cwd)


def failed(repository: Repository, what: str, done: Completed) -> OffsiteError:
    """Return the error of a restic that could not do something; where in its own program is of no use to anybody."""
    lines = [line for line in done.stderr.splitlines() if not _TRACE.match(line)]
    done = replace(done, stderr="\n".join(lines))
    return OffsiteError(f"restic could not {what}: {said(done, [repository.password])}")


def exists(repository: Repository, remaining: Callable[[], float]) -> bool:
    """Return whether the repository is there and the password opens it.

    Raises:
        OffsiteError: it cannot be reached, or the password is wrong.
    """
    done = restic(repository, ["--no-lock", "cat", "config"], remaining)
    if done.returncode == 0:
        return True
    text = done.stderr.lower()
    if "is there a repository at" in text and ("not exist" in text or "no such file" in text):
        return False
    raise failed(repository, "open the repository", done)


def snapshot_of(repository: Repository, copy: Copy, remaining: Callable[[], float]) -> str | None:
    """Return the id of the snapshot that holds a set; None when there is none.

    Raises:
        OffsiteError: the repository cannot be read.
    """
    tags = ["--tag", f"{copy.system},{_SET_TAG}{copy.name}"]
    done = restic(repository, ["--no-lock", "snapshots", "--json", "--host", copy.host, *tags], remaining)
    if done.returncode != 0:
        raise failed(repository, "list snapshots", done)
    found: list[dict[str, Any]] = json.loads(done.stdout or "null") or []
    return str(found[-1]["id"]) if found else None


def unlock(repository: Repository, remaining: Callable[[], float]) -> None:
    """Remove the locks of dead processes of this host, which an interrupted copy or check left; those of others stay.

    Raises:
        OffsiteError: the repository cannot be reached.
    """
    done = restic(repository, ["unlock"], remaining)
    if done.returncode != 0:
        raise failed(repository, "remove the locks of dead processes", done)


def when_unlocked(repository: Repository, arguments: Sequence[str], remaining: Callable[[], float]) -> Completed:
    """Run what needs a repository for itself; who else has it is given a minute.

    The lock of a restic that was killed may appear after its death, when the server gets to it. The answer tells of a
    lock that stays.

    Raises:
        OffsiteError: as :func:`restic` and :func:`unlock`.
    """
    end = time.monotonic() + _LOCKED_SECONDS
    while True:
        done = restic(repository, arguments, remaining)
        if done.returncode == 0 or _LOCKED not in done.stderr or time.monotonic() + _PAUSE_SECONDS > end:
            return done
        time.sleep(min(_PAUSE_SECONDS, remaining()))
        unlock(repository, remaining)


def store(repository: Repository, copy: Copy, remaining: Callable[[], float]) -> dict[str, Any]:
    """Copy a set and return restic's summary.

    Raises:
        OffsiteError: restic could not read all of it, or not store it.
    """
    parent, name = os.path.split(copy.path.rstrip("/"))
    tags = ["--tag", copy.system, "--tag", _SET_TAG + name]
    done = restic(repository, ["backup", "--json", "--host", copy.host, *tags, name], remaining, parent)
    summaries = [json.loads(line) for line in done.stdout.splitlines() if '"summary"' in line]
    if done.returncode != 0 or not summaries:
        raise failed(repository, "store the set", done)
    return dict(summaries[-1])


def verify(
    repository: Repository, copy: Copy, snapshot: str, read_percent: float, remaining: Callable[[], float]
) -> None:
    """See that a snapshot lists what the set's manifest does, and read stored data back.

    Args:
        repository: where it is.
        copy: the set.
        snapshot: its id.
        read_percent: share of the repository's data that is read.
        remaining: seconds that are left.

    Raises:
        OffsiteError: something is missing, has another size, or cannot be read back.
    """
    missing = _missing(repository, copy, snapshot, remaining)
    if missing:
        raise OffsiteError(f"Snapshot {snapshot[:8]} does not hold what the set does: {', '.join(missing[:5])}")
    if read_percent > 0:
        done = when_unlocked(repository, ["check", f"--read-data-subset={read_percent:g}%"], remaining)
        if done.returncode != 0:
            raise failed(repository, "read back what it stored", done)


def _missing(repository: Repository, copy: Copy, snapshot: str, remaining: Callable[[], float]) -> list[str]:
    manifest = read_manifest(copy.path)
    if sum(len(item.entries) for item in manifest.items) > _LISTED_ENTRIES:
        done = restic(repository, ["--no-lock", "stats", "--json", "--mode", "restore-size", snapshot], remaining)
        if done.returncode != 0:
            raise failed(repository, "measure the snapshot", done)
        size = int(json.loads(done.stdout)["total_size"])
        return [] if size >= manifest.bytes else [f"{manifest.bytes - size} bytes"]
    done = restic(repository, ["--no-lock", "ls", "--json", snapshot], remaining)
    if done.returncode != 0:
        raise failed(repository, "list the snapshot", done)
    nodes = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return missing_in({node["path"]: node for node in nodes if node.get("struct_type") == "node"}, copy)


def missing_in(listed: Mapping[str, Mapping[str, Any]], copy: Copy) -> list[str]:
    """Return the paths of a set that a snapshot lacks or has with another size."""
    missing = []
    for item in read_manifest(copy.path).items:
        sizes = {entry.path: entry.bytes for entry in item.entries}
        for entry in item.entries:
            path = item.name if entry.path == ITSELF else f"{item.name}/{entry.path}"
            node = listed.get(f"/{copy.name}/{path}")
            size = sizes.get(entry.target or "", 0) if entry.kind == HARDLINK else entry.bytes
            if node is None or (
                entry.kind != DIRECTORY and entry.kind in (FILE, HARDLINK) and node.get("size", 0) != size
            ):
                missing.append(path)
    if f"/{copy.name}/{MANIFEST}" not in listed:
        missing.append(MANIFEST)
    return missing


def forget(repository: Repository, copy: Copy, keep: Mapping[str, Any], remaining: Callable[[], float]) -> int:
    """Let old copies of this system on this host go, and return how many went.

    Args:
        repository: where they are.
        copy: whose copies.
        keep: ``last``, ``within_days``, ``daily``, ``weekly``, ``monthly``; nothing goes without any.
        remaining: seconds that are left.

    Raises:
        OffsiteError: restic could not.
    """
    wanted = {key: int(keep.get(key) or 0) for key in _KEEP}
    rules = [part for key, option in _KEEP.items() if wanted[key] for part in (option, str(wanted[key]))]
    if keep.get("within_days"):
        rules += ["--keep-within", f"{int(keep['within_days'])}d"]
    if not rules:
        return 0
    if not wanted["last"]:
        rules += [_KEEP["last"], "1"]
    arguments = ["forget", "--json", "--prune", "--host", copy.host, "--tag", copy.system, "--group-by", "host", *rules]
    done = when_unlocked(repository, arguments, remaining)
    if done.returncode != 0:
        raise failed(repository, "let old copies go", done)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    groups: list[dict[str, Any]] = json.loads(lines[0]) if lines else []
    return sum(len(group.get("remove") or ()) for group in groups)
