# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person wants to know of a service before it is restarted: status, journal, last lines, resources (DIY-19)."""

from __future__ import annotations

import os
import time
from typing import Any, Iterable, List, Sequence, Tuple

from . import service_state
from .errors import CheckError, RunbooksError
from .file_tree import expand
from .probe import Context, open_regular
from .redact import redact
from .service_state import Service

Section = Tuple[str, List[str]]
_TAIL_BYTES = 256 * 1024
_PROCESSES = ["ps", "-eo", "pid,ppid,user,stat,rss,etime,args", "--sort=-rss"]
_SHOWN_PROCESSES = 16


def gather(
    services: Iterable[Service], log_files: Sequence[str], last_lines: int, since: float | None, seconds: float
) -> list[Section]:
    """Look at services, logs and the host; what cannot be looked at is said as that and stops nothing.

    Args:
        services: the services.
        log_files: paths and globs.
        last_lines: how many lines of each log and journal.
        since: seconds since the epoch from which journals are read; None reads their last lines.
        seconds: how long each question may take.
    """
    sections: list[Section] = [("time", [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())])]
    for service in services:
        sections.append((f"service {service.name}", _state(service, seconds)))
        sections += [
            (title, _command(argv, seconds, where)) for title, argv, where in _asked(service, last_lines, since)
        ]
    own = [path for service in services for path in (service.log_file, service.error_log_file) if path]
    for path in dict.fromkeys([*files_of(log_files), *own]):
        sections.append((f"last lines of {path}", tail(path, last_lines)))
    sections.append(("load", _first_lines("/proc/loadavg", 1)))
    sections.append(("memory", _first_lines("/proc/meminfo", 5)))
    sections.append(("disks", _command(["df", "-hP"], seconds)))
    sections.append(("largest processes", _command(_PROCESSES, seconds)[:_SHOWN_PROCESSES]))
    return [(title, [redact(line) for line in lines]) for title, lines in sections]


def text_of(sections: Iterable[Section]) -> str:
    """Return the sections as one text."""
    return "\n".join("\n".join([f"== {title}", *lines, ""]) for title, lines in sections)


def files_of(patterns: Iterable[str]) -> list[str]:
    """Return the plain files that paths and globs name; a pattern whose directory is missing names none."""
    found = []
    for pattern in patterns:
        try:
            found += [
                path for path in expand(pattern, lambda: False) if os.path.isfile(path) and not os.path.islink(path)
            ]
        except CheckError:
            continue
    return sorted(set(found))


def newest_of(patterns: Iterable[str]) -> list[str]:
    """Return, for each path or glob, the plain file that was written to last."""
    found = [files_of([pattern]) for pattern in patterns]
    return sorted({max(names, key=os.path.getmtime) for names in found if names})


def tail(path: str, lines: int) -> list[str]:
    """Return the last lines of a file, or one line that says why there are none."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except CheckError as fault:
        return [f"not read: {fault.reason_id}"]
    found = text.splitlines()
    return found[1 if size > _TAIL_BYTES else 0 :][-lines:]


def _state(service: Service, seconds: float) -> list[str]:
    try:
        shown = service_state.look(service, time.monotonic() + seconds).shown()
    except RunbooksError as error:
        return [f"not known: {error}"]
    return [f"{name}: {value}" for name, value in shown.items()]


def _asked(service: Service, last_lines: int, since: float | None) -> list[tuple[str, list[str], str | None]]:
    lines = str(last_lines)
    if service.manager == "systemd":
        unit = str(service.unit)
        window = ["-n", lines] if since is None else ["--since", f"@{int(since)}"]
        return [
            (f"status of {unit}", ["systemctl", "status", "--no-pager", "--full", "-n", "0", "--", unit], None),
            (f"journal of {unit}", ["journalctl", "--no-pager", "-o", "short-iso", "-u", unit, *window], None),
        ]
    if service.manager == "compose":
        name, folder = str(service.compose_service), service.compose_project_directory
        window = ["--tail", lines] if since is None else ["--since", str(int(since))]
        return [
            ("containers", ["docker", "compose", "ps", "-a"], folder),
            (f"output of {name}", ["docker", "compose", "logs", "--no-color", "--timestamps", *window, name], folder),
        ]
    return []


def _command(argv: list[str], seconds: float, folder: str | None = None) -> list[str]:
    try:
        done = Context(now=time.time(), deadline=time.monotonic() + seconds).run(argv, cwd=folder)
    except (CheckError, OSError) as error:
        return [f"not asked: {error}"]
    if done.timed_out:
        return [f"no answer within {seconds} s"]
    # Status 3 of systemctl says that the unit does not run: its output is what is wanted.
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def _first_lines(path: str, count: int) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return [line.rstrip() for line, _number in zip(file, range(count))]
    except OSError as error:
        return [f"not read: {error.strerror}"]


def copy_file(source: str, target: str) -> int:
    """Copy a file that is being written to: what is there now. Returns the bytes.

    Raises:
        OSError: as the file system says.
        CheckError: the source is no plain file.
    """
    copied = 0
    with open_regular(source) as reader:
        limit = os.fstat(reader.fileno()).st_size
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as writer:
            while copied < limit:
                block = reader.read(min(1024 * 1024, limit - copied))
                if not block:
                    break
                writer.write(block)
                copied += len(block)
            writer.flush()
            os.fsync(writer.fileno())
    return copied


def save(directory: str, text: str, copies: Sequence[str]) -> dict[str, Any]:
    """Write the evidence and copies of whole logs into a new directory.

    Args:
        directory: to be made; must not be there.
        text: the evidence.
        copies: files to be copied.

    Returns:
        ``saved`` (paths), ``saved_bytes`` and ``problems``: a full disk must not keep anybody from a restart.
    """
    saved: list[str] = []
    problems: list[str] = []
    size = 0
    try:
        os.makedirs(directory, mode=0o700)
        path = os.path.join(directory, "evidence.txt")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        saved.append(path)
        size = len(text.encode("utf-8"))
    except OSError as error:
        problems.append(f"{directory}: {error.strerror}")
        return {"saved": saved, "saved_bytes": size, "problems": problems}
    for number, source in enumerate(copies):
        target = os.path.join(directory, os.path.basename(source))
        if os.path.lexists(target):
            target = os.path.join(directory, f"{number}_{os.path.basename(source)}")
        try:
            size += copy_file(source, target)
            saved.append(target)
        except (OSError, CheckError) as error:
            problems.append(f"{source}: {error}")
    return {"saved": saved, "saved_bytes": size, "problems": problems}
