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
from ansible_collections.aiops.runbooks.plugins.plugin_utils.outcome import finished, headline
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
        runs = [
            finished(begun["hosts"][host], _seen(variables, host), now)
            for host in batch_hosts(variables)
            if host in begun["hosts"]
        ]
        answer = {"changed": False, "runs": runs, "hosts": {run["host"]: headline(run) for run in runs}}
        if self._task.check_mode:
            return answer
        try:
            store.finish(store.open_store(arguments["store_url"]), [run for run in runs if run["state"] != "refused"])
        except RunbooksError as error:
            raise AnsibleActionFail(f"The runs could not be recorded: {error}", result=answer) from None
        return answer


def _seen(variables: Mapping[str, Any], host: str) -> dict[str, Any]:
    return {
        "look": registered(variables, host, "run_look"),
        "actions": registered(variables, host, "run_actions") or [],
        "failure": registered(variables, host, "run_failure"),
    }
