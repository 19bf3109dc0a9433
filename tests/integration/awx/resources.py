# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of AWX 24.6.1 that the stand-in knows: their fields, their roles and what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.integration.awx.fields import Field, boolean, choice, link, name, number, text

DEFAULT_PAGE = 25
NOTIFIED = tuple(f"notification_templates_{when}" for when in ("started", "success", "error"))
SCM = ("", "git", "svn", "insights", "archive")
SOURCES = ("file", "constructed", "scm", "ec2", "gce", "azure_rm", "vmware", "satellite6", "openstack", "rhv")
JOB_TYPES = ("run", "check")
VERBOSITY = (0, 1, 2, 3, 4, 5)
SERVICES = ("awssns", "email", "grafana", "irc", "mattermost", "pagerduty", "rocketchat", "slack", "twilio", "webhook")
VARIABLES = Field("variables")
#: Prompt of a launch, and the switch of the template that allows it.
PROMPTS = {
    "inventory": "ask_inventory_on_launch",
    "scm_branch": "ask_scm_branch_on_launch",
    "job_type": "ask_job_type_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "limit": "ask_limit_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "verbosity": "ask_verbosity_on_launch",
    "execution_environment": "ask_execution_environment_on_launch",
    "forks": "ask_forks_on_launch",
    "job_slice_count": "ask_job_slice_count_on_launch",
    "timeout": "ask_timeout_on_launch",
}
_NOTHING = {"default": None, "null": True}
#: The same prompts where they are kept: in a schedule, in a node of a workflow.
KEPT: dict[str, Field] = {
    "extra_data": Field("data", {}),
    "inventory": link("inventories"),
    "execution_environment": link("execution_environments"),
    "scm_branch": text(**_NOTHING),
    "job_type": Field("choice", None, null=True, choices=JOB_TYPES),
    "job_tags": text(**_NOTHING),
    "skip_tags": text(**_NOTHING),
    "limit": text(**_NOTHING),
    "diff_mode": Field("bool", None, null=True),
    "verbosity": Field("choice", None, null=True, choices=VERBOSITY),
    "forks": number(None),
    "job_slice_count": number(None),
    "timeout": number(None),
}
ASKED = {
    switch: boolean()
    for switch in [
        *PROMPTS.values(),
        *(f"ask_{each}_on_launch" for each in ("variables", "credential", "labels", "instance_groups")),
    ]
}


@dataclass(frozen=True)
class Kind:
    """A resource.

    Args:
        type: its name in an object's `type`.
        fields: its fields by name.
        roles: roles that can be had on an object.
        relations: path of the resource below each list that belongs to an object.
        unique: fields that no two objects may share.
        launched: whether it is one of the unified job templates, which share their numbers.
    """

    type: str
    fields: dict[str, Field]
    roles: tuple[str, ...] = ()
    relations: dict[str, str] = field(default_factory=dict)
    unique: tuple[str, ...] = ("name",)
    launched: bool = False


def _kind(kind: str, fields: dict[str, Field], **more: Any) -> Kind:
    return Kind(kind, {"name": name(), "description": text(), **fields}, **more)


_OF_ORGANIZATION = ("project", "inventory", "credential", "workflow", "notification", "job_template")
_NOTIFICATIONS = dict.fromkeys(NOTIFIED, "notification_templates")
_APPROVALS = {**_NOTIFICATIONS, "notification_templates_approvals": "notification_templates"}
_OWNED = ("organization", "name")

