# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a report or a text into the outbox, and deliver what is due."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.contacts import addresses
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.desk import Desk, desk_of, tell, troubles
from ansible_collections.aiops.runbooks.plugins.plugin_utils.notify.reports import report_messages
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import outbox

ARGUMENTS: dict[str, dict[str, Any]] = {
    "store_url": {"type": "str", "required": True, "no_log": True},
    "files": {"type": "list", "elements": "path", "default": []},
    "subject": {"type": "str", "default": ""},
    "text": {"type": "str", "default": ""},
    "texts": {"type": "dict", "default": {}},
    "to": {"type": "list", "elements": "str", "default": []},
    "key": {"type": "str", "default": ""},
    "patience_seconds": {"type": "float", "default": 20},
}


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what was delivered, and what was not.

        Raises:
            AnsibleActionFail: a file cannot be read, or the store cannot be used.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        try:
            texts = {Path(path).name: Path(path).read_text(encoding="utf-8") for path in arguments["files"]}
            arguments["key"] = arguments["key"] or (
                f"report/{min(texts)}" if texts else f"message/{secrets.token_hex(8)}"
            )
            # Beside files it would be a second message.
            if not texts:
                texts = {f"message.{language}.txt": text for language, text in arguments["texts"].items() if text}
            if not texts and not arguments["text"]:
                return {"changed": False, "delivered": [], "troubles": [], "refused": False, "planned": []}
            return self._send(variables, arguments, texts)
        except (RunbooksError, OSError) as error:
            raise AnsibleActionFail(str(error)) from None

    def _send(
        self, variables: dict[str, Any], arguments: Mapping[str, Any], texts: Mapping[str, str]
    ) -> dict[str, Any]:
        check_mode = bool(self._task.check_mode)
        lines: list[str] = []
        desks = _desks(batch_hosts(variables), variables, lines)
        key = arguments["key"]
        planned: dict[str, tuple[Desk, dict[str, Any]]] = {}
        for desk in desks:
            wanted = arguments["to"] or list(desk.settings.report_to)
            ways, missing = addresses(wanted, desk.settings.contacts, desk.reading.wall, desk.settings.timezone)
            lines += [f"{desk.host}: nobody is known for {role}" for role in missing]
            # Systems of one play share their report: a receiver that several of them name gets it once.
            for message in report_messages(ways, texts, key, arguments["subject"], arguments["text"]):
                planned.setdefault(message["id"], (desk, message))
        if check_mode:
            return {
                "changed": bool(planned),
                "planned": sorted(planned),
                "delivered": [],
                "troubles": lines,
                "refused": False,
            }
        opened = store.open_store(arguments["store_url"])
        known = {row["id"] for row in outbox.messages(opened)}
        for desk, message in planned.values():
            outbox.enqueue(opened, [message], desk.host, datetime.now(UTC))
        outcome = tell(opened, desks, arguments["patience_seconds"])
        return {
            "changed": bool(set(planned) - known or outcome.delivered),
            "planned": sorted(planned),
            "delivered": outcome.delivered,
            "troubles": lines + troubles(outcome),
            "refused": bool(outcome.refused),
        }


def _desks(hosts: list[str], variables: dict[str, Any], lines: list[str]) -> list[Desk]:
    desks = []
    for host in hosts:
        try:
            desks.append(desk_of(host, variables))
        except ProfileError as error:
            lines.append(str(error))
    return desks
