# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what a play found and did on all of its systems, in one write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.batch_record import Batch
from ansible_collections.aiops.runbooks.plugins.plugin_utils.batches import hosts_left, part_of, progress_before
from ansible_collections.aiops.runbooks.plugins.plugin_utils.fleet import Limits, after_batch
from ansible_collections.aiops.runbooks.plugins.plugin_utils.last_good import held, with_last_good
from ansible_collections.aiops.runbooks.plugins.plugin_utils.outcome import headline, judged, not_run, observed
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts, registered
from ansible_collections.aiops.runbooks.plugins.plugin_utils.profile_actions import acts

ARGUMENTS: dict[str, dict[str, Any]] = {
    "store_url": {"type": "str", "required": True, "no_log": True},
    "max_failures": {"type": "int"},
    "max_fail_percentage": {"type": "float"},
}


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the runs, and for each host whether it needs attention and why.

        Raises:
            AnsibleActionFail: the store cannot be used; the runs are in the error's result all the same.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        now = datetime.now(UTC)
        begun = registered(variables, str(variables["inventory_hostname"]), "run_begun") or {"hosts": {}}
        hosts = [host for host in batch_hosts(variables, part_of(self._task)) if host in begun["hosts"]]
        runs = [
            observed(begun["hosts"][host], _seen(variables, host, begun["hosts"][host]["run"]["id"]), now)
            for host in hosts
        ]
        asked = {host: begun["hosts"][host]["questions"] for host in hosts if begun["hosts"][host]["go"]}
        try:
            runs = self._judged(runs, asked, arguments["store_url"], now)
            batch = self._batch(runs, begun, arguments, variables, now)
            if not self._task.check_mode:
                able = [run for run in batch.runs if run["state"] != "refused"]
                batch.stand = store.finish(store.open_store(arguments["store_url"]), able, batch.ended)
            if batch.stand and batch.stand.running:
                job = batch.part.job
                who = f"Job {job}: the slice that ends last writes the report."
                self._display.display(f"{who} Should one die: report.yml -e report_job={job}")
        except RunbooksError as error:
            judged_runs = [run if "counts" in run else judged(run) for run in runs]
            batch = self._batch(judged_runs, begun, arguments, variables, now)
            raise AnsibleActionFail(f"The runs could not be recorded: {error}", result=batch.answer()) from None
        return batch.answer()

    def _batch(
        self,
        runs: list[dict[str, Any]],
        begun: Mapping[str, Any],
        arguments: Mapping[str, Any],
        variables: Mapping[str, Any],
        now: datetime,
    ) -> Batch:
        """Return the batch with what follows from it for the rest of the play."""
        name = part_of(self._task)
        everyone = tuple(str(host) for host in variables["ansible_play_hosts_all"])
        procedure = str(runs[0]["procedure"]) if runs else ""
        left = hosts_left(variables, name) if runs else []
        headlines = {run["host"]: headline(run) for run in runs}
        progress = after_batch(
            progress_before(variables, name),
            headlines,
            len(left),
            len(everyone),
            Limits(arguments["max_failures"], arguments["max_fail_percentage"]),
            acting=acts(procedure) and procedure != "incident",
            planning=bool(self._task.check_mode),
        )
        part = store.Part(str(begun.get("job")), name, procedure, everyone)
        never = left if progress.stopped else []
        systems = {host: str(variables["hostvars"].raw_get(host).get("system_name", "")) for host in never}
        skipped = [not_run(runs[0], host, system, progress.stopped, now) for host, system in systems.items()]
        ended = store.Ended(part, now, progress.stopped) if never or not left else None
        return Batch([*runs, *skipped], headlines, progress, part, ended)

    def _judged(
        self, runs: list[dict[str, Any]], asked: dict[str, Any], store_url: str, now: datetime
    ) -> list[dict[str, Any]]:
        """Return the runs with their verdicts, and with what the store tells of each system over time."""
        derived: dict[str, list[dict[str, Any]]] = {}
        waiting = held(runs)
        if waiting or any(asked.values()):
            # Most runs ask nothing of this kind, and do not pay for its import.
            from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.derive import derived_results

            check_mode = bool(self._task.check_mode)
            opened = store.open_store(store_url, create=not check_mode, read_only=check_mode)
            runs = with_last_good(opened, runs, now) if waiting else runs
            derived = derived_results(opened, runs, asked, now)
        return [judged(run, derived.get(run["host"], ())) for run in runs]


def _seen(variables: Mapping[str, Any], host: str, run_id: str) -> dict[str, Any]:
    return {
        "look": registered(variables, host, "run_look"),
        # A host keeps the records of earlier plays of the same playbook.
        "actions": [
            {key: value for key, value in action.items() if key != "run_id"}
            for action in registered(variables, host, "run_actions") or []
            if action.get("run_id") in (None, run_id)
        ],
        "failure": registered(variables, host, "run_failure"),
    }
