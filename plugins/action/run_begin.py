# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin a run on every system of a play: profiles validated, systems taken, one write."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import profile, store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return for each host whether to go on, and with which checks and actions.

        Raises:
            AnsibleActionFail: the store cannot be used.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(
            {
                "procedure": {"type": "str", "required": True},
                "store_url": {"type": "str", "required": True, "no_log": True},
                "lease_seconds": {"type": "int", "default": 14400},
                "checks": {"type": "list", "elements": "str", "default": []},
            }
        )
        now = datetime.now(UTC)
        hosts = {host: _begun(host, variables["hostvars"], arguments, now) for host in batch_hosts(variables)}
        try:
            self._take(hosts, arguments, variables, now)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None
        # The checks' parameters can hold passwords: they are registered, but never shown.
        return {"changed": False, "hosts": hosts, "_ansible_no_log": True}

    def _take(
        self, hosts: dict[str, dict[str, Any]], arguments: dict[str, Any], variables: dict[str, Any], now: datetime
    ) -> None:
        # AWX names the person who launched a job in a variable; the job's own user is always the same.
        operator = plain(variables.get("awx_user_name") or variables.get("tower_user_name"))
        holder = store.current_holder(operator=operator)
        runs = [entry["run"] for entry in hosts.values()]
        for run in runs:
            run.update(operator=holder.operator, controller=holder.controller)
        able = [entry["run"] for entry in hosts.values() if entry["go"]]
        if self._task.check_mode:
            # A plan leaves no trace, not even in the store; it still says when a real run would be refused.
            opened = store.open_store(arguments["store_url"], create=False, read_only=True)
            refusals = store.refusals(opened, able, holder=holder, now=now)
        else:
            opened = store.open_store(arguments["store_url"])
            refusals = store.begin(opened, able, holder=holder, now=now, lease_seconds=arguments["lease_seconds"])
        for host, refusal in refusals.items():
            if refusal is not None:
                hosts[host].update(go=False, refused=True)
                hosts[host]["run"].update(state="refused", failure={"stage": "single_flight", "message": str(refusal)})


def _begun(host: str, hostvars: Any, arguments: dict[str, Any], now: datetime) -> dict[str, Any]:
    raw, procedure = hostvars.raw_get(host), arguments["procedure"]
    run: dict[str, Any] = {
        "id": "{}-{}-{}-{}".format(now.strftime("%Y%m%dT%H%M%SZ"), procedure, host, secrets.token_hex(3)),
        "procedure": procedure,
        "system": str(raw.get("system_name", "")),
        "host": host,
        "started": now.isoformat(),
        "state": "running",
        "profile": {},
    }
    entry: dict[str, Any] = {"go": True, "refused": False, "run": run, "checks": [], "actions": [], "questions": []}
    try:
        found = profile.resolve(host, hostvars[host], raw, procedure, arguments["checks"])
    except ProfileError as error:
        run["failure"] = {"stage": "profile", "message": str(error)}
        entry["go"] = False
        return entry
    run.update(system=found.system, profile=found.snapshot)
    entry.update(system=found.system, timezone=found.timezone)
    entry.update(checks=found.checks, actions=found.actions, questions=found.questions)
    return entry
