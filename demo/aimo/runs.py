# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AIMO did in the last weeks: one list of runs from which its database, logs, outputs and directories are made."""

from __future__ import annotations

import dataclasses
import hashlib
import random

from ..clock import DAY_SECONDS, HOUR_SECONDS, local_midnight

HISTORY_DAYS = 21
VENDORS = ("paloalto", "zscaler", "netskope", "umbrella")
MODEL = "gemini-2.0-flash"
DAILY_LIMIT_USD = 10.0
INPUT_USD_PER_TOKEN = 0.30 / 1_000_000
OUTPUT_USD_PER_TOKEN = 2.50 / 1_000_000


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of the engine. `finished` is None while it is running or when it crashed."""

    identity: str
    vendor: str
    started: float
    finished: float | None
    status: str
    events: int
    signatures: int
    cache_hits: int
    llm_sent: int
    needs_review: int
    parse_errors: int

    @property
    def input_tokens(self) -> int:
        """Tokens sent to the model: about 900 per request, 20 signatures to a request."""
        return self.llm_sent * 620

    @property
    def output_tokens(self) -> int:
        """Tokens the model answered."""
        return self.llm_sent * 210

    @property
    def cost_usd(self) -> float:
        """What the run's requests cost."""
        return round(self.input_tokens * INPUT_USD_PER_TOKEN + self.output_tokens * OUTPUT_USD_PER_TOKEN, 6)

    @property
    def unknown(self) -> int:
        """Signatures no rule and no cache entry knew."""
        return self.signatures - self.cache_hits


def runs_until(now: float, seed: int = 1602) -> list[Run]:
    """Two runs on each of the last `HISTORY_DAYS` days, oldest first; the same for the same `now`.

    One of them failed and one crashed, long enough ago to be history.
    """
    source = random.Random(seed)
    first = local_midnight(now - HISTORY_DAYS * DAY_SECONDS)
    runs = []
    for number in range((HISTORY_DAYS + 1) * 2):
        started = first + number // 2 * DAY_SECONDS + (1.5 if number % 2 == 0 else 13.5) * HOUR_SECONDS
        started += source.uniform(0, 600)
        seconds = source.uniform(16, 190)
        signatures = source.randint(380, 640)
        hits = int(signatures * source.uniform(0.86, 0.94))
        sent = signatures - hits
        status = {5: "failed", 9: "running"}.get(number, "succeeded")
        run = Run(
            hashlib.sha256(b"run-%d-%d" % (seed, int(first) + number)).hexdigest()[:16],
            VENDORS[number % len(VENDORS)],
            started,
            None if status == "running" else started + seconds,
            status,
            signatures * source.randint(30, 60),
            signatures,
            hits,
            sent,
            sum(source.random() < 0.03 for _request in range(sent)),
            source.randint(0, 9),
        )
        if started + seconds < now - 60:
            runs.append(run)
    return runs
