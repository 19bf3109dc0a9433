# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of runs, results, actions and leases: SQLite by default, PostgreSQL by URL.

``open_store`` gives a ``Store``; every other function takes it first. Records go in and come out as they are on the
wire (times as ISO text in UTC); only ``series`` and ``observations``, which are computed with, give datetimes.
"""

from __future__ import annotations

from .attempts import attempts_since, refused_attempt
from .attesting import Asked, attest, attestations, runs_asking
from .errors import StoreError
from .expiry import expire, expired
from .histories import Point, Sample, Sighting, observations, observations_of, samples_of, series
from .holder import Holder, current_holder, play_lives
from .jobs import DONE, NOT_RUN, Part, Stand, job_parts, job_runs, unfinished_hosts
from .leases import begin, refusals, release
from .location import default_url, state_directory
from .maintenance import (
    close_maintenance,
    intervals_of,
    maintenance_intervals,
    maintenance_windows,
    plan_maintenance,
)
from .opening import open_store
from .queries import last_results, last_run, last_runs, last_runs_by_procedure, runs_between
from .recording import Ended, finish
from .staleness import Refusal
from .transactions import Store
from .verdict import exit_status, verdict

__all__ = [
    "DONE",
    "NOT_RUN",
    "Asked",
    "Ended",
    "Holder",
    "Part",
    "Point",
    "Refusal",
    "Sample",
    "Sighting",
    "Stand",
    "Store",
    "StoreError",
    "attempts_since",
    "attest",
    "attestations",
    "begin",
    "close_maintenance",
    "current_holder",
    "default_url",
    "exit_status",
    "expire",
    "expired",
    "finish",
    "intervals_of",
    "job_parts",
    "job_runs",
    "last_results",
    "last_run",
    "last_runs",
    "last_runs_by_procedure",
    "maintenance_intervals",
    "maintenance_windows",
    "observations",
    "observations_of",
    "open_store",
    "plan_maintenance",
    "play_lives",
    "refusals",
    "refused_attempt",
    "release",
    "runs_asking",
    "runs_between",
    "samples_of",
    "series",
    "state_directory",
    "unfinished_hosts",
    "verdict",
]
