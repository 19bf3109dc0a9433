# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security updates that wait to be installed, from apt or dnf, without changing or downloading anything (EST-15)."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import Any

from ..errors import CheckError
from ..model import UNKNOWN, Observation, Reason
from ..probe import Completed, Context, unreadable

PARAMETERS = {
    "manager": {
        "type": "str",
        "choices": ["auto", "apt", "dnf"],
        "default": "auto",
        "description": "Package manager; auto takes the one that is there. dnf stands for yum as well.",
    },
    "lists_maximum_age_days": {
        "type": "float",
        "default": 7,
        "description": "Package lists older than this say nothing about today's updates: unknown.",
    },
}
METRICS = {"pending": "count", "reboot_required": "", "all_pending": "count", "lists_age_days": "days"}
_APT = ["apt-get", "-s", "-q", "-o", "Debug::NoLocking=1", "--ignore-hold", "dist-upgrade"]
_APT_LISTS = "/var/lib/apt/lists"
_APT_STAMP = "/var/lib/apt/periodic/update-success-stamp"
_REBOOT = "/var/run/reboot-required"
_DNF_CACHES = ("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum")
#: Where nothing is new at the repository, dnf gives the second of these the time at which it has asked.
_DNF_RENEWED = ("repomd.xml", "primary.xml")
_INST = re.compile(
    r"^Inst (?P<name>\S+) (?:\[(?P<old>[^\]]*)\] )?\((?P<new>\S+) (?P<origins>.*?) ?\[[^\]]*\]\)",
    re.MULTILINE,
)
# A name that is too long for its column has the rest of its row on the next line.
_DNF_LINE = re.compile(
    r"^(?P<name>\S+\.(?:x86_64|i686|aarch64|noarch|ppc64le|s390x|armv7hl))\s+(?P<new>\S+)\s+\S+[ \t\r]*$", re.MULTILINE
)
_DAY_SECONDS = 86400
_SHOWN = 15


