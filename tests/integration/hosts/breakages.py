# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that the checks exist for, and the rounds in which they are made: one per system and round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import yaml

DIRECTORY = Path(__file__).resolve().parent
STATES = ("ok", "warning", "unknown", "critical")


@dataclass(frozen=True)
class Breakage:
    """One fault on one host.

    Attributes:
        host: Inventory name.
        name: What is broken, for a person.
        make: Shell script that breaks it; runs as root on the host.
        repair: Shell script that undoes it.
        expected: Check name to its state, and to the id of its reason when that is certain (`critical lock_stale`).
    """

    host: str
    name: str
    make: str
    repair: str
    expected: Mapping[str, str]

    @property
    def verdict(self) -> str:
        """Return the state that the whole system has then."""
        return max((state.partition(" ")[0] for state in self.expected.values()), key=STATES.index)

    def __str__(self) -> str:
        return f"{self.host}: {self.name}"


def read_breakages(hosts: Mapping[str, str]) -> dict[str, list[Breakage]]:
    """Return the faults of each host from the file of its system.

    Args:
        hosts: Host name to system name.
    """
    return {
        host: [
            Breakage(host, entry["name"], entry["break"], entry["repair"], entry["expect"])
            for entry in yaml.safe_load((DIRECTORY / f"{system}.yml").read_text(encoding="utf-8"))
        ]
        for host, system in hosts.items()
    }


def rounds(breakages: Mapping[str, Sequence[Breakage]]) -> Iterator[tuple[Breakage, ...]]:
    """Yield rounds of at most one fault per host, so that a play over all hosts tests several faults at once."""
    for together in zip_longest(*breakages.values()):
        yield tuple(breakage for breakage in together if breakage is not None)


def differences(expected: Mapping[str, str], results: Sequence[Mapping[str, object]]) -> list[str]:
    """Return what a run says otherwise than expected: every check that is not expected has to be ok."""
    found = []
    seen = {str(result["check"]): result for result in results}
    found += [
        f"{check}: expected {state}, but there is no result" for check, state in expected.items() if check not in seen
    ]
    for check, result in seen.items():
        state, _space, reason = expected.get(check, "ok").partition(" ")
        said = result["reason"]
        told = said["id"] if isinstance(said, Mapping) else None
        if result["state"] != state or (reason and told != reason):
            found.append(f"{check}: expected {state} {reason}, got {result['state']} {said} {result['evidence']}")
    return found
