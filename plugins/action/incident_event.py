# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what happened in a host's open incident."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.desk import Desk, desk_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import approvals, incidents

ARGUMENTS: dict[str, dict[str, Any]] = {
    "kind": {
        "type": "str",
        "required": True,
        "choices": ["evidence", "rung", "note", "acknowledged", "recovered", "approved"],
    },
    "store_url": {"type": "str", "required": True, "no_log": True},
    "key": {"type": "str", "default": ""},
    "detail": {"type": "dict", "default": {}},
    "facts": {"type": "dict", "default": {}},
    "categories": {"type": "list", "elements": "str", "default": []},
    "step": {"type": "str", "default": ""},
    "hours": {"type": "float", "default": 4},
    "directory": {"type": "path"},
}


class ActionModule(ActionBase):
    """Works on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the incident afterwards.

        Raises:
            AnsibleActionFail: there is no open incident, or the profile or the store cannot be used.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        host = str(variables["inventory_hostname"])
        check_mode = bool(self._task.check_mode)
        try:
            desk = desk_of(host, variables)
            opened = store.open_store(arguments["store_url"], create=not check_mode, read_only=check_mode)
            found = incidents.incidents(opened, [host], open_only=True)
            # A plan has opened none, and goes on as if it had.
            if not found and arguments["kind"] != "approved" and not check_mode:
                raise AnsibleActionFail(f"{host} has no open incident. Open ones are listed by playbooks/escalate.yml")
            if check_mode:
                return {"changed": True, "incident": incidents.wire_incident(found[0]) if found else {}}
            return self._record(opened, desk, found[0] if found else None, arguments)
        except (RunbooksError, OSError) as error:
            raise AnsibleActionFail(str(error)) from None

    def _record(
        self, opened: store.Store, desk: Desk, incident: dict[str, Any] | None, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        detail = dict(arguments["detail"])
        files: list[str] = []
        if arguments["kind"] == "approved":
            detail.update(by=desk.operator, what=arguments["step"])
            _approve(opened, desk, arguments)
        if incident is None:
            return {"changed": True, "incident": {}, "files": files}
        if arguments["kind"] == "acknowledged":
            detail["by"] = desk.operator
        if arguments["kind"] == "rung" and detail.get("approved_by") and detail.get("outcome") != "waiting":
            approvals.use_approval(opened, desk.host, str(detail.get("name")), incident["id"], desk.reading.wall)
        if arguments["kind"] == "evidence" and arguments["directory"]:
            files.append(_write_evidence(arguments["directory"], incident["id"], desk, detail))
            detail = {
                "sections": sorted(detail.get("sections") or {}),
                # The file is for people on this control node; the next one may have another disk.
                "content": detail.get("sections") or {},
                "missing": detail.get("missing") or {},
                "file": files[0],
            }
        happenings = [
            Happening(
                kind=arguments["kind"],
                key=arguments["key"] or None,
                detail=detail,
                by=desk.operator,
                categories=arguments["categories"],
                facts=arguments["facts"],
            )
        ]
        changed = incidents.happen(opened, incident["id"], desk.reading, happenings, desk.plan)
        return {"changed": True, "incident": incidents.wire_incident(changed or incident), "files": files}


def _approve(opened: store.Store, desk: Desk, arguments: Mapping[str, Any]) -> None:
    if not arguments["step"]:
        raise AnsibleActionFail("An approval names a step: -e incident_approve_step=NAME")
    known = [rung.get("action") for ladder in desk.settings.ladders for rung in ladder["rungs"] if rung.get("approval")]
    if arguments["step"] not in known:
        raise AnsibleActionFail(
            "{} has no step {} that waits for approval. Steps: {}".format(
                desk.host, arguments["step"], ", ".join(map(str, known)) or "none"
            )
        )
    now = desk.reading.wall
    approvals.approve(
        opened,
        {
            "id": "{}-approval-{}-{}".format(now.strftime("%Y%m%dT%H%M%SZ"), desk.host, secrets.token_hex(3)),
            "host": desk.host,
            "system": desk.system,
            "step": arguments["step"],
            "operator": desk.operator,
            "note": str(arguments["detail"].get("what") or ""),
            "approved": now,
            "until": now + timedelta(hours=arguments["hours"]),
        },
    )


def _write_evidence(directory: str, identity: str, desk: Desk, detail: Mapping[str, Any]) -> str:
    """Write what was gathered, whole or not at all."""
    folder = os.path.join(directory, identity)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, "evidence-{}.json".format(desk.reading.wall.strftime("%Y%m%dT%H%M%S%fZ")))
    with open(path + ".new", "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(detail, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    return path
