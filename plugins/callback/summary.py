# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the systems, their verdicts and the path of the report where the reader's eyes are: at the end."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
author: aiops.runbooks contributors (@aiops)
version_added: 0.1.0
short_description: Table of systems and verdicts at the end of a run
description:
  - Prints a table of the systems with their verdicts, the most important reason of each, planned and done actions, and
    the path of the report, after everything else that Ansible prints.
requirements:
  - Enable it with C(callbacks_enabled = aiops.runbooks.summary) in C(ansible.cfg).
"""

from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain


class CallbackModule(CallbackBase):
    """Collects the records of all batches of a playbook."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "aiops.runbooks.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[dict[str, Any]] = []
        self.reports: list[str] = []
        self.attestations: list[dict[str, Any]] = []

    def _keep(self, result: Any) -> None:
        name = result.task.resolved_action or result.task.action
        # The look at every host passes here, too: nothing is converted that is not kept.
        if name == "aiops.runbooks.run_record":
            self.runs.extend(plain(result.result.get("runs")) or [])
        elif name == "aiops.runbooks.run_report":
            self.reports.extend(plain(result.result.get("files")) or [])
            self.attestations.extend(plain(result.result.get("attestations")) or [])
            # The last slice of a job shows all of it.
            self.runs = plain(result.result.get("runs")) or self.runs

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep the records of a batch."""
        self._keep(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep the records that could not be written to the store."""
        self._keep(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the table."""
        if not self.runs:
            return
        # Imported here: a play of somebody else that has this callback enabled must not pay for it.
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.table import terminal_table

        self._display.display("")
        self._display.display(terminal_table(self.runs, self.reports, attestations=self.attestations))
