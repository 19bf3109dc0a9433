# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one batch of a play hands on: its records, what Ansible is told of its hosts, and whether others follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import store
from .catalog import load_catalog, reason_text
from .fleet import Progress


@dataclass
class Batch:
    """A batch that has ended.

    Args:
        runs: its run records, and those of the hosts that are not run after it.
        headlines: for each of its hosts, what `outcome.headline` says.
        progress: the play up to it.
        part: the play.
        ended: the end of the play; None when a batch follows.
        stand: how the job stands after it; None when nothing was recorded.
    """

    runs: Sequence[Mapping[str, Any]]
    headlines: Mapping[str, Mapping[str, Any]]
    progress: Progress
    part: store.Part
    ended: store.Ended | None = None
    stand: store.Stand | None = None

    def answer(self) -> dict[str, Any]:
        """Return what ``run_record`` registers."""
        return {
            "changed": False,
            "runs": list(self.runs),
            "hosts": self.told(),
            "fleet": {
                "job": self.part.job,
                "part": self.part.name,
                "batch": self.progress.batches,
                "failed": list(self.progress.failed),
                "spared": dict(self.progress.spared),
                "stopped": self.progress.stopped is not None,
                "parts": self.stand.parts if self.stand else 1,
                "reporting": self.ended is not None and not (self.stand and self.stand.running),
            },
        }

    def told(self) -> dict[str, dict[str, Any]]:
        """Return, for each host of the batch, whether Ansible must fail it and with which message."""
        progress = self.progress
        told = {
            host: {key: said[key] for key in ("failed", "state", "message")} for host, said in self.headlines.items()
        }
        if self.ended is None:
            for host in progress.spared:
                if host in told:
                    told[host].update(failed=False)
            return told
        first = next((host for host, said in told.items() if said["failed"]), next(iter(told), None))
        if first is None:
            return told
        if progress.spared and not any(said["failed"] for said in told.values()):
            # Nobody else makes the exit status say that an earlier batch failed as a whole.
            told[first].update(failed=True, message=" ".join(progress.spared.values()))
        if progress.stopped is not None:
            why = reason_text(load_catalog(), progress.stopped, "en", "common")
            count = sum(run["state"] == store.NOT_RUN for run in self.runs)
            words = [
                told[first]["message"],
                f"{why} Not run: {count} of {len(self.part.hosts)}.",
                f"Go on with -e run_resume={self.part.job}",
            ]
            told[first].update(failed=True, message=" ".join(word for word in words if word))
        return told
