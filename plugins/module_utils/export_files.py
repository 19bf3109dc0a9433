# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports on the disk: written beside, read back, named by one rename; old ones go, the newest that is whole stays."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from typing import Any, Iterable, Iterator, Mapping, Sequence

from .backup_root import locked
from .errors import CheckError, RunbooksError
from .export_document import Export, from_document, load
from .gzip_file import synchronise_folder

# The runbook's names have a date only.
_STAMP = re.compile(r"-(\d{8})(?:_(\d{6}))?\.json")
_DAY_SECONDS = 86400
_PARTIAL = ".partial"


def name_of(prefix: str, now: float) -> str:
    """Return the name of an export that is made now."""
    return time.strftime(f"{prefix}-%Y%m%d_%H%M%S.json", time.gmtime(now))


@contextlib.contextmanager
def attempt(directory: str, prefix: str) -> Iterator[None]:
    """Be the only process that exports there; nothing half is left, of this attempt or of one that was killed.

    Args:
        directory: of the exports; made when it is missing.
        prefix: of their names.

    Raises:
        RunbooksError: another process exports there.
        OSError: such as a read-only file system.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    with locked(directory):
        _remove_partials(directory, prefix)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                _remove_partials(directory, prefix)


def _remove_partials(directory: str, prefix: str) -> None:
    for name in os.listdir(directory):
        whole, partial, rest = name.rpartition(_PARTIAL)
        if partial and not rest and name.startswith(prefix) and _STAMP.fullmatch(whole[len(prefix) :]):
            os.unlink(os.path.join(directory, name))


def write(directory: str, name: str, content: bytes) -> str:
    """Write an export beside its name and return that path; it is on the disk, and nobody else may read it.

    Raises:
        OSError: such as a full disk; nothing is left.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    partial = os.path.join(directory, name + _PARTIAL)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        if os.path.lexists(partial):
            os.unlink(partial)
        raise
    return partial


def run_command(argv: Sequence[str], cwd: str | None, partial: str, seconds: float) -> None:
    """Let the application's own command write an export to its standard output.

    Raises:
        RunbooksError: it cannot be started, fails, or takes too long; nothing is left.
    """
    import signal
    import subprocess

    os.makedirs(os.path.dirname(partial), mode=0o700, exist_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.PIPE,
                cwd=cwd,
                start_new_session=True,
            )
            try:
                _out, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise RunbooksError(f"{argv[0]} took longer than {seconds:g} seconds", "Allow more time") from None
            file.flush()
            os.fsync(file.fileno())
        if process.returncode:
            last = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no word"]
            raise RunbooksError(f"{' '.join(argv)} ended with {process.returncode}: {last[0][:300]}")
    except OSError as error:
        os.unlink(partial)
        raise RunbooksError(
            f"{argv[0]} cannot be run: {error.strerror}", "Correct the command in the profile"
        ) from None
    except RunbooksError:
        os.unlink(partial)
        raise


def validated(path: str, limit_bytes: int, names: Iterable[str], own: bool) -> Export | None:
    """Read an export to its end and return it; None for one that the application's own command has made.

    Args:
        path: of the file.
        limit_bytes: largest export.
        names: of the items that it may have.
        own: the application made it: it is JSON and not empty, more is not known of it.

    Raises:
        RunbooksError: it is not whole.
        CheckError: it cannot be read.
    """
    document = load(path, limit_bytes)
    if not own:
        return from_document(document, names, path)
    if not document or not isinstance(document, (dict, list)):
        raise RunbooksError(f"{path} holds no data", "An empty export is not an export")
    return None


def give_name(partial: str) -> str:
    """Give a validated export its name."""
    path = partial[: -len(_PARTIAL)]
    os.rename(partial, path)
    synchronise_folder(path)
    return path


def due(directory: str, prefix: str, keep_days: float, now: float) -> list[str]:
    """Return the exports that are older than that; the newest one never is.

    Args:
        directory: of the exports.
        prefix: of their names.
        keep_days: days.
        now: the clock, seconds since the epoch.
    """
    import calendar

    found = []
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        match = _STAMP.fullmatch(name[len(prefix) :]) if name.startswith(prefix) else None
        path = os.path.join(directory, name)
        if match and stat.S_ISREG(os.lstat(path).st_mode):
            try:
                made = calendar.timegm(time.strptime(match.group(1) + (match.group(2) or "000000"), "%Y%m%d%H%M%S"))
            except ValueError:
                continue
            found.append((made, path))
    return [path for made, path in sorted(found)[:-1] if now - made > keep_days * _DAY_SECONDS]


def to_archive(export: Export, path: str) -> None:
    """Write an export as an archive that the role restore takes.

    Raises:
        OSError: such as a full disk.
    """
    import io
    import tarfile

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(
        fileobj=file, mode="w", format=tarfile.PAX_FORMAT
    ) as archive:
        for one in export.files:
            member = tarfile.TarInfo(one.path)
            member.size, member.mode, member.mtime = len(one.content), one.mode, one.modified
            archive.addfile(member, io.BytesIO(one.content))


def explain(error: Exception) -> str:
    """Return one line for an error of the library."""
    if isinstance(error, CheckError):
        fields = ", ".join("{} {}".format(*pair) for pair in sorted(error.fields.items()) if pair[1])
        return "{}: {}".format(error.reason_id.replace("_", " ").capitalize(), fields)
    return str(error)


def summary(export: Export | None) -> dict[str, Any]:
    """Return what a person wants to know of an export."""
    if export is None:
        return {}
    by_item: dict[str, int] = {}
    for one in export.files:
        item = one.path.split("/")[0]
        by_item[item] = by_item.get(item, 0) + 1
    content = sum(len(one.content) for one in export.files)
    return {"system": export.system, "made": export.made, "files": by_item, "content_bytes": content}


def named(contents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the first parts of the names of a profile's items."""
    return sorted({str(one["name"]).split("/", maxsplit=1)[0] for one in contents})
