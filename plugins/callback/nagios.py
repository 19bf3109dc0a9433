# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line and the exit status of a Nagios plugin, for monitoring systems that start a playbook (SBX-04)."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nagios
type: stdout
author: aiops.runbooks contributors (@aiops)
version_added: 0.1.0
short_description: One line and a Nagios exit status
description:
  - Prints one line for all systems of a run, with the checks that are not well and the performance data of those that
    have a figure, and nothing else.
  - Ends C(ansible-playbook) with 0 (ok), 1 (warning), 2 (critical) or 3 (unknown). A run that recorded nothing is
    unknown.
requirements:
  - Select it with C(ANSIBLE_STDOUT_CALLBACK=aiops.runbooks.nagios).
"""

EXAMPLES = r"""
# ANSIBLE_STDOUT_CALLBACK=aiops.runbooks.nagios ansible-playbook aiops.runbooks.check -i inventory -l wiki-1
"""

from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.aiops.runbooks.plugins.plugin_utils.nagios import plugin_line
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain


class CallbackModule(CallbackBase):
    """Keeps the records of a run and says them in one line."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "aiops.runbooks.nagios"

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[dict[str, Any]] = []
        self.problem = ""

    def _keep(self, result: Any, failed: bool) -> None:
        answer = plain(result.result)
        if (result.task.resolved_action or result.task.action) == "aiops.runbooks.run_record":
            self.runs.extend(answer.get("runs") or [])
        if failed and not self.problem:
            self.problem = str(answer.get("msg") or "a task failed")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep the records of a batch."""
        self._keep(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep what failed first, for a run that records nothing."""
        self._keep(result, failed=not ignore_errors)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the line and end with its status: a monitoring system reads nothing else."""
        status, line = plugin_line(self.runs, self.problem)
        self._display.display(line)
        raise SystemExit(status)
