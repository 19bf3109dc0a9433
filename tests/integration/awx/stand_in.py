# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers as the REST API of AWX 24.6.1 does for the resources that `awx/apply.yml` uses, as strictly."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.integration.awx import launching, surveys, views
from tests.integration.awx.fields import RefusedError, variables_of
from tests.integration.awx.resources import KINDS
from tests.integration.awx.rules import Object
from tests.integration.awx.state import State

TOKEN = "token-of-the-test"
VERSION = "24.6.1"
Answer = tuple[int, Any]


class Awx:
    """The server's side of the API.

    Args:
        checkout: what a project's update finds.
    """

    def __init__(self, checkout: Path) -> None:
        self.state = State(checkout)
        self.lock = threading.Lock()
        #: Method and address of every request that changes something.
        self.writes: list[str] = []
        self.address = ""

    def answer(self, method: str, address: str, body: Object) -> Answer:
        """Answer a request."""
        with self.lock:
            self.state.go_on()
            if method != "GET":
                self.writes.append(f"{method} {urlsplit(address).path}")
            try:
                return self._answered(method, address, body)
            except RefusedError as refused:
                return refused.status, refused.body

    def _answered(self, method: str, address: str, body: Object) -> Answer:
        split = urlsplit(address)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        parts = [part for part in split.path.split("/") if part]
        if parts[:2] != ["api", "v2"]:
            return 200, {"current_version": "/api/v2/", "available_versions": {"v2": "/api/v2/"}}
        match parts[2:]:
            case ["ping" | "config"]:
                return 200, {"version": VERSION, "ha": False, "active_node": "awx"}
            case ["me"]:
                return 200, views.listed(self.state, "users", {"username": "admin"})
            case [path]:
                return self._list(method, path, body, query)
            case [path, number] if number.isdigit():
                return self._detail(method, path, int(number), body)
            case [path, number, below] if number.isdigit():
                return self._below(method, path, int(number), below, body, query)
        raise RefusedError({"detail": "The requested resource could not be found."}, 404)

    def _list(self, method: str, path: str, body: Object, query: dict[str, str]) -> Answer:
        if path not in (*KINDS, "unified_job_templates") or path == "workflow_approval_templates":
            raise RefusedError({"detail": "The requested resource could not be found."}, 404)
        if method == "GET":
            return 200, views.listed(self.state, path, query)
        if method != "POST" or path == "unified_job_templates":
            raise RefusedError({"detail": f'Method "{method}" not allowed.'}, 405)
        return 201, views.shown(self.state, path, self.state.create(path, body))

    def _detail(self, method: str, path: str, number: int, body: Object) -> Answer:
        if path in self.state.updates:
            return 200, views.shown_update(path, self.state.get(path, number))
        if method == "PATCH":
            return 200, views.shown(self.state, path, self.state.change(path, number, body))
        if method == "DELETE":
            self.state.delete(path, number)
            return 204, None
        return 200, views.shown(self.state, path, self.state.get(path, number))

    def _below(self, method: str, path: str, number: int, below: str, body: Object, query: dict[str, str]) -> Answer:
        if path == "roles":
            return self._role(method, number, below, body, query)
        there = self.state.get(path, number)
        if below == "survey_spec":
            return self._survey(method, number, body)
        if below == "launch":
            return self._launch(path, there, body)
        if below == "update":
            updates = "project_updates" if path == "projects" else "inventory_updates"
            return 202, views.shown_update(updates, self.state.update(updates, there))
        if below == "create_approval_template":
            approval = self.state.create("workflow_approval_templates", body)
            self.state.tables[path][number]["unified_job_template"] = approval["id"]
            return 201, views.shown(self.state, "workflow_approval_templates", approval)
        relations = KINDS[path].relations
        if below not in relations:
            raise RefusedError({"detail": "The requested resource could not be found."}, 404)
        if method == "POST":
            self.state.associate(path, number, below, body)
            return 204, None
        other = relations[below]
        members = [
            views.shown(self.state, other, self.state.get(other, pk)) for pk in self.state.related(path, number, below)
        ]
        return 200, views.page(views.url_of(path, number, below), members, query)

    def _role(self, method: str, number: int, actors: str, body: Object, query: dict[str, str]) -> Answer:
        if number not in self.state.roles or actors not in ("teams", "users"):
            raise RefusedError({"detail": "Not found."}, 404)
        if method == "POST":
            self.state.grant(number, actors, body)
            return 204, None
        members = [
            views.shown(self.state, actors, self.state.get(actors, pk)) for pk in self.state.roles[number][actors]
        ]
        return 200, views.page(views.url_of("roles", number, actors), members, query)

    def _survey(self, method: str, number: int, body: Object) -> Answer:
        if method == "GET":
            return 200, surveys.shown(self.state.surveys.get(number, {}))
        if method == "DELETE":
            self.state.surveys.pop(number, None)
            return 200, None
        try:
            surveys.judged(body)
        except ValueError as error:
            raise RefusedError({"error": str(error)}) from None
        self.state.surveys[number] = body
        return 200, None

    def _launch(self, path: str, there: Object, body: Object) -> Answer:
        spec = self.state.surveys.get(there["id"], {})
        given = {**body, "extra_vars": variables_of(body.get("extra_vars", {}))}
        taken, ignored, errors = launching.accepted(there, spec, given)
        # What may not be brought is ignored when a person launches; what is wrong or missing is not.
        wrong = {name: value for name, value in errors.items() if name == "variables_needed_to_start"}
        if wrong:
            raise RefusedError(wrong)
        variables = launching.job_variables(there, spec, taken)
        job = "workflow_job" if path == "workflow_job_templates" else "job"
        return 201, {job: there["id"], "ignored_fields": ignored, "extra_vars": json.dumps(variables)}


class _Handler(BaseHTTPRequestHandler):
    awx: Awx
    # Headers and body in one packet: without it every answer waits for the client's delayed acknowledgement.
    wbufsize = -1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length) if length else b""
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"detail": "Authentication credentials were not provided."})
        try:
            body = json.loads(sent) if sent else {}
        except ValueError:
            return self._send(400, {"detail": "JSON parse error"})
        return self._send(*self.awx.answer(self.command, self.path, body))

    def _send(self, status: int, body: Any) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data))),
            ("X-API-Product-Name", "AWX"),
            ("X-API-Product-Version", VERSION),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing on the terminal of the tests."""


@contextmanager
def running(checkout: Path) -> Iterator[Awx]:
    """Serve a fresh AWX as long as the block lasts."""
    awx = Awx(checkout)
    handler = type("Handler", (_Handler,), {"awx": awx})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    awx.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
