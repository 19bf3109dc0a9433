# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the stand-in shows what it keeps, and finds what is asked for, as AWX's API does."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlencode

from tests.integration.awx import surveys
from tests.integration.awx.fields import RefusedError
from tests.integration.awx.resources import DEFAULT_PAGE, KINDS
from tests.integration.awx.rules import Object
from tests.integration.awx.state import State

API = "/api/v2"
#: Fields of notifications that are secrets.
SECRET_SETTINGS = ("token", "password")
CONTROLS = ("page", "page_size", "order_by", "type")


def url_of(path: str, number: int, *more: str) -> str:
    """Return the address of an object, or of something below it."""
    return "/".join([API, path, str(number), *more, ""])


def shown(state: State, path: str, there: Object) -> Object:
    """Return an object as AWX shows it: its address, what belongs to it, and no secret."""
    kind, number = KINDS[path], there["id"]
    related = {name: url_of(path, number, name) for name in kind.relations}
    if path in ("job_templates", "workflow_job_templates"):
        related.update({name: url_of(path, number, name) for name in ("survey_spec", "launch")})
    if path in ("projects", "inventory_sources"):
        related["update"] = url_of(path, number, "update")
    if path == "workflow_job_template_nodes" and there["unified_job_template"] is not None:
        template = there["unified_job_template"]
        related["unified_job_template"] = url_of(state.path_of(template), template)
    summary: Object = {
        "object_roles": {f"{role}_role": {"id": pk, "name": role} for role, pk in there["_roles"].items()},
        "user_capabilities": {"edit": True, "delete": True},
    }
    if "_update" in there:
        summary["current_update"] = {"id": there["_update"], "status": "pending"}
    bare = {name: copy.deepcopy(value) for name, value in there.items() if not name.startswith("_")}
    for relation in ("success_nodes", "failure_nodes", "always_nodes"):
        if relation in kind.relations:
            bare[relation] = list(state.related(path, number, relation))
    _hide(state, path, bare)
    return {**bare, "url": url_of(path, number), "related": related, "summary_fields": summary}


def _hide(state: State, path: str, bare: Object) -> None:
    if path == "credentials":
        kind = state.get("credential_types", bare["credential_type"])
        secret = [field["id"] for field in kind["inputs"].get("fields", []) if field.get("secret")]
        bare["inputs"].update({name: surveys.SECRET for name in secret if bare["inputs"].get(name)})
    if path == "notification_templates":
        given = bare["notification_configuration"]
        given.update({name: surveys.SECRET for name in SECRET_SETTINGS if given.get(name)})


def shown_update(path: str, about: Object) -> Object:
    """Return an update of a project or an inventory source as AWX shows it."""
    bare = {name: value for name, value in about.items() if not name.startswith("_")}
    return {**bare, "url": url_of(path, about["id"]), "event_processing_finished": about["finished"] is not None}


def listed(state: State, path: str, query: dict[str, str]) -> Object:
    """Return one page of the objects that a query asks for.

    Raises:
        RefusedError: The query names a field that there is not.
    """
    if path == "unified_job_templates":
        names = [name for name, kind in KINDS.items() if kind.launched and name != "workflow_approval_templates"]
        found = [(name, there) for name in names for there in state.tables[name].values()]
        known = {"organization"} | set(KINDS["projects"].fields)
    else:
        found = [(path, there) for there in state.tables[path].values()]
        known = set(KINDS[path].fields)
    wanted = [(name, there) for name, there in found if _matches(there, query, known | {"id"}, path)]
    return page(f"{API}/{path}/", [shown(state, name, there) for name, there in wanted], query)


def page(address: str, results: list[Object], query: dict[str, str]) -> Object:
    """Return one page of results."""
    number, size = int(query.get("page", 1)), min(int(query.get("page_size", DEFAULT_PAGE)), 200)
    first, rest = (number - 1) * size, number * size < len(results)
    following = f"{address}?{urlencode({**query, 'page': number + 1})}" if rest else None
    return {
        "count": len(results),
        "next": following,
        "previous": None,
        "results": results[first : first + size],
    }


def _matches(there: Object, query: dict[str, str], known: set[str], path: str) -> bool:
    either = []
    for name, value in query.items():
        if name in CONTROLS:
            continue
        field, alternative = name.removeprefix("or__"), name.startswith("or__")
        field, _separator, lookup = field.partition("__")
        if field not in known or lookup not in ("", "in", "exact"):
            raise RefusedError({"detail": f"{path} has no field named '{field}'"})
        values = value.split(",") if lookup == "in" else [value]
        same = _text(there.get(field)) in values
        if alternative:
            either.append(same)
        elif not same:
            return False
    if "type" in query and there["type"] not in query["type"].split(","):
        return False
    return not either or any(either)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
