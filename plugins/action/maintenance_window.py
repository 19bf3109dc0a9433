# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, end and list the maintenance windows of hosts, in one write on the control side."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import profile, store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.maintenance import (
    MaintenanceError,
    Place,
    window_moments,
    window_record,
    window_texts,
)
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain

ARGUMENTS: dict[str, dict[str, Any]] = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "default": "listed", "choices": ["planned", "ended", "cancelled", "listed"]},
    "window": {"type": "str"},
    "start": {"type": "str"},
    "end": {"type": "str"},
    "reason": {"type": "str"},
    "ids": {"type": "list", "elements": "str"},
    "store_url": {"type": "str", "required": True, "no_log": True},
}
#: Later than any window.
EVER = datetime(9999, 1, 1, tzinfo=UTC)


class ActionModule(ActionBase):
    """Works on the control side, without a connection: a host that is down can be in maintenance, too."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the windows that were planned or ended, or those that are not over.

        Raises:
            AnsibleActionFail: the times cannot be, there is no reason, no such window, or the store cannot be used.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        now = datetime.now(UTC)
        check_mode = bool(self._task.check_mode)
        try:
            if arguments["state"] == "planned":
                records = _records(variables, arguments, now)
                opened = store.open_store(arguments["store_url"], create=not check_mode, read_only=check_mode)
                windows = store.plan_maintenance(opened, records, apply=not check_mode)
            else:
                only_read = check_mode or arguments["state"] == "listed"
                opened = store.open_store(arguments["store_url"], create=False, read_only=only_read)
                windows = _ended(opened, arguments, now, check_mode)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None
        changed = arguments["state"] != "listed" and bool(windows)
        shown = [{key: value for key, value in window.items() if value is not None} for window in windows]
        return {
            "changed": changed,
            "windows": shown,
            "summary": [_sentence(window) for window in shown],
            "texts": window_texts(shown, {host: _place(variables["hostvars"][host]) for host in _hosts(shown)}),
        }


def _hosts(windows: list[dict[str, Any]]) -> set[str]:
    return {window["host"] for window in windows}


def _place(variables: Mapping[str, Any]) -> Place:
    name = plain(variables["system_name"])
    return Place(
        title=plain(variables.get("system_title")) or {"en": name, "ja": name},
        zone=plain(variables.get("system_timezone")) or "UTC",
    )


def _records(variables: dict[str, Any], arguments: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    reason = (arguments["reason"] or "").strip()
    if not reason:
        raise MaintenanceError("a maintenance window needs a reason", "Say what is done: -e window_reason='...'")
    records = []
    for host in arguments["hosts"]:
        found = profile.resolve(host, variables["hostvars"][host], variables["hostvars"].raw_get(host), "check")
        begins, ends = window_moments(arguments["start"], arguments["end"], arguments["window"], found.timezone, now)
        who = store.current_holder()
        records.append(window_record(host, found.system, begins, ends, reason, who, now, secrets.token_hex(3)))
    return records


def _ended(opened: store.Store, arguments: dict[str, Any], now: datetime, check_mode: bool) -> list[dict[str, Any]]:
    hosts, ids, cancel = arguments["hosts"], arguments["ids"], arguments["state"] == "cancelled"
    present = [window for window in store.maintenance_windows(opened, hosts, now, EVER) if not window["closed"]]
    unknown = sorted(set(ids or ()) - {window["id"] for window in present})
    if unknown:
        raise MaintenanceError(
            f"there is no maintenance window {unknown[0]} that is not over",
            "Windows: {}".format(", ".join(window["id"] for window in present) or "none"),
        )
    if arguments["state"] == "listed":
        return present
    who = store.current_holder().operator
    return store.close_maintenance(opened, hosts, now, who, identities=ids, planned=cancel, apply=not check_mode)


def _sentence(window: dict[str, Any]) -> str:
    ended = " (ended by {})".format(window["closed_by"]) if window.get("closed_by") else ""
    return "{host}: {begins} to {until}, {reason} [{id}]{0}".format(ended, **window)
