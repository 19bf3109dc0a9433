# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person would look at first in an incident, gathered in one call and bounded in time and size (EST-26, EST-28).

Nothing is changed, and nothing that fails keeps the rest away: a section that cannot be read says why.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Sequence

from .errors import CheckError
from .probe import Context
from .redact import redact
from .sqlite_writer import command_of, writer_of

SECTION_LINES = 60
LINE_CHARACTERS = 400
_TAIL_BYTES = 64 * 1024
_TOP = 10
_SECTION_SECONDS = 5.0
_PRESSURE = re.compile(r"^(some|full) avg10=([\d.]+) avg60=([\d.]+)", re.MULTILINE)
_OCTETS = re.compile(r"..")


@dataclass(frozen=True)
class Wanted:
    """What is gathered beside the state of the host.

    Args:
        units: systemd units: their state, and the last lines of their journals.
        logs: files whose last lines are kept.
        databases: files of which it is said who holds the write lock.
        commands: further programs that only look, each with ``name`` and ``argv``.
        lines: lines that are kept of each log and journal.
    """

    units: Sequence[str] = ()
    logs: Sequence[str] = ()
    databases: Sequence[str] = ()
    commands: Sequence[dict[str, Any]] = ()
    lines: int = 50


@dataclass
class Evidence:
    """What was found.

    Attributes:
        sections: lines by the name of the section, redacted and bounded.
        missing: why a section is empty, by its name.
    """

    sections: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def gather(wanted: Wanted, context: Context, now: Callable[[], float], proc: str = "/proc") -> Evidence:
    """Gather everything.

    Args:
        wanted: what besides the state of the host.
        context: bounds commands and files; its deadline ends everything.
        now: ``time.monotonic``; each section gets a few seconds of what is left.
        proc: where the kernel's process information is mounted.
    """
    found = Evidence()
    for name, section in _sections(wanted, proc):
        if context.remaining() <= 0:
            found.missing[name] = "no time was left"
            continue
        share = Context(context.now, min(context.deadline, now() + _SECTION_SECONDS), context.timezone)
        try:
            found.sections[name] = bounded(section(share), max(SECTION_LINES, wanted.lines))
        except CheckError as error:
            found.missing[name] = f"{error.reason_id} {error.fields}"
        except (OSError, ValueError) as error:
            found.missing[name] = str(error)
    return found


def bounded(lines: Sequence[str], limit: int = SECTION_LINES) -> list[str]:
    """Return the lines that are kept: the last ones, shortened, with secrets masked."""
    kept = [redact(line[: LINE_CHARACTERS * 2].rstrip()) for line in lines[-limit:]]
    return [line if len(line) <= LINE_CHARACTERS else line[: LINE_CHARACTERS - 1] + "…" for line in kept]


def _sections(wanted: Wanted, proc: str) -> list[tuple[str, Callable[[Context], list[str]]]]:
    sections: list[tuple[str, Callable[[Context], list[str]]]] = [
        ("load", lambda context: load_lines(proc)),
        ("memory", lambda context: _read(os.path.join(proc, "meminfo")).splitlines()[:6]),
        ("processes", lambda context: top_processes(proc)),
        ("disk", lambda context: disk_lines(_read(os.path.join(proc, "mounts")))),
        ("sockets", lambda context: listening(proc)),
    ]
    for unit in wanted.units:
        sections += [(f"unit {unit}", _unit(unit)), (f"journal {unit}", _journal(unit, wanted.lines))]
    sections += [(f"log {path}", _tail_of(path, wanted.lines)) for path in wanted.logs]
    sections += [(f"database {path}", _lock_of(path)) for path in wanted.databases]
    sections += [(f"command {each['name']}", _output_of(each["argv"])) for each in wanted.commands]
    return sections


def load_lines(proc: str) -> list[str]:
    """Return the load of the host and, where the kernel says it, who waits for what."""
    lines = ["load average: {}".format(" ".join(_read(os.path.join(proc, "loadavg")).split()[:3]))]
    for resource in ("cpu", "memory", "io"):
        try:
            text = _read(os.path.join(proc, "pressure", resource))
        except OSError:
            continue
        lines += [
            f"pressure {resource} {kind}: {ten} % in 10 s, {sixty} % in 60 s"
            for kind, ten, sixty in _PRESSURE.findall(text)
        ]
    return lines


