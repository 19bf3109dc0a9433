# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real receiving mail server, as strict as a test wants it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.ports import free_port
from tests.unit.checks.authority import Issued, issue

USER, PASSWORD = "runbooks", "k3y-of-the-post"


@dataclass
class Mailbox:
    """What has arrived, and how the server answers the next deliveries."""

    mails: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    logins: int = 0
    port: int = 0
    ca_file: str = ""

    async def know_receiver(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Know every receiver but one."""
        if address.startswith("nobody@"):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def take_mail(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Take a mail, or answer as the test wants."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return answer

    def __post_init__(self) -> None:
        """Give the handlers the names under which the server looks for them."""
        vars(self).update(handle_RCPT=self.know_receiver, handle_DATA=self.take_mail)

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        """Let in whoever knows the password."""
        assert isinstance(data, LoginPassword)
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.logins += right
        return AuthResult(success=right, handled=False)


class _Strict(Controller):
    def factory(self) -> SMTP:
        context = self.context
        return SMTP(
            self.handler,
            hostname="mail.test",
            enable_SMTPUTF8=True,
            tls_context=context,
            require_starttls=context is not None,
            auth_required=context is not None,
            authenticator=self.handler.authenticate,
            timeout=20,
        )

    context: ssl.SSLContext | None = None


@contextlib.contextmanager
def mail_server(directory: Path, *, tls: bool = True, port: int = 0) -> Iterator[Mailbox]:
    """Run a server that wants STARTTLS and a login before it takes anything; without ``tls`` it wants neither."""
    box = Mailbox()
    controller = _Strict(box, hostname="127.0.0.1", port=port or free_port(), ready_timeout=120)
    if tls:
        authority = issue("Test authority", authority=True)
        served = issue("mail.test", authority, names=("127.0.0.1",))
        controller.context, box.ca_file = _server_side(directory, served, authority)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


def _server_side(directory: Path, served: Issued, authority: Issued) -> tuple[ssl.SSLContext, str]:
    pair, trusted = directory / "mail.pem", directory / "authority.pem"
    pair.write_bytes(served.key_pem + served.pem)
    trusted.write_bytes(authority.pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair)
    return context, str(trusted)
