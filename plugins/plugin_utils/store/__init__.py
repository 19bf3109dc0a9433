# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of runs, results, actions and leases: SQLite by default, PostgreSQL by URL.

``open_store`` gives a ``Store``; every other function takes it first. Records go in and come out as they are on the
wire (times as ISO text in UTC); only ``series`` and ``observations``, which are computed with, give datetimes.
"""

from __future__ import annotations

from .attesting import Asked, attest, attestations, runs_asking
from .errors import StoreError
from .histories import Point, Sample, Sighting, observations, observations_of, samples_of, series
from .holder import Holder, current_holder
from .leases import begin, refusals, release, renew_lease
from .location import default_url, state_directory
from .opening import open_store
from .queries import last_result, last_run, last_runs, runs_between
from .recording import finish
from .staleness import Refusal
from .transactions import Store
from .verdict import exit_status, verdict

__all__ = [
    "Asked",
    "Holder",
    "Point",
    "Refusal",
    "Sample",
    "Sighting",
    "Store",
    "StoreError",
    "attest",
    "attestations",
    "begin",
    "current_holder",
    "default_url",
    "exit_status",
    "finish",
    "last_result",
    "last_run",
    "last_runs",
    "observations",
    "observations_of",
    "open_store",
    "refusals",
    "release",
    "renew_lease",
    "runs_asking",
    "runs_between",
    "samples_of",
    "series",
    "state_directory",
    "verdict",
]