@dataclass(frozen=True)
class Asked:
    """What a package manager has said.

    Args:
        manager: ``apt``, ``dnf`` or ``yum``.
        security: a line for each security update.
        others: the same for other updates.
        observation: the same in figures.
    """

    manager: str
    security: list[str]
    others: list[str]
    observation: Observation


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Ask the package manager of the host."""
    return ask(parameters["manager"], parameters["lists_maximum_age_days"], context).observation


def ask(manager: str, lists_maximum_age_days: float, context: Context) -> Asked:
    """Ask a package manager, or the one that is there, what waits to be installed.

    Args:
        manager: ``auto``, ``apt`` or ``dnf``.
        lists_maximum_age_days: package lists older than this prove nothing.
        context: its deadline bounds the answer.

    Raises:
        CheckError: there is none, or it does not answer.
    """
    chosen = manager_of(manager)
    if chosen == "apt":
        return _look_apt(lists_maximum_age_days, context)
    return _look_dnf(chosen, lists_maximum_age_days, context)


def manager_of(manager: str) -> str:
    """Return ``apt``, ``dnf`` or ``yum``: the program that is asked for, or with ``auto`` the one that is there.

    Raises:
        CheckError: ``package_manager_missing``.
    """
    if manager == "apt" or (manager == "auto" and _installed("apt-get") and os.path.exists("/var/lib/dpkg/status")):
        return "apt"
    dnf = next((name for name in ("dnf", "yum") if _installed(name)), None)
    if dnf is None or manager not in ("dnf", "auto"):
        raise CheckError("package_manager_missing", manager="apt, dnf" if manager == "auto" else manager)
    return dnf


def _look_apt(maximum_age_days: float, context: Context) -> Asked:
    refreshed = _newest(_APT_LISTS, ("Release",), context)
    with contextlib.suppress(OSError):
        refreshed = max(refreshed or 0.0, os.stat(_APT_STAMP).st_mtime)
    done = _run(_APT, context)
    security, others = parse_apt(done.stdout)
    reboot = _first_lines(_REBOOT + ".pkgs", context) if os.path.exists(_REBOOT) else None
    seen = observe(security, others, refreshed, reboot, maximum_age_days, context.now, " ".join(_APT))
    return Asked("apt", security, others, seen)


def _look_dnf(program: str, maximum_age_days: float, context: Context) -> Asked:
    root = next((path for path in _DNF_CACHES if os.path.isdir(path)), _DNF_CACHES[0])
    refreshed = _newest(root, _DNF_RENEWED, context)
    argv = [program, "-q", "-C", "--security", "check-update"]
    done = _run(argv, context, (0, 100))
    security = parse_dnf(done.stdout)
    if not security and refreshed is not None and _newest(root, ("updateinfo",), context) is None:
        # A repository without advisories answers "no security updates" whatever is missing.
        raise CheckError("security_advisories_missing", path=root)
    everything = parse_dnf(_run([program, "-q", "-C", "check-update"], context, (0, 100)).stdout)
    others = [line for line in everything if line not in security]
    known, reboot = reboot_of(program, context)
    seen = observe(security, others, refreshed, reboot, maximum_age_days, context.now, " ".join(argv), known)
    return Asked(program, security, others, seen)


def reboot_of(program: str, context: Context) -> tuple[bool, list[str] | None]:
    """Return whether the host can say that it has to be restarted, and why it has to; None when it has not.

    The program of that name is an extra package; dnf has the same as a plugin. Without the plugin dnf ends with 1, too.
    """
    argv = ["needs-restarting"] if _installed("needs-restarting") else [program, "-q", "-C", "needs-restarting"]
    asked = context.run([*argv, "-r"])
    if asked.timed_out or asked.returncode not in (0, 1):
        return False, None
    if asked.returncode == 0:
        return True, None
    required = "eboot is required" in asked.stdout
    return required, parse_restarting(asked.stdout) if required else None


def parse_restarting(text: str) -> list[str]:
    """Return the packages in the output of ``needs-restarting -r``."""
    return [line.strip()[2:] for line in text.splitlines() if line.strip().startswith("* ")]


def _run(argv: list[str], context: Context, expected: tuple[int, ...] = (0,)) -> Completed:
    allowed = round(context.remaining(), 1)
    done = context.run(argv)
    if done.timed_out:
        raise CheckError("timed_out", evidence=[f"waited for {argv[0]}"], seconds=allowed)
    if done.returncode not in expected:
        raise CheckError("package_manager_failed", evidence=context.lines(done), manager=argv[0])
    return done


def parse_apt(text: str) -> tuple[list[str], list[str]]:
    """Return the security updates and the other updates in the output of ``apt-get -s dist-upgrade``.

    An update counts as one for security when any of its origins is a security archive, such as
    ``Debian-Security:12/stable-security`` or ``Ubuntu:22.04/jammy-security``.
    """
    security: list[str] = []
    others: list[str] = []
    for match in _INST.finditer(text):
        if match.group("old") is None:
            # A package that an update pulls in, not an update of what is there.
            continue
        line = _apt_line(match)
        origins = [origin.strip() for origin in match.group("origins").split(",")]
        urgent = any(one.endswith("-security") or one.lower().startswith("debian-security") for one in origins)
        (security if urgent else others).append(line)
    return security, others


def installed_by_apt(text: str) -> list[str]:
    """Return a line for each package in the output of ``apt-get -s install``, also for those that are new."""
    return [_apt_line(match) for match in _INST.finditer(text)]


def _apt_line(match: re.Match[str]) -> str:
    old = match.group("old")
    return " ".join([match.group("name"), *([old] if old else []), "->", match.group("new")])


def parse_dnf(text: str) -> list[str]:
    """Return the updates in the output of ``dnf -q check-update``."""
    updates, _heading, _obsoleting = ("\n" + text).partition("\nObsoleting")
    return [f"{match.group('name')} -> {match.group('new')}" for match in _DNF_LINE.finditer(updates)]


def observe(
    security: list[str],
    others: list[str],
    refreshed: float | None,
    reboot: list[str] | None,
    maximum_age_days: float,
    now: float,
    source: str | None = None,
    reboot_known: bool = True,
) -> Observation:
    """Turn the updates into figures.

    Args:
        security: a line per security update.
        others: a line per other update.
        refreshed: when the package lists were last renewed, seconds since the epoch; None when there are none.
        reboot: lines that say why the host wants to be restarted; None when it does not.
        maximum_age_days: lists older than this prove nothing.
        now: seconds since the epoch.
        source: the command that was asked.
        reboot_known: whether the host can say that it wants to be restarted.

    Raises:
        CheckError: ``security_lists_missing``.
    """
    if refreshed is None:
        raise CheckError("security_lists_missing")
    age_days = round((now - refreshed) / _DAY_SECONDS, 1)
    stale = age_days > maximum_age_days
    fields = {"age_days": age_days, "maximum_days": maximum_age_days}
    evidence = security[:_SHOWN]
    if len(security) > _SHOWN:
        evidence.append(f"and {len(security) - _SHOWN} more")
    if reboot is not None:
        evidence.append("restart required: " + (", ".join(reboot) or "by the package manager"))
    return Observation(
        value=len(security),
        state=UNKNOWN if stale else "ok",
        reason=Reason("security_lists_old", fields) if stale else None,
        metrics={
            "reboot_required": (0 if reboot is None else 1) if reboot_known else None,
            "all_pending": len(security) + len(others),
            "lists_age_days": age_days,
        },
        evidence=evidence,
        source=source,
    )


def _newest(root: str, words: tuple[str, ...], context: Context) -> float | None:
    """Return the time of the newest file below a directory whose name contains a word; None without one.

    For apt this is the age of the information, not of the last attempt to renew it: apt gives a list the date that
    the archive gave it, and a failed renewal leaves it as it was.
    """
    newest: float | None = None
    waiting = [root]
    while waiting and context.remaining() > 0:
        path = waiting.pop()
        try:
            with os.scandir(path) as listing:
                for entry in listing:
                    if entry.is_dir(follow_symlinks=False) and entry.name != "partial":
                        waiting.append(entry.path)
                    elif any(word in entry.name for word in words):
                        newest = max(newest or 0.0, entry.stat(follow_symlinks=False).st_mtime)
        except FileNotFoundError:
            continue
        except OSError as error:
            if path == root:
                raise unreadable(path, error) from None
    return newest


def _first_lines(path: str, context: Context) -> list[str]:
    try:
        with context.open(path) as stream:
            return sorted(set(stream.read(4096).decode("utf-8", "replace").split()))[:_SHOWN]
    except CheckError:
        return []


def _installed(name: str) -> bool:
    places = (os.environ.get("PATH") or os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(place, name), os.X_OK) for place in places if place)
