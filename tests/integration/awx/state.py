# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in for AWX keeps: objects, what belongs to them, roles and surveys."""

from __future__ import annotations

import copy
import itertools
import re
import time
import uuid
from pathlib import Path

from tests.integration.awx import surveys
from tests.integration.awx.fields import RefusedError
from tests.integration.awx.resources import KINDS, Kind
from tests.integration.awx.rules import Object, Rules

#: A line that makes AWX take a file for a playbook.
PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|(?:ansible\.builtin\.)?(?:include|import_playbook)):\s*?.*?$")
MACHINE = {
    "fields": [
        {"id": "username", "label": "Username", "type": "string"},
        {"id": "password", "label": "Password", "type": "string", "secret": True},
        {"id": "ssh_key_data", "label": "SSH Private Key", "type": "string", "secret": True, "multiline": True}
        | {"format": "ssh_private_key"},
        {"id": "ssh_key_unlock", "label": "Private Key Passphrase", "type": "string", "secret": True},
        {"id": "become_method", "label": "Privilege Escalation Method", "type": "string"},
        {"id": "become_username", "label": "Privilege Escalation Username", "type": "string"},
        {"id": "become_password", "label": "Privilege Escalation Password", "type": "string", "secret": True},
    ]
}
TAKES_SECONDS = 0.3
REVISION = "1c2e4f"
CREDENTIAL_KINDS = ("ssh", "vault", "cloud", "net", "kubernetes")


def playbooks_in(checkout: Path) -> list[str]:
    """Return the playbooks that AWX would find in a project, relative to it."""
    found = []
    for path in sorted(checkout.rglob("*.yml")):
        inside = path.relative_to(checkout)
        parts = inside.parts[:-1]
        if any(part.startswith(".") for part in inside.parts) or {"roles", "tasks", "group_vars", "host_vars"} & set(
            parts
        ):
            continue
        if any(PLAYBOOK.match(line) for line in path.read_text(encoding="utf-8").splitlines()):
            found.append(str(inside))
    return found