KINDS: dict[str, Kind] = {
    "organizations": _kind(
        "organization",
        {"max_hosts": number(), "default_environment": link("execution_environments")},
        roles=("admin", "execute", "member", "auditor", "read", "approval", *(f"{o}_admin" for o in _OF_ORGANIZATION)),
        relations={**_APPROVALS, "instance_groups": "instance_groups", "galaxy_credentials": "credentials"},
    ),
    "teams": _kind(
        "team",
        {"organization": link("organizations", required=True)},
        roles=("admin", "member", "read"),
        relations={"users": "users"},
        unique=_OWNED,
    ),
    "users": Kind(
        "user",
        {"username": name(), "email": text(), "is_superuser": boolean()},
        roles=("admin", "read"),
        unique=("username",),
    ),
    "execution_environments": _kind(
        "execution_environment",
        {
            "organization": link("organizations"),
            "image": name(),
            "credential": link("credentials"),
            "pull": choice("always", "missing", "never"),
            "managed": Field("bool", False, read_only=True),
        },
    ),
    "credential_types": _kind(
        "credential_type",
        {
            "kind": choice("ssh", "vault", "net", "scm", "cloud", "insights", default=None, required=True, blank=False),
            "inputs": Field("json", {}),
            "injectors": Field("json", {}),
            "managed": Field("bool", False, read_only=True),
        },
        unique=("name", "kind"),
    ),
    "credentials": _kind(
        "credential",
        {
            "organization": link("organizations"),
            "credential_type": link("credential_types", required=True),
            "inputs": Field("json", {}),
        },
        roles=("admin", "use", "read"),
        unique=("organization", "name", "credential_type"),
    ),
    "projects": _kind(
        "project",
        {
            "organization": link("organizations"),
            "scm_type": choice(*SCM[1:]),
            **dict.fromkeys(("scm_url", "scm_branch", "scm_refspec", "local_path"), text()),
            **dict.fromkeys(("scm_clean", "scm_delete_on_update", "scm_track_submodules"), boolean()),
            **dict.fromkeys(("scm_update_on_launch", "allow_override"), boolean()),
            **dict.fromkeys(("scm_update_cache_timeout", "timeout"), number()),
            "credential": link("credentials"),
            "default_environment": link("execution_environments"),
            "status": Field("text", "never updated", read_only=True),
            "scm_revision": Field("text", "", read_only=True),
        },
        roles=("admin", "use", "update", "read"),
        relations=_NOTIFICATIONS,
        unique=_OWNED,
        launched=True,
    ),
    "inventories": _kind(
        "inventory",
        {
            "organization": link("organizations", required=True),
            "kind": choice("smart", "constructed"),
            "host_filter": text(**_NOTHING),
            "variables": VARIABLES,
            "prevent_instance_group_fallback": boolean(),
        },
        roles=("admin", "use", "adhoc", "update", "read"),
        relations={"instance_groups": "instance_groups", "input_inventories": "inventories"},
        unique=_OWNED,
    ),
    "inventory_sources": _kind(
        "inventory_source",
        {
            "inventory": link("inventories", required=True),
            "source": choice(*SOURCES, default=None, required=True, blank=False),
            "source_project": link("projects"),
            **dict.fromkeys(("source_path", "enabled_var", "enabled_value", "host_filter", "limit"), text()),
            "source_vars": VARIABLES,
            "credential": link("credentials"),
            "execution_environment": link("execution_environments"),
            **dict.fromkeys(("overwrite", "overwrite_vars", "update_on_launch"), boolean()),
            **dict.fromkeys(("update_cache_timeout", "timeout"), number()),
            "verbosity": choice(0, 1, 2, default=1),
            "scm_branch": text(),
        },
        relations=_NOTIFICATIONS,
        unique=("inventory", "name"),
        launched=True,
    ),
    "notification_templates": _kind(
        "notification_template",
        {
            "organization": link("organizations", required=True),
            "notification_type": choice(*SERVICES, default=None, required=True, blank=False),
            "notification_configuration": Field("json", {}),
            "messages": Field("json", None, null=True),
        },
        unique=_OWNED,
    ),
    "job_templates": _kind(
        "job_template",
        {
            "organization": Field("pk", None, to="organizations", read_only=True),
            "project": link("projects"),
            "inventory": link("inventories"),
            "playbook": text(),
            "execution_environment": link("execution_environments"),
            "job_type": choice(*JOB_TYPES, default="run", blank=False),
            **dict.fromkeys(("scm_branch", "limit", "job_tags", "skip_tags", "start_at_task"), text()),
            "extra_vars": VARIABLES,
            "verbosity": choice(*VERBOSITY, default=0),
            **dict.fromkeys(("forks", "timeout"), number()),
            "job_slice_count": number(1),
            **dict.fromkeys(("force_handlers", "use_fact_cache", "become_enabled", "diff_mode"), boolean()),
            **dict.fromkeys(("allow_simultaneous", "survey_enabled", "prevent_instance_group_fallback"), boolean()),
            "webhook_service": choice("github", "gitlab", "bitbucket_dc"),
            "webhook_credential": link("credentials"),
            **ASKED,
        },
        roles=("admin", "execute", "read"),
        relations={
            **_NOTIFICATIONS,
            "credentials": "credentials",
            "labels": "labels",
            "instance_groups": "instance_groups",
        },
        unique=_OWNED,
        launched=True,
    ),
    "workflow_job_templates": _kind(
        "workflow_job_template",
        {
            "organization": link("organizations"),
            "inventory": link("inventories"),
            **dict.fromkeys(("scm_branch", "limit", "job_tags", "skip_tags"), Field("text", None, null=True)),
            "extra_vars": VARIABLES,
            **dict.fromkeys(("allow_simultaneous", "survey_enabled"), boolean()),
            "webhook_service": choice("github", "gitlab", "bitbucket_dc"),
            "webhook_credential": link("credentials"),
            **{
                switch: boolean()
                for switch in ASKED
                if switch.split("_")[1] in ("inventory", "scm", "limit", "tags", "skip", "variables", "labels")
            },
        },
        roles=("admin", "execute", "read", "approval"),
        relations={**_APPROVALS, "labels": "labels"},
        unique=_OWNED,
        launched=True,
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            "workflow_job_template": link("workflow_job_templates", required=True),
            "unified_job_template": link("unified_job_templates"),
            "identifier": text(),
            "all_parents_must_converge": boolean(),
            **KEPT,
        },
        relations={
            **dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
            "credentials": "credentials",
            "labels": "labels",
            "instance_groups": "instance_groups",
        },
        unique=("identifier", "workflow_job_template"),
    ),
    "workflow_approval_templates": _kind("workflow_approval_template", {"timeout": number()}, unique=(), launched=True),
    "schedules": _kind(
        "schedule",
        {
            "unified_job_template": link("unified_job_templates", required=True),
            "rrule": name(),
            "enabled": boolean(default=True),
            **KEPT,
        },
        relations={"credentials": "credentials", "labels": "labels", "instance_groups": "instance_groups"},
        unique=("unified_job_template", "name"),
    ),
    "labels": _kind("label", {"organization": link("organizations", required=True)}, unique=_OWNED),
    "instance_groups": _kind("instance_group", {}),
}
