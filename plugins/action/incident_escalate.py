# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do what is due in all open incidents of a play, deliver messages, write reports."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents import document
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.desk import Desk, desk_of, tell, troubles
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import RECOVERED, figures
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents, outbox

ARGUMENTS: dict[str, dict[str, Any]] = {
    "store_url": {"type": "str", "required": True, "no_log": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "patience_seconds": {"type": "float", "default": 10},
    "report_directory": {"type": "path"},
    "languages": {"type": "list", "elements": "str", "choices": ["en", "ja"], "default": ["en", "ja"]},
}

#: For how long a final report that is missing on this control node is written.
DAYS_REPORTED = 7


class ActionModule(ActionBase):
    """Runs once for the whole play, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is open, what was told, and what could not be delivered.

        Raises:
            AnsibleActionFail: the store cannot be used.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        check_mode = bool(self._task.check_mode)
        try:
            opened = store.open_store(arguments["store_url"], create=not check_mode, read_only=check_mode)
            return _escalated(opened, arguments, variables, check_mode)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None


def _escalated(
    opened: store.Store, arguments: dict[str, Any], variables: dict[str, Any], check_mode: bool
) -> dict[str, Any]:
    found = incidents.incidents(opened, open_only=True)
    waiting = outbox.messages(opened, states=[outbox.PENDING])
    ended = _without_final(incidents.incidents(opened, arguments["hosts"]), arguments)
    asked = {row["host"] for row in (*found, *waiting, *ended)}
    lines = [
        f"{host} has an open incident or waiting messages, but is not in this play"
        for host in sorted(asked - set(arguments["hosts"]))
    ]
    desks: dict[str, Desk] = {}
    for host in sorted(asked & set(arguments["hosts"])):
        try:
            desks[host] = desk_of(host, variables)
        except ProfileError as error:
            lines.append(str(error))
    before = len(outbox.messages(opened))
    delivered: list[str] = []
    refused = False
    if not check_mode:
        for incident in found:
            desk = desks.get(incident["host"])
            if desk is not None:
                incidents.happen(opened, incident["id"], desk.reading, [], desk.plan)
        outcome = tell(opened, list(desks.values()), arguments["patience_seconds"])
        delivered, refused = outcome.delivered, bool(outcome.refused)
        lines += troubles(outcome)
    planned = len(outbox.messages(opened)) - before
    files = _write_reports(opened, desks, arguments, check_mode)
    everything = incidents.incidents(opened, arguments["hosts"])
    return {
        "changed": bool(planned or delivered),
        "open": [incidents.wire_incident(each) for each in everything if each["state"] != RECOVERED],
        "planned": planned,
        "delivered": delivered,
        "troubles": lines,
        "refused": refused,
        "files": files,
        "figures": figures(everything),
    }


def _without_final(found: list[dict[str, Any]], arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the incidents that are over and have no final report yet; none when no reports are written.

    A control node that begins with an empty disk has none at all: of what is long over it writes none.
    """
    directory = arguments.get("report_directory")
    since = datetime.now(UTC) - timedelta(days=DAYS_REPORTED)
    over = [each for each in found if directory and each["state"] == RECOVERED and each["recovered"] >= since]
    return [
        each for each in over if not os.path.exists(_path(directory, each, document.FINAL, arguments["languages"][-1]))
    ]


def _path(directory: str, incident: dict[str, Any], stage: str, language: str) -> str:
    return os.path.join(directory, f"{incident['id']}.{stage}.{language}.txt")


def _write_reports(
    opened: store.Store, desks: dict[str, Desk], arguments: dict[str, Any], check_mode: bool
) -> list[str]:
    """Write the reports of what is open, and of what is over since the last time."""
    directory = arguments.get("report_directory")
    if not directory or check_mode:
        return []
    everything = incidents.incidents(opened, list(desks))
    shown = [each for each in everything if each["state"] != RECOVERED] + _without_final(everything, arguments)
    events = incidents.incident_events(opened, [each["id"] for each in shown])
    os.makedirs(directory, mode=0o700, exist_ok=True)
    files = []
    for each in shown:
        stages = [document.INITIAL, document.UPDATE]
        stage = document.FINAL if each["state"] == RECOVERED else stages[_has_moved(events[each["id"]])]
        for language in arguments["languages"]:
            text = document.incident_report(each, events[each["id"]], desks[each["host"]].settings, stage, language)
            path = _path(directory, each, stage, language)
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(path + ".new", path)
            files.append(path)
    return files


def _has_moved(events: list[dict[str, Any]]) -> bool:
    return any(event["kind"] in ("rung", "note", "acknowledged") for event in events)
