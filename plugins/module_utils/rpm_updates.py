# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dnf would change for its security updates, and what its advisories say of them (EST-15, EST-16)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Sequence

#: Beginnings of the headings in a transaction, and what happens to the packages below them.
_HEADINGS = (
    ("Upgrading", "install"),
    ("Updating", "install"),
    ("Installing", "install"),
    ("Reinstalling", "install"),
    ("Downgrading", "downgrade"),
    ("Removing", "remove"),
    ("Skipping", "skip"),
)
_HEADING = re.compile(r"^(?P<words>[A-Z][A-Za-z ,()-]*):$")
# A name that is too long for its column has the rest of its row on the next line.
_ROW = re.compile(
    r"^ (?P<name>[^\s=]\S*)\s+(?P<arch>\S+)\s+(?P<new>\S+)\s+\S+\s+\d[\d.,]*(?: ?[A-Za-z]+)?[ \t]*$", re.MULTILINE
)
_LISTED = re.compile(r"^(?P<id>\S+)\s+(?P<severity>[A-Za-z]+)/Sec\.\s+(?P<package>\S+)\s*$", re.MULTILINE)
_FIELD = re.compile(r"^ *(?P<key>[A-Za-z][A-Za-z ]*)?: ?(?P<value>.*)$")


@dataclass(frozen=True)
class Change:
    """What a transaction does to a package.

    Args:
        kind: ``install`` for a version that is new on the host, ``downgrade``, ``remove`` or ``skip``.
        package: name and architecture, such as ``openssl-libs.x86_64``.
        version: the version that comes, or goes.
    """

    kind: str
    package: str
    version: str


@dataclass(frozen=True)
class Advisory:
    """What the distribution says of an update.

    Args:
        id: its number, such as ``RHSA-2026:1234``.
        severity: as the distribution writes it; empty when it says nothing.
        cves: identifiers of the vulnerabilities.
        packages: full names of the packages that close them here.
    """

    id: str
    severity: str
    cves: tuple[str, ...]
    packages: tuple[str, ...]


def parse_transaction(text: str) -> list[Change]:
    """Return what dnf shows of a transaction before it asks whether that is right."""
    found: list[Change] = []
    kind, rows = None, ""
    for line in [*text.splitlines(), "Transaction Summary"]:
        heading = _HEADING.match(line)
        if heading is None and not line.startswith("Transaction Summary"):
            rows += line + "\n"
            continue
        if kind is not None:
            found.extend(
                Change(kind, "{name}.{arch}".format(**row.groupdict()), row.group("new")) for row in _ROW.finditer(rows)
            )
        if heading is None:
            break
        words, rows = heading.group("words"), ""
        kind = next((meant for beginning, meant in _HEADINGS if words.startswith(beginning)), None)
    return found


def parse_advisories(listed: str, told: str, wanted: Iterable[str]) -> list[Advisory]:
    """Return the security advisories of packages.

    Args:
        listed: output of ``dnf -q updateinfo list --security``.
        told: output of ``dnf -q updateinfo info --security``.
        wanted: full names of packages; advisories of no other are returned.
    """
    packages: dict[str, list[str]] = {}
    severities: dict[str, str] = {}
    chosen = set(wanted)
    for row in _LISTED.finditer(listed):
        if row.group("package") in chosen:
            packages.setdefault(row.group("id"), []).append(row.group("package"))
            severities[row.group("id")] = row.group("severity")
    cves = _cves_of(told)
    return [
        Advisory(identity, severities[identity], tuple(cves.get(identity, ())), tuple(sorted(packages[identity])))
        for identity in sorted(packages)
    ]


def full_name(package: str, version: str) -> str:
    """Return ``openssl-libs-1:3.0.7-28.el9.x86_64`` for ``openssl-libs.x86_64`` and its version."""
    name, _dot, arch = package.rpartition(".")
    return f"{name}-{version}.{arch}"


def parse_installed(text: str) -> dict[str, str]:
    """Return an installed version by package, from rows of package and version with its epoch.

    Of several versions, as there may be of a kernel, it is the one that rpm names last.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        package, _blank, version = line.partition(" ")
        found[package] = version[2:] if version.startswith("0:") else version
    return found


def lines_of(changes: Sequence[Change], installed: dict[str, str]) -> list[str]:
    """Return a line for each package: name, old version where there is one, new version."""
    return [
        " ".join([change.package, *([old] if (old := installed.get(change.package)) else []), "->", change.version])
        for change in changes
    ]


def _cves_of(told: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    identity, key = "", ""
    for line in told.splitlines():
        if line.startswith("==="):
            # A title follows, which may look like anything.
            identity, key = "", ""
        field = _FIELD.match(line)
        if field is None:
            continue
        key = (field.group("key") or key).strip()
        value = field.group("value").strip()
        if key == "Update ID":
            identity = value
        elif key == "CVEs" and value and value not in found.setdefault(identity, []):
            found[identity].append(value)
    return found
