# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: what an inventory says of one system, validated, merged and cut down to one procedure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.parameters import did_you_mean
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError

from . import kinds
from .incidents.profile import IncidentSettings, checks_of, incident_settings, refuse_wrong_incident
from .plain import plain
from .profile_actions import CADENCES, actions_of, refuse_wrong_actions
from .specification import specification
from .trends.questions import due as due_questions
from .trends.questions import questions_of

PREFIX = "system_"
#: Procedures that ask every check, whatever its cadence.
NOW = ("check",)
#: Procedures after which the system is not meant to be well: what they did is proven by their actions.
NOT_WELL_AFTERWARDS = ("stop",)
#: Keys of a check that only the control side needs.
_CONTROL_KEYS = ("every", "title", "availability", "state", "published")


@dataclass(frozen=True)
class Profile:
    """One system as one procedure needs it.

    Args:
        system: name of the system.
        timezone: IANA name.
        checks: the checks that are due, ready for ``checks_info``.
        actions: the actions that this procedure may plan.
        questions: what is due of the objectives and trends, ready for ``derived_results``.
        verification: the checks that tell whether the system is well after something was done to it, ready for
            ``checks_info``.
        incident: what it says of incidents, with the secrets of its channels.
        snapshot: what reports need to know later: titles, zone, variant, layout.
    """

    system: str
    timezone: str
    checks: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    verification: list[dict[str, Any]]
    incident: IncidentSettings
    snapshot: dict[str, Any]


def resolve(
    host: str, variables: Mapping[str, Any], raw: Mapping[str, Any], procedure: str, only: Sequence[str] = ()
) -> Profile:
    """Validate a host's profile and cut it down to what is due.

    Args:
        host: inventory name, for errors.
        variables: the host's variables, templated when they are read.
        raw: the same variables before templating, to find names that nothing refers to.
        procedure: a cadence, or ``check``.
        only: names of the checks that are asked for; empty asks all that are due.

    Raises:
        ProfileError: names the host, the key and the way out.
    """
    known = specification()
    if "system_name" not in raw:
        raise ProfileError(
            f"{host} has no profile: system_name is not defined",
            "Put the host into the group of its system (see inventories/example), or describe it in group_vars",
        )
    _refuse_unknown_names(host, raw, known)
    given = {name: _read(host, variables, name) for name in known if name in raw}
    outcome = ArgumentSpecValidator(known).validate(given)
    if outcome.error_messages:
        raise ProfileError(
            "{}: {}".format(host, "; ".join(outcome.error_messages)), "See roles/run/meta/argument_specs.yml"
        )
    settings = plain(outcome.validated_parameters)
    _refuse_unused_names(host, settings["system_name"], raw)
    checks = _merged(host, settings["system_checks"] or [], settings.get("system_check_changes") or [])
    prepared = [_prepared(host, check) for check in checks]
    actions = settings.get("system_actions") or []
    # A rule or an action may be about a check that a variant or a site leaves out: then it never applies.
    stated = list(dict.fromkeys(check["name"] for check in (*checks, *settings["system_checks"])))
    refuse_wrong_actions(host, actions, stated)
    refuse_wrong_incident(host, settings, stated)
    questions = questions_of(host, settings, checks)
    _refuse_missing_checks(host, only, [each["name"] for each in (*checks, *questions)])
    _refuse_wrong_attestations(host, settings.get("system_attestations") or [], (*checks, *questions))
    in_incident = checks_of(settings) if procedure == "incident" else ()
    due = [
        ready
        for check, ready in zip(checks, prepared, strict=True)
        if (_due(check, procedure) or check["name"] in in_incident) and (not only or check["name"] in only)
    ]
    if not checks:
        raise ProfileError(f"{host}: system_checks is empty", "A profile without checks can never say that all is well")
    return Profile(
        system=settings["system_name"],
        timezone=settings["system_timezone"],
        checks=due,
        actions=[] if procedure in NOW else actions_of(actions, procedure),
        verification=[] if procedure in NOT_WELL_AFTERWARDS else _verification(host, settings, checks, prepared),
        questions=due_questions(questions, lambda item: _asked(item, procedure, only)),
        incident=incident_settings(settings, (*checks, *questions)),
        snapshot=_snapshot(settings, (*checks, *questions)),
    )


def _read(host: str, variables: Mapping[str, Any], name: str) -> Any:
    try:
        return plain(variables[name])
    except AnsibleError as error:
        raise ProfileError(f"{host}: {name} cannot be read: {error}", "Define what it refers to") from None