def top_processes(proc: str) -> list[str]:
    """Return the processes that use the most memory, and those that have used the most processor time."""
    page = os.sysconf("SC_PAGE_SIZE")
    ticks = os.sysconf("SC_CLK_TCK")
    rows = []
    for name in os.listdir(proc):
        if not name.isdigit():
            continue
        try:
            fields = _read(os.path.join(proc, name, "stat")).rpartition(")")[2].split()
            seconds = (int(fields[11]) + int(fields[12])) / ticks
            rows.append((int(fields[21]) * page, seconds, int(name), fields[0]))
        except (OSError, IndexError, ValueError):
            continue  # It has ended meanwhile.
    largest = sorted(rows, reverse=True)[:_TOP]
    busiest = [row for row in sorted(rows, key=lambda row: row[1], reverse=True)[:_TOP] if row not in largest]
    return [
        f"pid {pid} {state} {size >> 20} MiB {seconds:.0f} s {command_of(pid, proc)[:200]}"
        for size, seconds, pid, state in [*largest, *busiest]
    ]


def disk_lines(mounts: str) -> list[str]:
    """Return how full the file systems are that lie on devices."""
    lines, seen = [], set()
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3 or fields[2] in ("proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "autofs"):
            continue
        path = fields[1].replace("\\040", " ")
        if path.startswith(("/proc/", "/sys/")):
            continue
        try:
            status = os.statvfs(path)
            identity = os.stat(path).st_dev
        except OSError:
            continue
        if identity in seen or not status.f_blocks:
            continue
        seen.add(identity)
        used = 100.0 * (status.f_blocks - status.f_bfree) / status.f_blocks
        nodes = 100.0 * (status.f_files - status.f_ffree) / status.f_files if status.f_files else 0.0
        free = status.f_bavail * status.f_frsize >> 20
        lines.append(f"{path} ({fields[2]}): {used:.0f} % used, {free} MiB free, {nodes:.0f} % of inodes")
    return lines


def listening(proc: str) -> list[str]:
    """Return who listens on which TCP port; a process that may not be seen has no name."""
    owners = _socket_owners(proc)
    lines = set()
    for family in ("tcp", "tcp6"):
        try:
            rows = _read(os.path.join(proc, "net", family)).splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if len(fields) > 9 and fields[3] == "0A":
                address, _colon, port = fields[1].partition(":")
                pid = owners.get(fields[9])
                who = f"pid {pid} {command_of(pid, proc)[:120]}" if pid else "a process that is not to be seen"
                lines.add((int(port, 16), _address(address), who))
    return [f"port {port} on {address}: {who}" for port, address, who in sorted(lines)]


def _address(text: str) -> str:
    if len(text) != 8:
        return "::" if not text.strip("0") else "IPv6"
    return ".".join(str(int(octet, 16)) for octet in reversed(_OCTETS.findall(text)))


def _socket_owners(proc: str) -> dict[str, int]:
    owners: dict[str, int] = {}
    for name in os.listdir(proc):
        if not name.isdigit():
            continue
        folder = os.path.join(proc, name, "fd")
        try:
            links = [os.readlink(os.path.join(folder, each)) for each in os.listdir(folder)]
        except OSError:
            continue
        owners.update((link[8:-1], int(name)) for link in links if link.startswith("socket:["))
    return owners


def _unit(unit: str) -> Callable[[Context], list[str]]:
    asked = "ActiveState,SubState,Result,ExecMainStatus,NRestarts,MainPID,ActiveEnterTimestamp"
    argv = ["systemctl", "show", "--no-pager", f"--property={asked}", "--", unit]
    return lambda context: context.run(argv).stdout.splitlines()


def _journal(unit: str, lines: int) -> Callable[[Context], list[str]]:
    argv = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", f"--lines={lines}", f"--unit={unit}"]
    return lambda context: context.run(argv).stdout.splitlines()


def _tail_of(path: str, lines: int) -> Callable[[Context], list[str]]:
    def tail(context: Context) -> list[str]:
        with context.open(path) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL_BYTES))
            return stream.read(_TAIL_BYTES).decode("utf-8", "replace").splitlines()[-lines:]

    return tail


def _lock_of(path: str) -> Callable[[Context], list[str]]:
    def lock(_context: Context) -> list[str]:
        pid = writer_of(path)
        if pid is None:
            return ["nobody holds the write lock"]
        return [f"pid {pid} holds the write lock: {command_of(pid) or 'not to be seen'}"]

    return lock


def _output_of(argv: Sequence[str]) -> Callable[[Context], list[str]]:
    def output(context: Context) -> list[str]:
        done = context.run(argv)
        lines = done.stdout.splitlines() + done.stderr.splitlines()
        return [*lines, "not finished in time" if done.timed_out else f"exit status {done.returncode}"]

    return output


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read(1 << 20)
