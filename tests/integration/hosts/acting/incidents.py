# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents on the test hosts: the plays, what the store says of them, and those who are told."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts.acting.procedures import Acted, act_on
from tests.unit.notify.mailbox import PASSWORD, USER, Mailbox, mail_server


@dataclass
class Webhook:
    """A receiver of webhooks: the texts by their idempotency keys, in the order in which they came."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def told(self, word: str) -> list[str]:
        """Return the keys of the texts that contain a word."""
        return [key for key, text in self.texts if word in text]


@contextlib.contextmanager
def webhook_server() -> Iterator[Webhook]:
    """Run a receiver that takes everything."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        """Keeps what it is sent."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.texts.append((self.headers["Idempotency-Key"], json.loads(body)["text"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Desk:
    """Incidents of one host, with a store of their own."""

    host: str
    state: Path
    hook: Webhook
    box: Mailbox

    def act(self, *arguments: str, playbook: str = "incident") -> Acted:
        """Run a playbook about incidents."""
        return act_on(self.state, "incident", self.host, *arguments, playbook_name=playbook)

    @property
    def store(self) -> Any:
        """Return the store."""
        from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

        return store.open_store(f"sqlite:///{self.state}/store.sqlite")

    def incident(self) -> Mapping[str, Any]:
        """Return the newest incident."""
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents

        return incidents.incidents(self.store, [self.host])[-1]

    def over(self) -> bool:
        """Tell whether there is an incident, and it is over."""
        from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents

        view = store.open_store(f"sqlite:///{self.state}/store.sqlite", create=False, read_only=True)
        return [each["state"] for each in incidents.incidents(view, [self.host])][-1:] == ["recovered"]

    def events(self) -> list[dict[str, Any]]:
        """Return the events of the newest incident."""
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents

        identity = self.incident()["id"]
        return incidents.incident_events(self.store, [identity])[identity]

    def steps(self) -> dict[str, str]:
        """Return how the steps of the newest incident ended, by name."""
        return {each["detail"]["name"]: each["detail"]["outcome"] for each in self.events() if each["kind"] == "rung"}

    def evidence(self) -> dict[str, list[str]]:
        """Return what was gathered first in the newest incident."""
        path = next(each["detail"]["file"] for each in self.events() if each["kind"] == "evidence")
        sections: dict[str, list[str]] = json.loads(Path(path).read_text(encoding="utf-8"))["sections"]
        return sections

    def close(self) -> None:
        """End the open incident, so that the next test has one of its own."""
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.clocks import current_reading
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening
        from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import incidents

        if not (self.state / "store.sqlite").exists():
            return
        for each in incidents.incidents(self.store, open_only=True):
            over = [Happening("recovered", "recovered")]
            incidents.happen(self.store, each["id"], current_reading(), over, lambda _incident, _events: [])


@contextlib.contextmanager
def desk_for(host: str, directory: Path) -> Iterator[Desk]:
    """Run the receivers, and give the plays their addresses and passwords."""
    with webhook_server() as hook, mail_server(directory) as box, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIOPS_SLACK_WEBHOOK_URL", f"http://127.0.0.1:{hook.port}/services/geheim")
        environment.setenv("AIOPS_MAIL_HOST", "127.0.0.1")
        environment.setenv("AIOPS_MAIL_PORT", str(box.port))
        environment.setenv("AIOPS_MAIL_CA_FILE", box.ca_file)
        environment.setenv("AIOPS_MAIL_USERNAME", USER)
        environment.setenv("AIOPS_MAIL_PASSWORD", PASSWORD)
        yield Desk(host, directory / "state", hook, box)
