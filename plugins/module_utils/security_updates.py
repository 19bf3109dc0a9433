# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install security updates and nothing else (EST-15, EST-16, EST-32)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Sequence

from . import rpm_updates
from .checks import security_updates as check
from .errors import CheckError, RunbooksError
from .probe import Completed, Context

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9+_.:~-]*$")
#: They were renewed just before, except in check mode; a plan says what they say.
_LISTS_MAXIMUM_AGE_DAYS = 7.0
_APT_INSTALL = [
    "-y",
    "-o",
    "Dpkg::Options::=--force-confold",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "DPkg::Lock::Timeout=120",
    "install",
    "--only-upgrade",
    "--no-remove",
]
_DNF_OPTIONS = ["--setopt=clean_requirements_on_remove=False"]
_LAST_QUESTION_SECONDS = 30.0


class UpdateError(RunbooksError):
    """Updates that were not installed, or only in part; says which."""


@dataclass(frozen=True)
class Pending:
    """What waits to be installed.

    Args:
        manager: ``apt``, ``dnf`` or ``yum``.
        updates: a line for each security update: name, old version where it is known, new version.
        needed: the same for what they cannot do without and what is no security update itself.
        others: how many other updates there are, which stay.
        reboot_required: whether the host wants to be restarted; None when it cannot say.
        advisories: what the distribution says of the updates; apt does not know.
        held_back: packages with a security update that the package manager would not install.
    """

    manager: str
    updates: tuple[str, ...]
    needed: tuple[str, ...]
    others: int
    reboot_required: bool | None
    advisories: tuple[rpm_updates.Advisory, ...] = ()
    held_back: tuple[str, ...] = ()


def refresh(manager: str, context: Context) -> None:
    """Renew the package lists.

    Args:
        manager: ``auto``, ``apt`` or ``dnf``.
        context: its deadline bounds it.

    Raises:
        UpdateError: there is no package manager, or not all lists could be renewed; the old ones are kept.
    """
    try:
        manager = check.manager_of(manager)
    except CheckError as error:
        raise UpdateError(f"There is no package manager {error.fields['manager']} on this host") from None
    argv = {
        "apt": ["apt-get", "-q", "update", "--error-on=any"],
        # By itself dnf renews nothing that it believes to be new enough, and may pass over a repository in silence.
        "dnf": ["dnf", "-q", "-y", "--refresh", "--setopt=*.skip_if_unavailable=False", "makecache"],
    }.get(manager, [manager, "-q", "-y", "makecache"])
    _must(context.run(argv, environment=_environment()), argv, "The package lists could not be renewed")


def pending(manager: str, context: Context) -> Pending:
    """Ask what waits, in the same way as the check of that name does.

    Raises:
        UpdateError: the package manager does not say.
    """
    try:
        seen = check.ask(manager, _LISTS_MAXIMUM_AGE_DAYS, context)
    except CheckError as error:
        details = ", ".join(f"{name} {value}" for name, value in error.fields.items())
        raise UpdateError(f"The package manager does not say what waits: {error.reason_id} {details}".strip()) from None
    reboot = seen.observation.metrics["reboot_required"]
    total = seen.observation.metrics["all_pending"]
    planned = _planned_by_apt(seen, context) if seen.manager == "apt" else _planned_by_dnf(seen, context)
    others = int(total) - len(seen.security) if isinstance(total, (int, float)) else 0
    # What the security updates take along does not stay.
    taken = sum(line.split()[0] in {other.split()[0] for other in seen.others} for line in planned.needed)
    return replace(planned, others=others - taken, reboot_required=None if reboot is None else bool(reboot))


def _planned_by_apt(seen: check.Asked, context: Context) -> Pending:
    needed: list[str] = []
    if seen.security:
        argv = ["apt-get", "-s", "-q", "-o", "Debug::NoLocking=1", *_APT_INSTALL, *names_of(seen.security, "apt")]
        done = _must(context.run(argv, environment=_environment()), argv, "The updates cannot be planned")
        needed = [line for line in check.installed_by_apt(done.stdout) if line not in seen.security]
    return Pending("apt", tuple(seen.security), tuple(needed), 0, None)


