# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template takes when it is launched: by a person, a schedule or a workflow."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.awx import surveys
from tests.integration.awx.fields import variables_of
from tests.integration.awx.resources import PROMPTS

NOT_PROMPTED = "Field is not configured to prompt on launch."
NOT_TAKEN = "Field is not allowed on launch."
NO_VARIABLES = (
    "Variables {} are not allowed on launch. Check the Prompt on Launch setting on the {} to include Extra Variables."
)
TITLES = {"job_template": "Job Template", "workflow_job_template": "Workflow Job Template"}


def accepted(
    template: dict[str, Any], spec: dict[str, Any], given: dict[str, Any], *, required: bool = True
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Judge the answers that somebody brings.

    Args:
        template: the template.
        spec: its survey.
        given: prompts by name, and `extra_vars`.
        required: whether answers that are required have to be there now.

    Returns:
        Variables that the job is given, what is ignored, and errors by field.
    """
    if template["type"] not in TITLES:
        prompts = {name: [NOT_TAKEN] for name, value in given.items() if value not in (None, {})}
        return {}, {name: given[name] for name in prompts}, prompts
    errors: dict[str, Any] = {}
    ignored: dict[str, Any] = {}
    for name, switch in PROMPTS.items():
        value = given.get(name)
        if value is None or value == template.get(name) or template.get(switch):
            continue
        ignored[name] = value
        errors[name] = NOT_PROMPTED
    variables, refused, wrong = _variables(template, spec, given.get("extra_vars") or {}, required)
    if refused:
        ignored["extra_vars"] = refused
    return variables, ignored, {**errors, **wrong}


def _variables(
    template: dict[str, Any], spec: dict[str, Any], given: dict[str, Any], required: bool
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    errors: dict[str, Any] = {}
    left, taken, refused = dict(given), {}, {}
    faults = []
    for question in spec.get("spec", []) if template["survey_enabled"] else []:
        found = surveys.faults(question, given, required=required)
        name = question["variable"]
        if name in left:
            (refused if found else taken)[name] = left.pop(name)
        faults += found
    if faults:
        errors["variables_needed_to_start"] = faults
    if template["ask_variables_on_launch"]:
        taken.update(left)
    elif left:
        refused.update(left)
        errors["extra_vars"] = [NO_VARIABLES.format(", ".join(left), TITLES[template["type"]])]
    return taken, refused, errors


def job_variables(template: dict[str, Any], spec: dict[str, Any], taken: dict[str, Any]) -> dict[str, Any]:
    """Return the variables that the playbook is called with: those of template and survey, and what was brought."""
    asked = surveys.defaults(spec) if template["survey_enabled"] else {}
    variables = {**variables_of(template["extra_vars"]), **asked, **taken}
    return dict(json.loads(json.dumps(variables)))
