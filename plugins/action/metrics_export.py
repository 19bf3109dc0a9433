# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what is recorded of a play's hosts as metrics and as test results, on the control side."""

from __future__ import annotations

import os
import re
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.atomic_file import write_atomically
from ansible_collections.aiops.runbooks.plugins.plugin_utils.catalog import load_catalog
from ansible_collections.aiops.runbooks.plugins.plugin_utils.metrics.junit import junit
from ansible_collections.aiops.runbooks.plugins.plugin_utils.metrics.textfile import textfile
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts, registered

ARGUMENTS: dict[str, dict[str, Any]] = {
    "store_url": {"type": "str", "required": True, "no_log": True},
    "directory": {"type": "path"},
    "junit_directory": {"type": "path"},
    "language": {"type": "str", "choices": ["en", "ja"], "default": "en"},
}


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the metrics of each host and the paths of what was written.

        Raises:
            AnsibleActionFail: the store cannot be read or a file cannot be written.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        try:
            opened = store.open_store(arguments["store_url"], create=False, read_only=True)
            recorded = store.last_runs_by_procedure(opened, batch_hosts(variables))
        except RunbooksError as error:
            if not self._task.check_mode:
                raise AnsibleActionFail(str(error)) from None
            # A plan records nothing: the first one finds no store.
            recorded = []
        texts = {host: textfile([run for run in recorded if run["host"] == host]) for host in _hosts(recorded)}
        files: dict[str, str] = {}
        if arguments["directory"]:
            files.update({_path(arguments["directory"], host, ".prom"): text for host, text in texts.items()})
        if arguments["junit_directory"]:
            answer = registered(variables, str(variables["inventory_hostname"]), "run_recorded") or {}
            played = answer.get("runs") or recorded
            catalog = load_catalog()
            for run in played:
                path = _path(arguments["junit_directory"], f"{run['procedure']}-{run['host']}", ".xml")
                files[path] = junit([run], catalog, arguments["language"])
        if not self._task.check_mode:
            _write(files)
        return {"changed": False, "hosts": texts, "files": [] if self._task.check_mode else sorted(files)}


def _hosts(runs: list[dict[str, Any]]) -> list[str]:
    return sorted({run["host"] for run in runs})


def _path(directory: str, name: str, ending: str) -> str:
    # An inventory name may hold what a file name must not.
    return os.path.join(directory, "aiops-" + re.sub(r"[^\w.-]", "_", name) + ending)


def _write(files: dict[str, str]) -> None:
    try:
        for path, text in files.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # Another user reads them: the node exporter, the CI server. They hold states and figures.
            write_atomically(path, text, mode=0o644 if path.endswith(".prom") else 0o600)
    except OSError as error:
        where = f"{error.filename or 'The file'} cannot be written: {error.strerror or error}."
        raise AnsibleActionFail(f"{where} Make room or give permission there, or name another directory.") from None