def _planned_by_dnf(seen: check.Asked, context: Context) -> Pending:
    """Ask dnf for the transaction: the least that is secure, where `upgrade --security` would take what is newest."""
    if not seen.security:
        return Pending(seen.manager, (), (), 0, None)
    argv = [seen.manager, "-C", "--assumeno", *_DNF_OPTIONS, *_minimal(seen.manager)]
    done = context.run(argv, environment=_environment())
    changes = rpm_updates.parse_transaction(done.stdout)
    if done.timed_out or (not changes and "Nothing to do" not in done.stdout + done.stderr):
        _must(replace(done, returncode=done.returncode or 1), argv, "The updates cannot be planned")
    gone = [f"{change.package} {change.version}" for change in changes if change.kind in ("remove", "downgrade")]
    if gone:
        raise UpdateError(
            f"The security updates would remove or downgrade {', '.join(gone)}",
            f"Nothing was installed; decide it by hand: {seen.manager} {' '.join(_minimal(seen.manager))}",
        )
    installed = _installed(context)
    urgent = {line.split()[0] for line in seen.security}
    coming = [change for change in changes if change.kind == "install"]
    updates = [change for change in coming if change.package in urgent]
    return Pending(
        seen.manager,
        tuple(rpm_updates.lines_of(updates, installed)),
        tuple(rpm_updates.lines_of([change for change in coming if change.package not in urgent], installed)),
        0,
        None,
        tuple(_advisories(seen.manager, updates, context)),
        tuple(sorted(urgent - {change.package for change in updates})),
    )


def _advisories(manager: str, updates: Sequence[rpm_updates.Change], context: Context) -> list[rpm_updates.Advisory]:
    listed, told = (
        context.run([manager, "-q", "-C", "updateinfo", form, "--security"], environment=_environment()).stdout
        for form in ("list", "info")
    )
    # With and without an epoch: not all releases of dnf print it here.
    versions = {version for change in updates for version in (change.version, change.version.split(":")[-1])}
    wanted = {rpm_updates.full_name(change.package, version) for change in updates for version in versions}
    return rpm_updates.parse_advisories(listed, told, wanted)


def _installed(context: Context) -> dict[str, str]:
    argv = ["rpm", "-qa", "--queryformat", "%{NAME}.%{ARCH} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n"]
    return rpm_updates.parse_installed(_must(context.run(argv), argv, "rpm does not say what is installed").stdout)


def _minimal(manager: str) -> list[str]:
    return ["--security", "update-minimal" if manager == "yum" else "upgrade-minimal"]


def names_of(updates: Sequence[str], manager: str) -> list[str]:
    """Return what the package manager calls these updates, with the version that was looked at.

    Raises:
        UpdateError: a name that no package has.
    """
    names = []
    for line in updates:
        words = line.split()
        name, version = words[0], words[-1]
        if not _NAME.match(name) or not _NAME.match(version):
            raise UpdateError(f"{line!r} names no package")
        names.append(f"{name}={version}" if manager == "apt" else rpm_updates.full_name(name, version))
    return names


def install(found: Pending, context: Context) -> None:
    """Install what was found, and nothing else; configuration files that somebody changed stay as they are.

    Raises:
        UpdateError: the package manager failed or took too long. What apt had begun, it finishes at its next start.
    """
    names = names_of(found.updates, found.manager)
    if found.manager == "apt":
        # What an interrupted run had unpacked and not configured stands in the way of everything.
        repair = ["dpkg", "--configure", "-a", "--force-confold", "--force-confdef"]
        _must(context.run(repair, environment=_environment()), repair, "An earlier installation cannot be finished")
        argv = ["apt-get", "-q", *_APT_INSTALL, *names]
    else:
        argv = [found.manager, "-q", "-y", *_DNF_OPTIONS, *_minimal(found.manager), *names]
    done = context.run(argv, environment=_environment())
    try:
        _must(done, argv, "The updates were not all installed")
    except UpdateError as error:
        raise UpdateError(error.message, _after_failure(found, argv)) from None


def _after_failure(found: Pending, argv: Sequence[str]) -> str:
    """Say what is known to be installed after a transaction that failed, and how to go on."""
    # The time of the transaction may be used up; asking what it has left costs a second.
    context = Context(now=time.time(), deadline=time.monotonic() + _LAST_QUESTION_SECONDS)
    try:
        waiting = [line.split()[0] for line in check.ask(found.manager, _LISTS_MAXIMUM_AGE_DAYS, context).security]
    except (CheckError, RunbooksError):
        return f"What was installed is not known; see what {argv[0]} says by hand, and run the procedure again"
    done = [line for line in found.updates if line.split()[0] not in waiting]
    return (
        f"Installed: {', '.join(done) or 'none'}. Still waiting: {', '.join(waiting) or 'none'}. "
        f"Put right what {argv[0]} complains of, and run the procedure again: it installs what waits"
    )


def _must(done: Completed, argv: Sequence[str], what: str) -> Completed:
    if done.timed_out:
        raise UpdateError(f"{what}: {argv[0]} was not done in time", "Give it more seconds and run it again")
    if done.returncode:
        # dnf says what is wrong in the one and lists packages in the other.
        said = [line for line in (done.stderr.strip() or done.stdout).splitlines() if line.strip()][-3:]
        raise UpdateError("{}: {} ended with {}: {}".format(what, argv[0], done.returncode, " / ".join(said)))
    return done


def _environment() -> dict[str, str]:
    # Nobody is there to answer, and needrestart would restart services by itself.
    return {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "APT_LISTCHANGES_FRONTEND": "none"}
