# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the report of a play's runs and show its table, on the control side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.batches import earlier_answers
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import registered
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.assembly import assemble
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.procedures import PROCEDURES
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.table import terminal_table
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.whole_job import whole_job
from ansible_collections.aiops.runbooks.plugins.plugin_utils.report.writing import write_files

ARGUMENTS: dict[str, dict[str, Any]] = {
    "procedure": {"type": "str", "default": "weekly", "choices": list(PROCEDURES)},
    "runs": {"type": "list", "elements": "dict"},
    "store_url": {"type": "str", "required": True, "no_log": True},
    "directory": {"type": "path", "required": True},
    "languages": {"type": "list", "elements": "str", "choices": ["en", "ja"], "default": ["en", "ja"]},
    "timezone": {"type": "str"},
    "finished": {"type": "str"},
    "hosts": {"type": "list", "elements": "str"},
    "job": {"type": "str", "default": ""},
}


#: The callback that shows the table at the very end; see its documentation.
SUMMARY = "aiops.runbooks.summary"


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    _joined = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the paths of the report and every contradiction among its figures.

        Raises:
            AnsibleActionFail: the store cannot be read or the report cannot be written.
        """
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        given = arguments["runs"]
        try:
            if arguments["job"]:
                opened = store.open_store(arguments["store_url"], create=False, read_only=True)
                current = whole_job(opened, arguments["job"])
                self._joined = True
            else:
                current = given if given is not None else self._played(task_vars or {}, arguments["store_url"])
            report = assemble(
                procedure=arguments["procedure"],
                current=current,
                store_url=arguments["store_url"],
                finished=arguments["finished"] or datetime.now(UTC).isoformat(),
                languages=arguments["languages"],
                timezone=arguments["timezone"],
                hosts=arguments["hosts"],
            )
            # A plan leaves nothing on disk, and a report of nothing helps nobody.
            written = {} if self._task.check_mode or not report.runs else report.files
            files = write_files(arguments["directory"], written) if written else []
        except (RunbooksError, ValueError) as error:
            raise AnsibleActionFail(str(error)) from None
        for contradiction in report.contradictions:
            self._display.warning(f"Figures of the report do not reconcile: {contradiction}")
        if report.runs and not (current and not arguments["job"] and SUMMARY in constants.CALLBACKS_ENABLED):
            # The callback shows the runs of its own play at the very end; nobody shows those of the store.
            self._display.display(
                "\n" + terminal_table(report.runs, files, arguments["languages"][0], report.attestations)
            )
        return {
            "changed": False,
            "files": files,
            "contradictions": report.contradictions,
            "attestations": report.attestations,
            # The callback has seen the batches of its own play; what the other slices did it can only hear from here.
            "runs": report.runs if self._joined else [],
        }

    def _played(self, variables: Mapping[str, Any], store_url: str) -> list[dict[str, Any]]:
        """Return what all batches of the play recorded, and all slices of its job.

        Read as it is, because templating the records of a fleet takes seconds.
        """
        answer = registered(variables, str(variables["inventory_hostname"]), "run_recorded") or {}
        fleet = answer.get("fleet") or {}
        if fleet.get("parts", 1) > 1 and not self._task.check_mode:
            self._joined = True
            return store.job_runs(store.open_store(store_url, create=False, read_only=True), fleet["job"])
        earlier = earlier_answers(variables, fleet["part"]) if fleet.get("batch", 1) > 1 else ()
        before = [run for each in earlier for run in plain(each["runs"])]
        return [*before, *(answer.get("runs") or [])]
