# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people did with the estimator: one list of requests from which its database and all of its logs are made.

Because everything is derived from this list, the figures of a report reconcile: a POST of a task in the access log is
a row of `tasks`, a line of backend.log and a JSON line of backend-error.log.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

from ..clock import DAY_SECONDS, HOUR_SECONDS, local, local_midnight

HISTORY_DAYS = 45
USERS = (
    "sato",
    "suzuki",
    "takahashi",
    "tanaka",
    "ito",
    "watanabe",
    "yamamoto",
    "nakamura",
    "kobayashi",
    "kato",
    "yoshida",
    "yamada",
)
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
    " Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
MONITOR_AGENT = "curl/7.88.1"
MONITOR_ADDRESS = "10.20.0.5"
# One session in this many ends in a 502, one in the next is refused for lack of a password: below 1 % of requests.
FAILING_SESSION = 61
# So many requests of a day come before one that fails: whenever somebody looks, less than 1 % of the day's have failed.
REQUESTS_BEFORE_A_FAILURE = 110
REFUSED_SESSION = 47


@dataclasses.dataclass(frozen=True)
class Request:
    """One request that passed the TLS front. `seconds` is its duration; `task` the id it is about, if any."""

    epoch: float
    address: str
    user: str
    method: str
    path: str
    status: int
    size_bytes: int
    seconds: float
    agent: str
    task: str = ""

    @property
    def creates_task(self) -> bool:
        """Whether this request made a row of `tasks`."""
        return self.method == "POST" and self.path == "/api/v1/tasks" and self.status == 200


def requests_until(now: float, seed: int = 20261121) -> list[Request]:
    """Every request of the last `HISTORY_DAYS` days before `now`, oldest first; the same for the same arguments."""
    source = random.Random(seed)
    found: list[Request] = []
    session = 0
    first_day = local_midnight(now - HISTORY_DAYS * DAY_SECONDS)
    day = first_day
    while day < now:
        of_day = list(_monitoring(day, source))
        for start in _session_starts(day, source):
            session += 1
            of_day.extend(_session(start, session, source))
        found.extend(_failing_late(of_day))
        day = local_midnight(day + DAY_SECONDS + 2 * HOUR_SECONDS)
    return sorted((request for request in found if request.epoch + request.seconds < now), key=lambda item: item.epoch)


def _failing_late(of_day: list[Request]) -> list[Request]:
    """Let the last session of a day fail in the place of an earlier one; on a day with few requests none does."""
    ordered = sorted(of_day, key=lambda item: item.epoch)
    if all(request.status < 500 for request in ordered):
        return ordered
    well = [dataclasses.replace(request, status=200) if request.status >= 500 else request for request in ordered]
    late = [request for request in well[REQUESTS_BEFORE_A_FAILURE:] if request.path.endswith("/answers")]
    if not late:
        return well
    last = late[-1]
    return [
        dataclasses.replace(request, status=502) if request is last else request
        for request in well
        if request.task != last.task or request.epoch <= last.epoch
    ]


def _session_starts(day: int, source: random.Random) -> list[float]:
    weekend = local(day, "%a") in ("Sat", "Sun")
    count = source.randint(6, 9) if weekend else source.randint(19, 24)
    return sorted(day + source.triangular(8.5, 20.5, 14) * HOUR_SECONDS for _request in range(count))


def _monitoring(day: int, source: random.Random) -> Iterator[Request]:
    for hour in range(24):
        yield Request(
            day + hour * HOUR_SECONDS + 7,
            MONITOR_ADDRESS,
            "monitor",
            "GET",
            "/api/v1/health",
            200,
            318,
            source.uniform(0.002, 0.009),
            MONITOR_AGENT,
        )


def _session(start: float, number: int, source: random.Random) -> Iterator[Request]:
    who = source.randrange(len(USERS))
    user, address, agent = USERS[who], f"10.20.{who % 3 + 1}.{who + 11}", AGENTS[who % len(AGENTS)]
    task = "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}".format(
        *tuple(source.getrandbits(bits) for bits in (32, 16, 12, 12, 48))
    )
    api = "/api/v1/tasks"
    if number % REFUSED_SESSION == 0:
        yield Request(start, address, "-", "GET", "/ui/", 401, 381, source.uniform(0.001, 0.003), agent)
        start += 6
    steps = (
        ("GET", "/ui/", 200, source.randint(8000, 8400), source.uniform(0.003, 0.02)),
        ("POST", api, 200, 148, source.uniform(0.05, 0.4)),
        ("GET", f"{api}/{task}/questions", 200, source.randint(700, 1500), source.uniform(1.1, 3.9)),
        (
            "POST",
            f"{api}/{task}/answers",
            502 if number % FAILING_SESSION == 0 else 200,
            source.randint(300, 420),
            source.uniform(1.8, 4.7),
        ),
        ("GET", f"{api}/{task}/result", 200, source.randint(2000, 6500), source.uniform(0.01, 0.08)),
        ("GET", f"{api}/{task}/download", 200, source.randint(9000, 14000), source.uniform(0.05, 0.3)),
    )
    at = start
    for method, path, status, size, seconds in steps:
        yield Request(at, address, user, method, path, status, size, seconds, agent, task)
        at += seconds + source.uniform(2, 90)
        if status >= 500:
            return
        if path.endswith("/result") and source.random() < 0.4:
            return
