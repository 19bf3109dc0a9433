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
from ansible_collections.aiops.runbooks.plugins.plugin_utils.outcome import headline, judged, observed
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts, registered


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
        _result, arguments = self.validate_argument_spec(
            {"store_url": {"type": "str", "required": True, "no_log": True}}
        )
        now = datetime.now(UTC)
        begun = registered(variables, str(variables["inventory_hostname"]), "run_begun") or {"hosts": {}}
        hosts = [host for host in batch_hosts(variables) if host in begun["hosts"]]
        runs = [observed(begun["hosts"][host], _seen(variables, host), now) for host in hosts]
        asked = {host: begun["hosts"][host]["questions"] for host in hosts if begun["hosts"][host]["go"]}
        try:
            runs = self._judged(runs, asked, arguments["store_url"], now)
            answer = _answer(runs)
            if not self._task.check_mode:
                able = [run for run in runs if run["state"] != "refused"]
                store.finish(store.open_store(arguments["store_url"]), able)
        except RunbooksError as error:
            answer = _answer([run if "counts" in run else judged(run) for run in runs])
            raise AnsibleActionFail(f"The runs could not be recorded: {error}", result=answer) from None
        return answer

    def _judged(
        self, runs: list[dict[str, Any]], asked: dict[str, Any], store_url: str, now: datetime
    ) -> list[dict[str, Any]]:
        """Return the runs with their verdicts, and with what the store tells of each system over time."""
        derived: dict[str, list[dict[str, Any]]] = {}
        if any(asked.values()):
            # Most runs ask nothing of this kind, and do not pay for its import.
            from ansible_collections.aiops.runbooks.plugins.plugin_utils.trends.derive import derived_results

            check_mode = bool(self._task.check_mode)
            opened = store.open_store(store_url, create=not check_mode, read_only=check_mode)
            derived = derived_results(opened, runs, asked, now)
        return [judged(run, derived.get(run["host"], ())) for run in runs]


def _answer(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"changed": False, "runs": runs, "hosts": {run["host"]: headline(run) for run in runs}}


def _seen(variables: Mapping[str, Any], host: str) -> dict[str, Any]:
    return {
        "look": registered(variables, host, "run_look"),
        "actions": registered(variables, host, "run_actions") or [],
        "failure": registered(variables, host, "run_failure"),
    }
