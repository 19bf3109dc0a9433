# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX 24.6.1 demands of an object as a whole, kind by kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined, TemplateError, UndefinedError

from tests.integration.awx import launching, recurrence
from tests.integration.awx.fields import RefusedError
from tests.integration.awx.resources import PROMPTS

Object = dict[str, Any]
IDENTIFIER = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")
PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+-----END [A-Z ]*PRIVATE KEY-----\s*", re.DOTALL)
FIELD_KEYS = frozenset(
    ("id", "label", "help_text", "type", "format", "choices", "default", "multiline", "secret", "ask_at_runtime")
)
#: What a notification of a kind has to say; a default fills what is left out.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "slack": {"token": None, "channels": None, "hex_color": ""},
    "email": {
        **dict.fromkeys(("host", "port", "username", "password", "use_tls", "use_ssl", "sender", "recipients")),
        "timeout": 30,
    },
    "webhook": {
        "url": None,
        "headers": None,
        "http_method": "POST",
        "disable_ssl_verification": False,
        "username": "",
        "password": "",
    },
}
FORMS = {"channels": list, "recipients": list, "headers": dict, "port": int, "use_tls": bool, "use_ssl": bool}


class Rules:
    """Rules of objects, asked before one is kept.

    Args:
        get: gives an object by path and number.
        survey_of: gives the survey of a template by number.
        playbooks_of: gives the playbooks that a project's last update found.
        used: says whether any object of a path names this one in a field.
    """

    def __init__(
        self,
        get: Callable[[str, int], Object],
        survey_of: Callable[[int], Object],
        playbooks_of: Callable[[int], list[str]],
        used: Callable[[str, str, int], bool],
    ) -> None:
        self.get, self.survey_of, self.playbooks_of, self.used = get, survey_of, playbooks_of, used

    def check(self, path: str, there: Object, before: Object | None) -> None:
        """Judge an object as it would be kept, and complete it.

        Raises:
            RefusedError: AWX says no.
        """
        rule = getattr(self, f"_{path}", None)
        if rule:
            rule(there, before)

    def _projects(self, there: Object, _before: Object | None) -> None:
        if there["scm_type"] and not any(urlsplit(there["scm_url"])):
            raise RefusedError({"scm_url": ["SCM URL is required."]})
        if not there["scm_type"]:
            there["scm_url"] = ""

    def _inventory_sources(self, there: Object, _before: Object | None) -> None:
        if there["source"] == "scm" and there["source_project"] is None:
            raise RefusedError({"source_project": ["Project required for scm type sources."]})
        if there["source"] != "scm" and (there["source_path"] or there["source_project"]):
            raise RefusedError({"detail": ["Cannot set source_path if not SCM type."]})

    def _credential_types(self, there: Object, before: Object | None) -> None:
        if before and before["managed"]:
            raise RefusedError({"detail": "Modifications not allowed for managed credential types"}, 403)
        if before and self.used("credentials", "credential_type", before["id"]) and there["inputs"] != before["inputs"]:
            raise RefusedError(
                {"detail": "Modifications to inputs are not allowed for credential types that are in use"}, 403
            )
        if there["kind"] not in ("cloud", "net"):
            raise RefusedError({"kind": [f"Must be 'cloud' or 'net', not {there['kind']}"]})
        names = set()
        for field in there["inputs"].get("fields", []):
            unknown = set(field) - FIELD_KEYS
            if unknown or not IDENTIFIER.fullmatch(field.get("id", "")) or "label" not in field:
                raise RefusedError({"inputs": [f"Schema validation failed: {field}"]})
            if field["id"] in names or field["id"] == "tower":
                raise RefusedError({"inputs": [f"{field['id']} is declared twice, or reserved"]})
            names.add(field["id"])
            field.setdefault("type", "string")
        if set(there["inputs"]) - {"fields", "required", "metadata", "dependencies"}:
            raise RefusedError({"inputs": ["Schema validation failed: additional properties"]})
        if set(there["inputs"].get("required", [])) - names:
            raise RefusedError({"inputs": ["required names a field that is not there"]})
        self._injectors(there["injectors"], names)

    def _injectors(self, injectors: Object, names: set[str]) -> None:
        if set(injectors) - {"file", "env", "extra_vars"}:
            raise RefusedError({"injectors": ["Schema validation failed: additional properties"]})
        filled = {**dict.fromkeys(names, "x"), "tower": {"filename": "x"}}
        for kind, templates in injectors.items():
            for name, template in templates.items():
                if kind == "env" and name.startswith("ANSIBLE_"):
                    raise RefusedError({"injectors": [f"Environment variable {name} may affect Ansible configuration"]})
                try:
                    Environment(undefined=StrictUndefined, autoescape=True).from_string(template).render(filled)
                except UndefinedError as error:
                    raise RefusedError({"injectors": [f"{name} uses an undefined field ({error})"]}) from None
                except TemplateError as error:
                    raise RefusedError(
                        {"injectors": [f"Syntax error rendering template for {name} ({error})"]}
                    ) from None

    def _credentials(self, there: Object, before: Object | None) -> None:
        kind = self.get("credential_types", there["credential_type"])
        fields = {field["id"]: field for field in kind["inputs"].get("fields", [])}
        for name, value in there["inputs"].items():
            if name not in fields:
                raise RefusedError({"inputs": [f"Additional properties are not allowed ('{name}' was unexpected)"]})
            wanted = bool if fields[name].get("type") == "boolean" else str
            if not isinstance(value, wanted):
                raise RefusedError(
                    {"inputs": {name: [f"{value!r} is not of type {fields[name].get('type', 'string')!r}"]}}
                )
            if fields[name].get("format") == "ssh_private_key" and value and not PEM.fullmatch(value):
                raise RefusedError({"inputs": {"ssh_key_data": ["Invalid certificate or key: ..."]}})
            if "choices" in fields[name] and value not in fields[name]["choices"]:
                raise RefusedError({"inputs": {name: [f"'{value}' is not one of {fields[name]['choices']}"]}})
        missing = [name for name in kind["inputs"].get("required", []) if not there["inputs"].get(name)]
        if missing:
            raise RefusedError({"inputs": {name: [f"required for {kind['name']}"] for name in missing}})
        if before and before["credential_type"] != there["credential_type"]:
            raise RefusedError({"credential_type": ["You cannot change the credential type of the credential"]})

    def _notification_templates(self, there: Object, before: Object | None) -> None:
        given = there["notification_configuration"]
        wanted = CONFIGURATIONS.get(there["notification_type"], {})
        for name, default in wanted.items():
            if default is not None:
                given.setdefault(name, default)
        missing = [name for name in wanted if name not in given]
        if missing:
            raise RefusedError(
                {"notification_configuration": [f"Missing required fields for Notification Configuration: {missing}."]}
            )
        wrong = [name for name, value in given.items() if name in FORMS and not isinstance(value, FORMS[name])]
        if wrong:
            raise RefusedError(
                {"notification_configuration": [f"Configuration field '{name}' incorrect type" for name in wrong]}
            )

    def _job_templates(self, there: Object, _before: Object | None) -> None:
        if there["project"] is None:
            raise RefusedError({"project": ["This field is required."]})
        project = self.get("projects", there["project"])
        there["organization"] = project["organization"]
        if not there["playbook"]:
            raise RefusedError({"playbook": ["Must select playbook for project."]})
        if not project["allow_override"]:
            if there["playbook"] not in self.playbooks_of(project["id"]):
                raise RefusedError({"playbook": ["Playbook not found for project."]})
            if there["scm_branch"]:
                raise RefusedError({"scm_branch": ["Project does not allow overriding branch."]})
        if there["inventory"] is None and not there["ask_inventory_on_launch"]:
            raise RefusedError({"inventory": ["Must either set a default value or ask to prompt on launch."]})

    def _schedules(self, there: Object, before: Object | None) -> None:
        if not before or before["rrule"] != there["rrule"]:
            faults = recurrence.faults(there["rrule"])
            if faults:
                raise RefusedError({"rrule": faults})
        template = self.get("unified_job_templates", there["unified_job_template"])
        if template["type"] == "project" and not template["scm_type"]:
            raise RefusedError({"unified_job_template": ["Manual Project cannot have a schedule set."]})
        self._kept(there, template, required=True)

    def _workflow_job_template_nodes(self, there: Object, before: Object | None) -> None:
        if before and before["workflow_job_template"] != there["workflow_job_template"]:
            there["workflow_job_template"] = before["workflow_job_template"]
        if there["unified_job_template"] is not None:
            template = self.get("unified_job_templates", there["unified_job_template"])
            # What is required may come from the workflow, so a node does not have to bring it.
            self._kept(there, template, required=False)

    def _kept(self, there: Object, template: Object, *, required: bool) -> None:
        given = {name: there[name] for name in PROMPTS}
        given["extra_vars"] = there["extra_data"]
        _taken, _ignored, errors = launching.accepted(
            template, self.survey_of(template["id"]), given, required=required
        )
        if "extra_vars" in errors:
            errors["extra_data"] = errors.pop("extra_vars")
        if errors:
            raise RefusedError(errors)
