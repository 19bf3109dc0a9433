# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove old records from the store, on the control side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.clock import wire_time

ARGUMENTS: dict[str, dict[str, Any]] = {
    "store_url": {"type": "str", "required": True, "no_log": True},
    "keep_days": {"type": "float", "default": 400},
}
#: A quarter is compared with the one before.
LEAST_DAYS = 200


class ActionModule(ActionBase):
    """Runs on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return how many records went, or would go.

        Raises:
            AnsibleActionFail: the time is too short for the reports, or the store is not there or cannot be used.
        """
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        if arguments["keep_days"] < LEAST_DAYS:
            raise AnsibleActionFail(
                f"keep_days is {arguments['keep_days']:g}: the reports compare a quarter with the one before. "
                f"Give {LEAST_DAYS} or more."
            )
        check_mode = bool(self._task.check_mode)
        before = datetime.now(UTC) - timedelta(days=arguments["keep_days"])
        try:
            opened = store.open_store(arguments["store_url"], create=False, read_only=check_mode)
            removed = store.expired(opened, before) if check_mode else store.expire(opened, before)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"changed": any(removed.values()), "before": wire_time(before), "removed": removed}
