# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a job was to do, also where a control node died: what it never began is named, and never left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.model import STATES

from .. import store
from ..outcome import not_run
from .figures import Run

#: Why a host of a part that has not ended has no run.
NEVER_BEGUN = {"id": "not_run_never_begun", "fields": {}}


def whole_job(opened: store.Store, job: str) -> list[Run]:
    """Return a run for every host that a job was started on.

    Args:
        opened: an open store.
        job: name of the job.

    Raises:
        StoreError: there is no such job.
    """
    parts = store.job_parts(opened, job)
    if not parts:
        raise store.StoreError(f"{opened.location.shown}: there is no job {job}", "Name its store, or another job.")
    runs = store.job_runs(opened, job)
    return [*(_ended(run) for run in runs), *_missing(parts, runs, job)]


def _ended(run: Mapping[str, Any]) -> Run:
    """Return a run with the reason why it has no verdict."""
    if run["state"] in (*STATES, store.NOT_RUN) or run.get("failure"):
        return dict(run)
    failure = {"stage": "interrupted", "message": "The run has begun and nothing is recorded of it."}
    return {**run, "state": "unknown", "failure": failure}


def _missing(parts: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]], job: str) -> list[Run]:
    known = {run["host"] for run in runs}
    now = datetime.now(UTC)
    return [
        # Which system a host is nobody has said before it has begun.
        not_run({"procedure": part["procedure"], "job": job}, host, "-", NEVER_BEGUN, now)
        for part in parts
        for host in part["hosts"]
        if host not in known
    ]
