# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a system in one round trip, through the lean lane where the connection has one."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import validated
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import kinds, payload
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain

# Ansible imports an action once, in the process that forks a worker for every host: what is read and
# compressed here costs the same for one host and for fifty.
_LIBRARY = payload.library()
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "system": {"type": "str", "required": True},
    "checks": {"type": "list", "elements": "raw", "required": True},
    "timezone": {"type": "str", "default": "UTC"},
    "transport": {"type": "str", "choices": ["auto", "lean", "module"], "default": "auto"},
}


class ActionModule(ActionBase):
    """Validates the checks on the control side, then asks the host once."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the Results of all checks.

        Raises:
            AnsibleActionFail: bad parameters, no Python on the host, or an answer that is none.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            arguments = validated("checks_info", _ARGUMENTS, plain(self._task.args))
            checks = [engine.parse_check(check, kinds.load) for check in arguments["checks"]]
        except ProfileError as error:
            raise AnsibleActionFail(str(error)) from None
        begun = time.monotonic()
        if arguments["transport"] == "module" or (arguments["transport"] == "auto" and not self._has_lean_lane()):
            # Parameters of checks can hold passwords: the host's system log and verbose output do without them.
            quiet = {**variables, "ansible_no_target_syslog": True}
            answer = self._execute_module("aiops.runbooks.checks_info", task_vars=quiet)
            answer.pop("invocation", None)
            answer.setdefault("transport", "module")
        else:
            results = self._ask(arguments, checks, variables)
            answer = {"changed": False, "results": results, "transport": "lean"}
        answer["seconds"] = round(time.monotonic() - begun, 3)
        return answer

    def _has_lean_lane(self) -> bool:
        become = self._connection.become
        return bool(self._connection.has_pipelining and (become is None or become.pipelining))

    def _ask(
        self, arguments: dict[str, Any], checks: list[engine.Check], variables: dict[str, Any]
    ) -> list[dict[str, Any]]:
        interpreter = self._interpreter(variables)
        completed = self._low_level_execute_command(
            payload.command(interpreter),
            in_data=payload.pack(_LIBRARY, arguments["system"], arguments["timezone"], checks),
            sudoable=True,
        )
        results = payload.unpack(completed["stdout"])
        if results is not None:
            return results
        said = (completed["stderr"] or completed["stdout"]).strip().splitlines()
        if completed["rc"] == 127 or payload.NO_PYTHON in completed["stderr"]:
            place = f" at {interpreter}" if interpreter else ""
            raise AnsibleActionFail(
                f"There is no Python on this host{place}. Install Python 3.8 or later there (Debian: python3-minimal), "
                "or name it with ansible_python_interpreter"
            )
        raise AnsibleActionFail(
            "The host did not answer the checks (exit status {}): {}. Try checks_info with transport: module".format(
                completed["rc"], said[-1] if said else "it printed nothing"
            )
        )

    def _interpreter(self, variables: dict[str, Any]) -> str | None:
        named = self._templar.template(variables.get("ansible_python_interpreter") or "auto")
        if not str(named).startswith("auto"):
            return str(named)
        facts = variables.get("ansible_facts") or {}
        return facts.get("discovered_interpreter_python")
