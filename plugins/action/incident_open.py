# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make of a look whether a host has an incident: open one, join the open one, or see that it is over."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.classification import Classification, classify
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.desk import Desk, desk_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.ladder import is_healed, looks_of, rungs_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.timers import LEVELS
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import registered
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import approvals, incidents

ARGUMENTS: dict[str, dict[str, Any]] = {
    "store_url": {"type": "str", "required": True, "no_log": True},
    "level": {"type": "str", "choices": ["", *LEVELS], "default": ""},
    "categories": {"type": "list", "elements": "str", "default": []},
    "what": {"type": "str", "default": ""},
    "key": {"type": "str", "default": ""},
    "key_hold_minutes": {"type": "int", "default": 60},
    "approve": {"type": "list", "elements": "str", "default": []},
    "in_maintenance": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Works on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return whether there is an incident, and the steps of its ladder.

        Raises:
            AnsibleActionFail: the profile or the store cannot be used.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        host = str(variables["inventory_hostname"])
        begun = (registered(variables, host, "run_begun") or {"hosts": {}})["hosts"][host]
        look = registered(variables, host, "run_look") or {}
        check_mode = bool(self._task.check_mode)
        try:
            desk = desk_of(host, variables)
            opened = store.open_store(arguments["store_url"], create=not check_mode, read_only=check_mode)
            # Whoever gives a level opens an incident all the same; an event, which has a key, does not.
            by_a_person = arguments["level"] and not arguments["key"]
            if _in_maintenance(opened, host) and not arguments["in_maintenance"] and not by_a_person:
                return {"changed": False, "open": False, "maintenance": True, "rungs": [], "looks": []}
            return _decided(opened, desk, begun, look, arguments, check_mode)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None


def _in_maintenance(opened: store.Store, host: str) -> bool:
    now = datetime.now(UTC)
    return any(
        window["host"] == host and not window.get("closed")
        for window in store.maintenance_windows(opened, [host], now, now)
    )


def _was_over(opened: store.Store, desk: Desk, arguments: Mapping[str, Any]) -> bool:
    """Tell whether the event belongs to an incident that is over since a short time: then only the checks count."""
    since = desk.reading.wall - timedelta(minutes=arguments["key_hold_minutes"])
    return incidents.had_key(opened, desk.host, arguments["key"], since)


def _decided(
    opened: store.Store,
    desk: Desk,
    begun: Mapping[str, Any],
    look: Mapping[str, Any],
    arguments: Mapping[str, Any],
    check_mode: bool,
) -> dict[str, Any]:
    results = look.get("results")
    reachable = isinstance(results, list)
    if arguments["key"] and _was_over(opened, desk, arguments):
        arguments = {**arguments, "level": "", "categories": []}
    found = _classified(desk, results or [], reachable, arguments)
    verification = [check["name"] for check in begun["verification"]]
    existing = incidents.incidents(opened, [desk.host], open_only=True)
    answer: dict[str, Any] = {"changed": False, "open": False, "over": False, "rungs": [], "looks": []}
    if found.level is None:
        if not existing:
            return answer
        before = dict(existing[0]["facts"] or {}).get("rules") or []
        if not is_healed(results or [], desk.settings.priorities, before, verification):
            return {
                **answer,
                "open": True,
                "incident": incidents.wire_incident(existing[0]),
                "level": existing[0]["level"],
            }
        if not check_mode:
            # What was seen when it was not well stays: the questions afterwards are answered from it.
            over = Happening("recovered", "recovered", facts={"next": {"id": "next_observe"}})
            incidents.happen(opened, existing[0]["id"], desk.reading, [over], desk.plan)
        return {**answer, "changed": True, "over": True, "incident": incidents.wire_incident(existing[0])}
    if check_mode:
        record = existing[0] if existing else None
        level = min(found.level, record["level"] if record else found.level, key=LEVELS.index)
        new = record is None
    else:
        record, new = incidents.open_incident(
            opened,
            desk.system,
            desk.host,
            "{}-incident-{}-{}".format(desk.reading.wall.strftime("%Y%m%dT%H%M%SZ"), desk.host, secrets.token_hex(3)),
            desk.reading,
            [_detected(desk, found, results or [], begun, arguments)],
            desk.plan,
        )
        level = record["level"]
    now = datetime.now(UTC)
    approved = {**approvals.approvals_of(opened, desk.host, now), **dict.fromkeys(arguments["approve"], desk.operator)}
    return {
        **answer,
        "changed": True,
        "open": True,
        "new": new,
        "incident": incidents.wire_incident(record) if record else {},
        "level": level,
        "rules": list(found.rules),
        "reachable": reachable,
        "rungs": rungs_of(level, found.rules, desk.settings.ladders, begun["actions"], approved) if reachable else [],
        "looks": looks_of(found, verification),
        "verification": verification,
        "priorities": list(desk.settings.priorities),
        "evidence": {key: value for key, value in desk.settings.evidence.items() if value},
    }


def _classified(
    desk: Desk, results: list[dict[str, Any]], reachable: bool, arguments: Mapping[str, Any]
) -> Classification:
    found = classify(results, desk.settings.priorities, reachable)
    if not arguments["level"]:
        return found
    levels = [arguments["level"], *filter(None, [found.level])]
    categories = tuple(dict.fromkeys([*arguments["categories"], *found.categories]))
    level = min(levels, key=LEVELS.index)
    return Classification(level, categories, found.rules, found.checks, found.status, found.impact)


def _detected(
    desk: Desk,
    found: Classification,
    results: list[dict[str, Any]],
    begun: Mapping[str, Any],
    arguments: Mapping[str, Any],
) -> Happening:
    findings = [each for each in _seen(results) if each["check"] in found.checks]
    status = {"en": arguments["what"], "ja": arguments["what"]} if arguments["what"] else dict(found.status)
    facts = {
        "status": status,
        "impact": dict(found.impact),
        "findings": findings,
        "seen": _seen(results),
        "rules": list(found.rules),
        "reporter": desk.operator,
        "next": {"id": "next_climb"},
    }
    return Happening(
        kind="detected",
        key=arguments["key"] or begun["run"]["id"],
        detail={"findings": findings, "rules": list(found.rules), "run_id": begun["run"]["id"], "by": desk.operator},
        level=found.level,
        categories=found.categories,
        facts={key: value for key, value in facts.items() if value},
    )


def _seen(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: each.get(key) for key in ("check", "kind", "state", "reason")} for each in results]