def _refuse_unknown_names(host: str, raw: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in raw:
        if name.startswith(PREFIX) and name not in known:
            raise ProfileError(
                f"{host}: the profile has no key {name}{did_you_mean(name, known)}",
                "Keys: {}".format(", ".join(sorted(known))),
            )


def _refuse_unused_names(host: str, system: str, raw: Mapping[str, Any]) -> None:
    """Refuse a site value that nothing refers to: it is a misspelt one, and its default would be used in silence."""
    own = [name for name in raw if name.startswith(system + "_")]
    text = {name: _text(raw[name]) for name in raw if name in own or name.startswith((PREFIX, "ansible_"))}
    for name in own:
        word = re.compile(rf"\b{re.escape(name)}\b")
        if not any(word.search(content) for other, content in text.items() if other != name):
            raise ProfileError(
                f"{host}: nothing in the profile uses {name}{did_you_mean(name, set(own) - {name})}",
                "Correct the name or remove it",
            )


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(_text(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return " ".join(_text(item) for item in value)
    return str(value)


def _merged(host: str, checks: Iterable[dict[str, Any]], changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lay a variant's changes over the checks, by name; ``state: absent`` removes one, a new name adds one."""
    by_name: dict[str, dict[str, Any]] = {}
    for check in checks:
        if check["name"] in by_name:
            raise ProfileError("{}: two checks are named {}".format(host, check["name"]), "Rename one of them")
        by_name[check["name"]] = check
    for change in changes:
        given = {key: value for key, value in change.items() if value is not None}
        base = by_name.get(change["name"])
        if base is None and not given.get("kind"):
            raise ProfileError(
                "{}: system_check_changes names the check {}, which there is not{}".format(
                    host, change["name"], did_you_mean(change["name"], by_name)
                ),
                "A new check needs a kind; the checks are: {}".format(", ".join(by_name)),
            )
        if given.get("state") == "absent":
            by_name.pop(change["name"], None)
            continue
        merged = {**(base or {}), **given}
        if base is not None and given.get("kind") in (None, base["kind"]):
            merged["parameters"] = {**(base.get("parameters") or {}), **(given.get("parameters") or {})}
        by_name[change["name"]] = merged
    return list(by_name.values())


def _prepared(host: str, check: Mapping[str, Any]) -> dict[str, Any]:
    if not check.get("kind"):
        raise ProfileError(
            "{}: check {} has no kind".format(host, check["name"]), "Kinds: {}".format(", ".join(registry.KINDS))
        )
    asked = {key: value for key, value in check.items() if key not in _CONTROL_KEYS and value is not None}
    try:
        engine.parse_check(asked, kinds.load)
    except ProfileError as error:
        raise ProfileError(f"{host}: {error.message}", error.way_out) from None
    return asked


def _refuse_missing_checks(host: str, only: Iterable[str], names: Sequence[str]) -> None:
    for name in only:
        if name not in names:
            raise ProfileError(
                f"{host} has no check {name}{did_you_mean(name, names)}", "Checks: {}".format(", ".join(names))
            )


def _refuse_wrong_attestations(
    host: str, items: Iterable[Mapping[str, Any]], checks: Iterable[Mapping[str, Any]]
) -> None:
    names = [check["name"] for check in checks]
    seen: set[str] = set()
    for item in items:
        if item["name"] in seen:
            raise ProfileError("{}: two attestations are named {}".format(host, item["name"]), "Rename one of them")
        seen.add(item["name"])
        for check in item.get("checks") or []:
            if check not in names:
                raise ProfileError(
                    "{}: attestation {} names the check {}, which there is not{}".format(
                        host, item["name"], check, did_you_mean(check, names)
                    ),
                    "Checks: {}".format(", ".join(names)),
                )


def _verification(
    host: str,
    settings: Mapping[str, Any],
    checks: Iterable[Mapping[str, Any]],
    prepared: Iterable[dict[str, Any]],
) -> list[dict[str, Any]]:
    by_name = {check["name"]: ready for check, ready in zip(checks, prepared, strict=True)}
    names = settings.get("system_verification") or []
    for name in names:
        if name not in by_name:
            raise ProfileError(
                f"{host}: system_verification names the check {name}, which there is not{did_you_mean(name, by_name)}",
                "Checks: {}".format(", ".join(by_name)),
            )
    return [by_name[name] for name in names]


def _due(item: Mapping[str, Any], procedure: str) -> bool:
    return procedure in NOW or procedure in (item.get("every") or CADENCES)


def _asked(question: Mapping[str, Any], procedure: str, only: Sequence[str]) -> bool:
    """Tell whether a question to the store is due; now, only by its name: it is about months, not about now."""
    if procedure in NOW:
        return question["name"] in only
    return procedure in question["every"]


def _snapshot(settings: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "title": settings.get("system_title") or {"en": settings["system_name"], "ja": settings["system_name"]},
        "timezone": settings["system_timezone"],
        "variant": settings["system_variant"],
        "checks": {
            check["name"]: {
                "title": check.get("title") or {},
                "availability": bool(check.get("availability")),
                "runbook": check.get("runbook"),
            }
            for check in checks
        },
        "report": settings.get("system_report") or {},
        **{
            key: settings[f"system_{key}"]
            for key in ("checklists", "attestations", "priorities")
            if settings.get(f"system_{key}")
        },
    }
