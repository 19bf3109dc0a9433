#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an application's own command and judge it by what it left."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application_run
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Run an application's own command and judge it by what it left
description:
  - Runs a command of an application within a time limit and judges the run by its output and by the files that it
    wrote, because applications end with status 0 without having done anything, and after errors.
  - A run fails when it takes too long, ends with another status or by a signal (status 139 of a shell included), prints
    what only a failure prints, does not print what a success prints, writes nothing where it has to write, or does not
    name a figure that its log has to name.
  - The output goes to files while the command runs. A command that takes too long is ended with all that it started.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: Checks what the run requires, and says what would be run.
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  argv:
    description: Program and arguments.
    type: list
    elements: str
    required: true
  chdir:
    description: Working directory.
    type: path
  environment:
    description: Variables that are added to the environment.
    type: dict
    default: {}
  secret_environment:
    description: Variables that are added to the environment and shown nowhere.
    type: dict
    default: {}
  requires:
    description: Paths that have to exist, each under the name of the variable that gives it.
    type: dict
    default: {}
  timeout_seconds:
    description: How long the run may take.
    type: float
    default: 600
  stop_argv:
    description: Command that ends the run where ending the process does not, such as the removal of a container.
    type: list
    elements: str
    default: []
  log_directory:
    description: Directory that keeps what the run prints. Without it, the last lines are returned and no more.
    type: path
  log_name:
    description: Beginning of the names of those files.
    type: str
    default: run
  success_codes:
    description: Exit statuses that are no failure.
    type: list
    elements: int
    default: [0]
  success_patterns:
    description: Regular expressions that are all found in what a successful run prints.
    type: list
    elements: str
    default: []
  failure_patterns:
    description: Regular expressions of lines that only a failed run prints.
    type: list
    elements: str
    default: []
  produces:
    description: Files and globs where a run leaves something new.
    type: list
    elements: str
    default: []
  figures:
    description: What the log and the summary of a run have to name.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the figure.
        type: str
        required: true
      pattern:
        description: Regular expression whose first group is the value, in what the run prints.
        type: str
      key:
        description: Dotted key in one of the JSON files that the run wrote where O(produces) says.
        type: str
