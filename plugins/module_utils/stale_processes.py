# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that still run what an update has replaced, and the units that have to be restarted for them (EST-16)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Callable, Iterable

#: Where programs and libraries lie; deleted temporary files and shared memory are no outdated code.
_CODE = re.compile(r"^/(?:usr|lib|lib64|bin|sbin|opt)/")
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ (?P<permissions>\S{4}) \S+ \S+ \S+\s+(?P<path>/.*)$")
_DELETED = " (deleted)"
_UNIT = re.compile(r"^(?P<unit>.+\.(?:service|scope))$")
#: Units whose restart ends the session of the one who restarts them, or the host: a reboot is the way to renew these.
NEEDS_REBOOT = (
    "init.scope",
    "dbus.service",
    "dbus-broker.service",
    "systemd-logind.service",
    "systemd-journald.service",
    "systemd-udevd.service",
)


@dataclass(frozen=True)
class Stale:
    """What has to be renewed.

    Args:
        units: services that a restart renews, sorted.
        reboot: units that only a reboot renews, sorted.
        others: command names of processes that belong to no service, sorted; somebody's session.
        unseen: command names of processes that could not be looked at, sorted: nothing is known of them.
    """

    units: tuple[str, ...] = ()
    reboot: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def deleted_code(maps: str) -> list[str]:
    """Return the program and library files in the text of ``/proc/PID/maps`` that were replaced since."""
    found = []
    for line in maps.splitlines():
        match = _MAPPING.match(line)
        if match is None or not match.group("path").endswith(_DELETED):
            continue
        path = match.group("path")[: -len(_DELETED)]
        if "x" in match.group("permissions") and _CODE.match(path) and path not in found:
            found.append(path)
    return found


def unit_of(cgroup: str) -> str | None:
    """Return the unit in the text of ``/proc/PID/cgroup``; None for a process of none.

    Both versions of control groups are read. What runs below a unit, such as a container, belongs to that unit.
    """
    for line in cgroup.splitlines():
        number, _colon, rest = line.partition(":")
        controller, _colon, path = rest.partition(":")
        if number != "0" and controller != "name=systemd":
            continue
        parts = [part for part in path.split("/") if _UNIT.match(part)]
        if parts:
            return parts[0] if not parts[0].startswith("user@") else None
    return None


def sort_out(processes: Iterable[tuple[str, str | None]], unseen: Iterable[str] = ()) -> Stale:
    """Tell what a restart renews from what it does not.

    Args:
        processes: command name and unit of each process that runs replaced code.
        unseen: command names of processes of which that is not known.
    """
    units, reboot, others = set(), set(), set()
    for command, unit in processes:
        if unit is None or unit.startswith("session-"):
            others.add(command)
        elif unit in NEEDS_REBOOT or unit.endswith(".scope"):
            reboot.add(unit)
        else:
            units.add(unit)
    return Stale(tuple(sorted(units)), tuple(sorted(reboot)), tuple(sorted(others)), tuple(sorted(set(unseen))))


def stale_processes(remaining: Callable[[], float], root: str = "/proc") -> Stale:
    """Look at every process.

    Args:
        remaining: seconds that are left; what is not looked at by then is unseen.
        root: the proc file system.
    """
    found: list[tuple[str, str | None]] = []
    unseen: list[str] = []
    for name in os.listdir(root):
        if not name.isdigit():
            continue
        command = name
        try:
            command = _text(os.path.join(root, name, "comm")).strip()
            if remaining() <= 0:
                unseen.append(command)
            elif deleted_code(_text(os.path.join(root, name, "maps"))):
                found.append((command, unit_of(_text(os.path.join(root, name, "cgroup")))))
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError:
            unseen.append(command)
    return sort_out(found, unseen)


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
