# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore says of itself, as plain values for people and for the record."""

from __future__ import annotations

import os
import time
from typing import Any

from .restore_choose import Answer
from .restore_journal import HALF_WAY, SWAPPED, Journal
from .restore_sidecars import SUFFIXES
from .restore_swap import inode


def utc(seconds: float) -> str:
    """Return a time as ISO 8601 with a Z; empty for 0."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""


def answer_record(answer: Answer) -> dict[str, Any]:
    """Return what was chosen, verified and passed over."""
    return {
        "set": answer.set,
        "set_path": answer.path,
        "set_made": utc(answer.made),
        "resumed": answer.resumed,
        "bytes": sum(offer.item.bytes for offer in answer.offers),
        "items": [
            {
                "name": offer.item.name,
                "type": offer.item.type,
                "target": offer.wanted.target,
                "bytes": offer.item.bytes,
                "rows": answer.seen.rows.get(offer.item.name, {}),
            }
            for offer in answer.offers
        ],
        "passed_over": answer.passed_over,
        "verified": answer.seen.verified,
        "unverified": answer.seen.unverified,
    }


def journal_record(journal: Journal | None, keep_days: float) -> dict[str, Any]:
    """Return where a restore stands, where the old data is and until when it should stay there.

    Args:
        journal: None when there never was a restore.
        keep_days: how long old data is kept after it was found that the restored data works.
    """
    if journal is None:
        return {"phase": "none", "unfinished": False, "unverified_swap": False, "kept": [], "undone": []}
    return {
        "phase": journal.phase,
        "restore_id": journal.id,
        "source": journal.source,
        "unfinished": journal.phase in HALF_WAY,
        "unverified_swap": journal.phase == SWAPPED,
        "kept": _there(journal, "kept"),
        "undone": _there(journal, "undone"),
        "kept_until": utc(journal.accepted + keep_days * 86400) if journal.accepted else "",
    }


def _there(journal: Journal, which: str) -> list[dict[str, Any]]:
    found = []
    for at in journal.placements:
        path = getattr(at, which)
        if inode(path) is not None:
            beside = [path + suffix for suffix in SUFFIXES.get(at.kind, ()) if os.path.lexists(path + suffix)]
            found.append({"path": path, "target": at.target, "sidecars": beside})
    return found


def difference(answer: Answer, targets: list[str]) -> dict[str, str]:
    """Return the plan as a diff: what each target is now, and what it will be."""
    before = "".join(f"{path} ({'present' if os.path.lexists(path) else 'absent'})\n" for path in targets)
    after = "".join(f"{path} ({answer.set})\n" for path in targets)
    return {"before": before, "after": after}
