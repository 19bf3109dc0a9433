# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a set or an archive to another host with rsync, and let that host read it before it gets its name (DIY-09)."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import Callable

from .backup_manifest import has_manifest, read_manifest
from .backup_records import FILE, ITSELF, MANIFEST
from .backup_verify import digest_of
from .offsite_ssh import OffsiteError, Reach, run, said
from .probe import Completed

_PARTIAL = ".partial-"
_ABSENT, _PRESENT = "absent", "present"


@dataclass(frozen=True)
class Shipment:
    """What goes where.

    Args:
        source: a set, any other directory of files, or a file.
        host: the other host.
        directory: on it; exists.
        reach: how to get there.
    """

    source: str
    host: str
    directory: str
    reach: Reach

    @property
    def name(self) -> str:
        """Name of the copy: that of the source."""
        return os.path.basename(self.source.rstrip("/"))

    @property
    def goal(self) -> str:
        """Path of the copy on the other host."""
        return os.path.join(self.directory, self.name)


def split_destination(destination: str) -> tuple[str, str]:
    """Return host and directory of ``HOST:DIRECTORY``.

    Raises:
        OffsiteError: it is something else.
    """
    host, colon, directory = destination.partition(":")
    if not colon or not host or host.startswith("-") or not directory.startswith("/"):
        raise OffsiteError(f"{destination} is not HOST:DIRECTORY with an absolute directory")
    return host, directory


def digests(source: str, remaining: Callable[[], float]) -> dict[str, str]:
    """Return what every file has to be on the other side: path within the source and SHA-256.

    Of a set they are those of its manifest, so that a set that is no longer what it was is not shipped as whole.

    Raises:
        OffsiteError: no time was left, or there is no file.
        OSError, ManifestError: it cannot be read.
    """
    found: dict[str, str] = {}
    if has_manifest(source):
        for item in read_manifest(source).items:
            for entry in item.entries:
                if entry.kind == FILE and entry.sha256:
                    path = item.name if entry.path == ITSELF else f"{item.name}/{entry.path}"
                    found[path] = entry.sha256
        paths = [MANIFEST]
    elif os.path.isdir(source):
        paths = [
            os.path.relpath(os.path.join(folder, name), source)
            for folder, _directories, names in os.walk(source)
            for name in names
            if not os.path.islink(os.path.join(folder, name))
        ]
    else:
        paths = [ITSELF]
    for path in paths:
        digest, _size = digest_of(source if path == ITSELF else os.path.join(source, path), remaining)
        if digest is None:
            raise OffsiteError(f"{source} could not be read in time", "Raise timeout_seconds")
        found[path] = digest
    if not found:
        raise OffsiteError(f"{source} holds no file")
    return found


def is_there(shipment: Shipment, remaining: Callable[[], float]) -> bool:
    """Return whether the copy has its name on the other host already.

    Raises:
        OffsiteError: the host cannot be reached, or its directory is missing.
    """
    script = (
        f"test -d {shlex.quote(shipment.directory)} || exit 3; "
        f"if test -e {shlex.quote(shipment.goal)}; then echo {_PRESENT}; else echo {_ABSENT}; fi"
    )
    done = _there(shipment, script, remaining)
    if done.returncode == 3:
        raise OffsiteError(f"{shipment.host} has no directory {shipment.directory}", "Create it there")
    if done.returncode != 0 or done.stdout.strip() not in (_ABSENT, _PRESENT):
        raise OffsiteError(f"{shipment.host} cannot be reached: {said(done)}")
    return done.stdout.strip() == _PRESENT


def ship(shipment: Shipment, wanted: dict[str, str], remaining: Callable[[], float]) -> None:
    """Copy under a partial name, let the other host read everything, then give the copy its name.

    What an interrupted copy left is used by the next one.

    Raises:
        OffsiteError: it could not be copied, or what arrived is something else.
    """
    partial = os.path.join(shipment.directory, _PARTIAL + shipment.name)
    is_directory = os.path.isdir(shipment.source)
    end = "/" if is_directory else ""
    done = run(
        [
            "rsync",
            "--archive",
            "--hard-links",
            "--numeric-ids",
            "--protect-args",
            *(["--delete"] if is_directory else []),
            *(["--fsync"] if _knows_fsync(remaining) else []),
            "--rsh",
            " ".join(shlex.quote(part) for part in ["ssh", *shipment.reach.arguments()]),
            "--",
            shipment.source.rstrip("/") + end,
            f"{shipment.reach.name_of(shipment.host)}:{partial}{end}",
        ],
        remaining,
    )
    if done.returncode != 0:
        raise OffsiteError(f"rsync to {shipment.host} ended with status {done.returncode}: {said(done)}")
    verify(shipment, partial, wanted, remaining)
    script = (
        f"mv -T -n -- {shlex.quote(partial)} {shlex.quote(shipment.goal)} && test ! -e {shlex.quote(partial)} && sync"
    )
    moved = _there(shipment, script, remaining)
    if moved.returncode != 0:
        raise OffsiteError(f"{partial} on {shipment.host} could not be named {shipment.name}: {said(moved)}")


def verify(shipment: Shipment, place: str, wanted: dict[str, str], remaining: Callable[[], float]) -> None:
    """Let the other host compute the SHA-256 of every file and compare.

    Raises:
        OffsiteError: a file is missing there or is something else; names the first ones.
    """
    folder, names = place, wanted
    if set(wanted) == {ITSELF}:
        folder, names = os.path.dirname(place), {os.path.basename(place): wanted[ITSELF]}
    # A name with a newline or a backslash would be escaped; no list of checksums can be made of such names here.
    odd = [name for name in names if "\n" in name or "\\" in name]
    if odd:
        raise OffsiteError(f"{odd[0]!r} has a name that cannot be verified on another host", "Rename or exclude it")
    lines = "".join(f"{digest}  ./{name}\n" for name, digest in sorted(names.items()))
    done = _there(shipment, f"cd -- {shlex.quote(folder)} && sha256sum --check --quiet --strict -", remaining, lines)
    if done.returncode != 0:
        raise OffsiteError(f"The copy on {shipment.host} is not what was sent: {said(done)}")


def _there(shipment: Shipment, script: str, remaining: Callable[[], float], stdin: str | None = None) -> Completed:
    argv = ["ssh", *shipment.reach.arguments(), "--", shipment.reach.name_of(shipment.host), script]
    return run(argv, remaining, stdin=stdin)


def _knows_fsync(remaining: Callable[[], float]) -> bool:
    return "--fsync" in run(["rsync", "--help"], remaining).stdout
