# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person says about an item to the record of it: is there such an item, and what evidence did they see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import did_you_mean
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

from .store import Asked, Holder


class AttestationError(RunbooksError):
    """An attestation that cannot be recorded: names the host, the item and the way out."""


def attested_item(host: str, stated: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """Return the item of a host's profile.

    Raises:
        AttestationError: the profile has no item of this name.
    """
    items = {str(item["name"]): item for item in stated}
    if name in items:
        return items[name]
    if not items:
        raise AttestationError(
            f"{host}: its profile has nothing to attest", "Limit the play to a host that has (-l HOST)."
        )
    raise AttestationError(
        f"{host}: there is nothing named {name!r} to attest{did_you_mean(name, items)}",
        "Items: {}.".format(", ".join(items)),
    )


def evidence_run(host: str, system: str, item: Mapping[str, Any], runs: Iterable[Asked]) -> str | None:
    """Return the newest run whose report showed the item's evidence.

    Args:
        host: inventory name.
        system: name of the system.
        item: the item of its profile.
        runs: finished runs, oldest first.

    Raises:
        AttestationError: the item has evidence, but no run has gathered it yet.
    """
    procedures = item.get("every")
    found = [
        run.run_id
        for run in runs
        if (run.host, run.system) == (host, system) and (not procedures or run.procedure in procedures)
    ]
    if not found and item.get("checks"):
        raise AttestationError(
            "{}: no run has gathered the evidence of {} yet".format(host, item["name"]),
            "Run {} first.".format(" or ".join(f"playbooks/{name}.yml" for name in procedures or ["daily"])),
        )
    return found[-1] if found else None


def attestation_record(
    host: str, system: str, item: str, note: str, evidence_run_id: str | None, who: Holder, now: datetime, token: str
) -> dict[str, Any]:
    """Return the record of an attestation.

    Args:
        host: inventory name.
        system: name of the system.
        item: name of the item.
        note: what the person says.
        evidence_run_id: the run whose evidence they saw.
        who: operator and controller.
        now: when, with its zone.
        token: makes the record's id unique.
    """
    return {
        "id": "{}-attest-{}-{}-{}".format(now.strftime("%Y%m%dT%H%M%SZ"), host, item, token),
        "system": system,
        "host": host,
        "item": item,
        "attested": now.isoformat(),
        "operator": who.operator,
        "controller": who.controller,
        "note": note,
        "evidence_run_id": evidence_run_id,
    }