class State:
    """All that the stand-in knows; one lock around it is the caller's.

    Args:
        checkout: what a project's update finds, whatever its address.
    """

    def __init__(self, checkout: Path) -> None:
        self.tables: dict[str, dict[int, Object]] = {path: {} for path in KINDS}
        self.updates: dict[str, dict[int, Object]] = {"project_updates": {}, "inventory_updates": {}}
        self.relations: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[int, Object] = {}
        self.roles: dict[int, Object] = {}
        self.playbooks = playbooks_in(checkout)
        #: Addresses of projects that cannot be had.
        self.unreachable: set[str] = set()
        self._numbers = {path: itertools.count(1) for path in KINDS}
        self._launched = itertools.count(7)
        self._jobs, self._role_numbers = itertools.count(1), itertools.count(1)
        self.rules = Rules(self.get, lambda pk: self.surveys.get(pk, {}), self.playbooks_of, self.used)
        self._install()

    def _install(self) -> None:
        """Put there what a fresh AWX has."""
        for path, given in (
            ("organizations", {"name": "Default"}),
            ("users", {"username": "admin", "is_superuser": True}),
            ("instance_groups", {"name": "default"}),
            ("execution_environments", {"name": "AWX EE (24.6.1)", "image": "quay.io/ansible/awx-ee:24.6.1"}),
        ):
            self.create(path, given)
        machine = {"name": "Machine", "description": "", "kind": "ssh", "inputs": MACHINE, "injectors": {}}
        self._keep("credential_types", {**machine, "managed": True})

    # Objects

    def path_of(self, number: int) -> str:
        """Return the path of a unified job template."""
        return next(path for path, kind in KINDS.items() if kind.launched and number in self.tables[path])

    def get(self, path: str, number: int) -> Object:
        """Return an object as it is kept.

        Raises:
            RefusedError: There is none.
        """
        if path == "unified_job_templates":
            for candidate, kind in KINDS.items():
                if kind.launched and number in self.tables[candidate]:
                    return self.tables[candidate][number]
        found = self.tables.get(path, {}).get(number) or self.updates.get(path, {}).get(number)
        if found is None:
            raise RefusedError({"detail": "Not found."}, 404)
        return found

    def used(self, path: str, field: str, number: int) -> bool:
        """Return whether an object is named by another one."""
        return any(there[field] == number for there in self.tables[path].values())

    def create(self, path: str, given: Object) -> Object:
        """Keep a new object and return it.

        Raises:
            RefusedError: AWX would not.
        """
        kind = KINDS[path]
        there = {name: copy.deepcopy(field.default) for name, field in kind.fields.items()}
        missing = [name for name, field in kind.fields.items() if field.required and name not in given]
        if missing:
            raise RefusedError({name: ["This field is required."] for name in missing})
        there.update(self._taken(kind, given))
        if path == "workflow_job_template_nodes" and not there["identifier"]:
            there["identifier"] = str(uuid.uuid4())
        self.rules.check(path, there, None)
        self._unique(path, kind, there, None)
        created = self._keep(path, there)
        if path == "projects" and there["scm_type"]:
            self.update("project_updates", created)
        return created

    def change(self, path: str, number: int, given: Object) -> Object:
        """Change an object and return it.

        Raises:
            RefusedError: AWX would not.
        """
        kind, before = KINDS[path], self.get(path, number)
        there = copy.deepcopy(before)
        there.update(self._taken(kind, given, before))
        self.rules.check(path, there, before)
        self._unique(path, kind, there, number)
        self.tables[path][number] = there
        moved = any(there.get(name) != before.get(name) for name in ("scm_type", "scm_url", "scm_branch"))
        if path == "projects" and there["scm_type"] and moved:
            self.update("project_updates", there)
        return there

    def delete(self, path: str, number: int) -> None:
        """Remove an object."""
        self.get(path, number)
        del self.tables[path][number]

    def _keep(self, path: str, there: Object) -> Object:
        kind = KINDS[path]
        number = next(self._launched if kind.launched else self._numbers[path])
        there = {"id": number, "type": kind.type, **there}
        there["_roles"] = {role: next(self._role_numbers) for role in kind.roles}
        for role, role_number in there["_roles"].items():
            about = {"id": role_number, "name": role, "path": path, "number": number}
            self.roles[role_number] = {**about, "teams": [], "users": []}
        self.tables[path][number] = there
        return there

    def _taken(self, kind: Kind, given: Object, before: Object | None = None) -> Object:
        taken: Object = {}
        errors: Object = {}
        for name, field in kind.fields.items():
            if name not in given or field.read_only:
                continue
            try:
                taken[name] = field.taken(given[name])
                if field.to and taken[name] is not None:
                    self._named(field.to, taken[name])
            except ValueError as error:
                errors[name] = [str(error)]
        if errors:
            raise RefusedError(errors)
        inputs = taken.get("inputs")
        if kind.type == "credential" and inputs and before:
            secret = {name: before["inputs"].get(name) for name, value in inputs.items() if value == surveys.SECRET}
            taken["inputs"] = {**inputs, **secret}
        return taken

    def _named(self, path: str, number: int) -> None:
        try:
            self.get(path, number)
        except RefusedError:
            raise ValueError(f'Invalid pk "{number}" - object does not exist.') from None

    def _unique(self, path: str, kind: Kind, there: Object, number: int | None) -> None:
        if not kind.unique:
            return
        key = [there[name] for name in kind.unique]
        for other_number, other in self.tables[path].items():
            if other_number != number and [other[name] for name in kind.unique] == key:
                title = kind.type.replace("_", " ").capitalize()
                names = ", ".join(name.replace("_", " ").capitalize() for name in kind.unique)
                raise RefusedError({"__all__": [f"{title} with this {names} already exists."]})

    # What belongs to an object

    def related(self, path: str, number: int, relation: str) -> list[int]:
        """Return the numbers of a list that belongs to an object."""
        self.get(path, number)
        return self.relations.setdefault((path, number, relation), [])

    def associate(self, path: str, number: int, relation: str, given: Object) -> None:
        """Put an object into a list or take it out.

        Raises:
            RefusedError: AWX would not.
        """
        members = self.related(path, number, relation)
        other = given.get("id")
        if not isinstance(other, int):
            raise RefusedError({"id": ["This field is required."]})
        if given.get("disassociate"):
            if other in members:
                members.remove(other)
            return
        there = self.get(KINDS[path].relations[relation], other)
        if relation == "credentials":
            self._another_credential(members, there)
        if relation.endswith("_nodes"):
            self._another_node(number, relation, there)
        if other not in members:
            members.append(other)

    def _another_credential(self, members: list[int], there: Object) -> None:
        kind = self.get("credential_types", there["credential_type"])
        if any(self.get("credentials", member)["credential_type"] == kind["id"] for member in members):
            raise RefusedError({"error": f"Cannot assign multiple {kind['name']} credentials."})
        if kind["kind"] not in CREDENTIAL_KINDS:
            raise RefusedError({"error": f"Cannot assign a Credential of kind `{kind['kind']}`."})

    def _another_node(self, number: int, relation: str, there: Object) -> None:
        path = "workflow_job_template_nodes"
        if there["workflow_job_template"] != self.get(path, number)["workflow_job_template"]:
            raise RefusedError({"Error": "Workflow of both nodes must be the same."})
        others = {"success_nodes", "failure_nodes", "always_nodes"} - {relation}
        if any(there["id"] in self.related(path, number, other) for other in others):
            raise RefusedError({"Error": "Relationship not allowed."})
        reached, waiting = set(), [there["id"]]
        while waiting:
            reached.add(current := waiting.pop())
            for each in ("success_nodes", "failure_nodes", "always_nodes"):
                waiting += [node for node in self.related(path, current, each) if node not in reached]
        if number in reached:
            raise RefusedError({"Error": "Cycle detected."})

    def grant(self, role_number: int, actors: str, given: Object) -> None:
        """Give a role to a team or a user, or take it back.

        Raises:
            RefusedError: AWX would not.
        """
        role, actor = self.roles[role_number], given.get("id")
        if actor not in self.tables[actors]:
            raise RefusedError({"msg": f"{actors.capitalize()[:-1]} 'id' field is missing."})
        if actors == "teams" and role["path"] == "organizations" and role["name"] in ("member", "admin"):
            raise RefusedError(
                {"msg": "You cannot assign an Organization participation role as a child role for a Team."}
            )
        if given.get("disassociate"):
            role[actors] = [member for member in role[actors] if member != actor]
        elif actor not in role[actors]:
            role[actors].append(actor)

    # Updates of projects and of inventories

    def update(self, path: str, of: Object) -> Object:
        """Start the update of a project or an inventory source; it takes a moment."""
        about = {"id": next(self._jobs), "type": path[:-1], "status": "pending", "failed": False, "finished": None}
        self.updates[path][about["id"]] = {**about, "_of": of["id"], "_done_at": time.monotonic() + TAKES_SECONDS}
        of["_update"] = about["id"]
        return self.updates[path][about["id"]]

    def go_on(self) -> None:
        """End the updates whose time has come."""
        for path, updates in self.updates.items():
            for about in updates.values():
                if about["finished"] is None and time.monotonic() >= about["_done_at"]:
                    self._end(path, about)

    def _end(self, path: str, about: Object) -> None:
        of = self.get("unified_job_templates", about["_of"])
        failed = of.get("scm_url") in self.unreachable
        about.update(status="failed" if failed else "successful", failed=failed, finished="2026-01-01T00:00:00Z")
        of.pop("_update", None)
        if path == "project_updates":
            of["status"] = about["status"]
            of["scm_revision"] = of["scm_revision"] if failed else REVISION
            about["scm_revision"] = of["scm_revision"]

    def playbooks_of(self, number: int) -> list[str]:
        """Return the playbooks that a project has: none before its first update."""
        return self.playbooks if self.get("projects", number)["scm_revision"] else []
