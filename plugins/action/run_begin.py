# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin a run on every system of a play: profiles validated, systems taken, one write."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import profile, store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.batches import earlier_answers, job_name, part_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.continuing import continue_checks
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts
from ansible_collections.aiops.runbooks.plugins.plugin_utils.profile_actions import acts


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
                "confirm": {"type": "list", "elements": "str", "default": []},
                "join": {"type": "str", "default": ""},
            }
        )
        now = datetime.now(UTC)
        part = _part(part_of(self._task), arguments, variables, now)
        hosts = {
            host: _begun(host, variables["hostvars"], arguments, now) for host in batch_hosts(variables, part.name)
        }
        for entry in hosts.values():
            entry["run"]["job"] = part.job
        if not self._task.check_mode:
            _ask_for_confirmation(hosts, arguments)
        try:
            self._take(hosts, arguments, variables, part, now)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None
        # The checks' parameters can hold passwords: they are registered, but never shown.
        return {"changed": False, "hosts": hosts, "part": part.name, "job": part.job, "_ansible_no_log": True}

    def _take(
        self,
        hosts: dict[str, dict[str, Any]],
        arguments: dict[str, Any],
        variables: dict[str, Any],
        part: store.Part,
        now: datetime,
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
            _ask_for_window(opened, hosts, arguments["procedure"], now)
            able = [entry["run"] for entry in hosts.values() if entry["go"]]
            lease_seconds = arguments["lease_seconds"]
            refusals = store.begin(opened, able, holder=holder, now=now, lease_seconds=lease_seconds, part=part)
        _brake(opened, hosts, now)
        continue_checks(opened, hosts, now)
        for host, refusal in refusals.items():
            if refusal is not None:
                hosts[host].update(go=False, refused=True)
                hosts[host]["run"].update(state="refused", failure={"stage": "single_flight", "message": str(refusal)})


def _part(name: str, arguments: dict[str, Any], variables: dict[str, Any], now: datetime) -> store.Part:
    """Return the play as a part of its job, which is that of its earlier batches when there were any."""
    procedure = arguments["procedure"]
    earlier = next((str(answer["fleet"]["job"]) for answer in earlier_answers(variables, name)), None)
    own = "{}-{}-{}".format(now.strftime("%Y%m%dT%H%M%SZ"), procedure, secrets.token_hex(3))
    job = earlier or job_name(variables, arguments["join"], procedure) or own
    return store.Part(job, name, procedure, tuple(str(host) for host in variables["ansible_play_hosts_all"]))


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
    entry.update(verification=[])
    try:
        found = profile.resolve(host, hostvars[host], raw, procedure, list(filter(None, arguments["checks"])))
    except ProfileError as error:
        run["failure"] = {"stage": "profile", "message": str(error)}
        entry["go"] = False
        return entry
    run.update(system=found.system, profile=found.snapshot)
    entry.update(system=found.system, timezone=found.timezone)
    entry.update(checks=found.checks, actions=found.actions, questions=found.questions)
    entry.update(verification=found.verification)
    # An incident is told and reported also where nothing can be tried against it.
    if acts(procedure) and procedure != "incident" and not found.actions:
        run["failure"] = {
            "stage": "profile",
            "message": f"The profile of {host} has no action for {procedure}. "
            f"Name {procedure} in `every` of an action in system_actions",
        }
        entry["go"] = False
    return entry


def _ask_for_confirmation(hosts: dict[str, dict[str, Any]], arguments: dict[str, Any]) -> None:
    """Refuse a procedure that destroys something on a host which nobody has named; an action of a look is planned."""
    for host, entry in hosts.items():
        unconfirmed = [action for action in entry["actions"] if action["confirm"] and host not in arguments["confirm"]]
        for action in unconfirmed:
            action["apply"] = False
        if unconfirmed and entry["go"] and acts(arguments["procedure"]):
            names = ", ".join(action["name"] for action in unconfirmed)
            entry["go"] = False
            entry["run"]["failure"] = {
                "stage": "confirmation",
                "message": f"{names} can destroy data on {host}. See the plan with --check, then confirm it with "
                f"-e run_confirm={host}",
            }


def _ask_for_window(opened: store.Store, hosts: dict[str, dict[str, Any]], procedure: str, now: datetime) -> None:
    """Refuse a procedure that needs a maintenance window where none is open; an action of a look is planned."""
    needed = {host for host, entry in hosts.items() if any(action.get("window") for action in entry["actions"])}
    if not needed:
        return
    held = store.maintenance_intervals(opened, needed, now, now + timedelta(seconds=1))
    moment = now.timestamp()
    for host in needed:
        if any(begins <= moment < until for begins, until in held.get(host, ())):
            continue
        for action in hosts[host]["actions"]:
            action["apply"] = action["apply"] and not action["window"]
        if acts(procedure) and hosts[host]["go"]:
            hosts[host]["go"] = False
            hosts[host]["run"]["failure"] = {
                "stage": "window",
                "message": f"{procedure} is done only in a maintenance window, and none is open for {host}. "
                f"Plan one: maintenance_window.yml -l {host} -e window='now for 60 minutes' -e window_reason='...'",
            }


def _brake(opened: store.Store, hosts: dict[str, dict[str, Any]], now: datetime) -> None:
    """Mark the actions that were tried too often or too recently, with the reason under ``refused``."""
    limited = [(host, action) for host, entry in hosts.items() for action in entry["actions"] if action.get("attempts")]
    if not limited:
        return
    longest = max(action["attempts"]["within_hours"] for _host, action in limited)
    past = store.attempts_since(opened, {host for host, _action in limited}, now - timedelta(hours=longest))
    for host, action in limited:
        action["refused"] = store.refused_attempt(action["attempts"], past.get((host, action["name"]), []), now)