"""

EXAMPLES = r"""
- name: Run the pipeline on one file
  aiops.runbooks.application_run:
    argv: [/srv/jobs/.venv/bin/python, src/main.py, /srv/in/today.csv]
    chdir: /srv/jobs
    requires: {jobs_input: /srv/in/today.csv}
    timeout_seconds: 1800
    produces: [/srv/jobs/output/*/summary.json]
    figures:
      - {name: run_id, pattern: 'Run ID: (\S+)'}
      - {name: unknown_count, key: coverage.unknown_count}
  async: 1900
  poll: 15
"""

RETURN = r"""
figures:
  description: The figures that were found.
  returned: when it was run
  type: dict
  sample: {run_id: 64769c4d5a2435d4, unknown_count: 4}
missing:
  description: Names of the figures that were not found.
  returned: when it was run
  type: list
  elements: str
  sample: []
faults:
  description: Why the run is a failure, one sentence each.
  returned: when it was run
  type: list
  elements: str
  sample: []
produced:
  description: Files that are new or different since the run.
  returned: when it was run
  type: list
  elements: str
  sample: [/srv/jobs/output/64769c4d5a2435d4/summary.json]
logs:
  description: The files that keep what it printed.
  returned: when it was run
  type: list
  elements: str
  sample: [/srv/jobs/log/run_20260301_031500.out.log, /srv/jobs/log/run_20260301_031500.err.log]
tail:
  description: The last lines that it printed.
  returned: when it was run
  type: list
  elements: str
  sample: ["Pipeline completed successfully!"]
seconds:
  description: How long it took.
  returned: when it was run
  type: float
  sample: 16.2
returncode:
  description: Exit status; negative for a signal.
  returned: when it was run
  type: int
  sample: 0
command:
  description: What was run, or would be.
  returned: always
  type: str
  sample: /srv/jobs/.venv/bin/python src/main.py /srv/in/today.csv
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.application_run import (
    Command,
    faults_of,
    new_since,
    run,
    snapshot,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.run_figures import (
    figures_in,
    json_files,
    lines_with,
    not_found,
)


def main() -> None:
    """Check what is required, run, judge."""
    texts: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "argv": {"type": "list", "elements": "str", "required": True},
            "chdir": {"type": "path"},
            "environment": {"type": "dict", "default": {}},
            "secret_environment": {"type": "dict", "default": {}, "no_log": True},
            "requires": {"type": "dict", "default": {}},
            "timeout_seconds": {"type": "float", "default": 600},
            "stop_argv": texts,
            "log_directory": {"type": "path"},
            "log_name": {"type": "str", "default": "run"},
            "success_codes": {"type": "list", "elements": "int", "default": [0]},
            "success_patterns": texts,
            "failure_patterns": texts,
            "produces": texts,
            "figures": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "pattern": {"type": "str"},
                    "key": {"type": "str", "no_log": False},
                },
            },
        },
        supports_check_mode=True,
    )
    shown = {"command": " ".join(module.params["argv"])}
    refusal = _refusal(module)
    if refusal:
        module.fail_json(msg=refusal, **shown)
    if module.check_mode:
        module.exit_json(changed=True, **shown)
    try:
        result, faults = execute(module.params)
    except RunbooksError as error:
        module.fail_json(msg=str(error), **shown)
    if faults:
        module.fail_json(msg="{}: {}".format(shown["command"], ". ".join(faults)), changed=True, **shown, **result)
    module.exit_json(changed=True, **shown, **result)


def execute(parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Run the command; return what a person wants to know, and the faults.

    Args:
        parameters: of the module.

    Raises:
        RunbooksError: the command cannot be started, or a pattern cannot be used.
    """
    wanted, produces = parameters["figures"], parameters["produces"]
    for name in ("success_patterns", "failure_patterns"):
        not_found("", parameters[name], name)
    figures_in("", {}, wanted)
    environment = {**parameters["environment"], **parameters["secret_environment"]}
    command = Command(
        argv=tuple(parameters["argv"]),
        chdir=parameters["chdir"],
        environment={name: str(value) for name, value in environment.items()},
        timeout_seconds=parameters["timeout_seconds"],
        stop_argv=tuple(parameters["stop_argv"]),
        log_directory=parameters["log_directory"],
        log_name=parameters["log_name"],
    )
    before = snapshot(produces)
    ended = run(command)
    produced = new_since(before, snapshot(produces))
    figures, missing = figures_in(ended.output, json_files(produced), wanted)
    faults = faults_of(
        {
            "returncode": ended.returncode,
            "success_codes": parameters["success_codes"],
            "timed_out": ended.timed_out,
            "timeout_seconds": parameters["timeout_seconds"],
            "failure_lines": lines_with(ended.output, parameters["failure_patterns"], "failure_patterns"),
            "success_missing": not_found(ended.output, parameters["success_patterns"], "success_patterns"),
            "produces": produces,
            "produced": produced if produces else None,
            "missing": missing,
        }
    )
    result = {
        "figures": figures,
        "missing": missing,
        "faults": faults,
        "produced": produced,
        "logs": list(ended.logs),
        "tail": ended.tail(),
        "seconds": ended.seconds,
        "returncode": ended.returncode,
    }
    return result, faults


def _refusal(module: AnsibleModule) -> str:
    """Return why the command cannot be run; empty when it can."""
    given = module.params
    for name, path in given["requires"].items():
        if not path:
            return f"{name} is empty. Give it, for example with -e {name}=..."
        if not os.path.exists(str(path)):
            return f"{path} does not exist. Correct {name}"
    for name in ("chdir", "log_directory"):
        if given[name] and not os.path.isdir(given[name]):
            return f"{given[name]} is no directory. Correct {name}"
    program = given["argv"][0] if given["argv"] else ""
    place = os.path.join(given["chdir"] or "", program) if "/" in program else module.get_bin_path(program)
    if not place or not os.access(place, os.X_OK):
        return f"The program {program!r} cannot be run. Correct argv"
    return ""


if __name__ == "__main__":
    main()
