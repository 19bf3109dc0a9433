# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source: notifications that Alertmanager posts, as events about systems.

Options:
    systems: list of the systems that alerts may be about; each has ``host`` (inventory host) and may have ``labels``
        (all of them make an alert one about it; ``{host: HOST}`` unless given).
    token: what the sender proves itself with (``Authorization: Bearer TOKEN``), 16 characters or more.
    port: TCP port; 9095 unless given.
    address: where to listen; 127.0.0.1 unless given. Elsewhere only with TLS.
    certfile, keyfile: PEM files; with them the source speaks TLS.
    path: of the URL; ``/alertmanager`` unless given.
    levels: levels by severity, ``{critical: P2, warning: P3}`` unless given; without one the checks decide.
    severity_label: ``severity`` unless given.

The answer is 202 with what was taken, 400 with what is wrong (Alertmanager does not repeat it), 401 without the token,
408 when the body does not come, 413 for more than 1 MiB, or 503 when the rule engine is too busy (Alertmanager comes
again).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import ssl
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web

# The rule engine runs this file by its path: the collection is where the file lies.
COLLECTIONS = str(Path(__file__).absolute().parents[7])
if COLLECTIONS not in sys.path:
    sys.path.append(COLLECTIONS)

from ansible_collections.aiops.runbooks.plugins.plugin_utils.events import alertmanager, event, systems

LOG = logging.getLogger("aiops.runbooks.alertmanager")
BODY_BYTES = 1024 * 1024
READ_SECONDS = 10.0
BUSY_SECONDS = 10.0
TOKEN_CHARACTERS = 16


class Receiver:
    """Takes notifications and hands their events on."""

    def __init__(self, queue: Any, arguments: dict[str, Any]) -> None:
        event.refuse_unknown(arguments, alertmanager.ARGUMENTS)
        self.queue = queue
        self.systems = systems.systems_of(arguments.get("systems"))
        self.severities = event.levels_of(arguments.get("levels") or alertmanager.SEVERITIES, "levels")
        self.label = str(arguments.get("severity_label") or "severity")
        self.token = _token(arguments.get("token"))
        self.known = alertmanager.Known()

    async def take(self, request: web.Request) -> web.Response:
        """Answer one notification."""
        scheme, _blank, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self.token):
            return web.json_response({"error": "wrong or no token"}, status=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await request.read()
        except TimeoutError:
            return web.json_response({"error": "the body did not come"}, status=408)
        try:
            alerts = alertmanager.alerts_of(body)
        except event.EventError as error:
            LOG.warning("Notification of %s refused: %s", request.remote, error)
            return web.json_response({"error": str(error)}, status=400)
        return await self._hand_on(alerts)

    async def _hand_on(self, alerts: list[alertmanager.Alert]) -> web.Response:
        found, strange = alertmanager.events_of(
            alerts, self.systems, self.known, time.monotonic(), self.severities, self.label
        )
        names = sorted({event.harmless(each.labels.get("alertname", each.fingerprint), 80) for each in strange})[:10]
        if strange:
            LOG.warning("%d alerts are about no system that is looked after: %s", len(strange), ", ".join(names))
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                for each in found:
                    await self.queue.put(each.wire())
        except TimeoutError:
            LOG.error("The rule engine takes no events: the sender is asked to come again")
            return web.json_response({"error": "busy"}, status=503, headers={"Retry-After": "30"})
        return web.json_response({"events": len(found), "about_no_system": names}, status=202)


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Receive until the rule engine ends.

    Raises:
        EventError: an argument is wrong.
    """
    receiver = Receiver(queue, args)
    address = str(args.get("address") or "127.0.0.1")
    context = _tls(args)
    if context is None and address not in ("127.0.0.1", "::1", "localhost"):
        raise event.EventError(
            f"address is {address}, without TLS the token could be read", "Give certfile and keyfile."
        )
    application = web.Application(client_max_size=BODY_BYTES)
    application.router.add_post(str(args.get("path") or "/alertmanager"), receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        port = int(event.number_of(args, "port", 9095, 1, 65535))
        await web.TCPSite(runner, address, port, ssl_context=context).start()
        LOG.info("Waiting for Alertmanager on %s port %d", address, port)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _token(stated: Any) -> bytes:
    if not isinstance(stated, str) or len(stated) < TOKEN_CHARACTERS:
        raise event.EventError(
            f"token has fewer than {TOKEN_CHARACTERS} characters",
            "Make one with `openssl rand -hex 24` and hand it over by the environment: --env-vars AIOPS_EVENT_TOKEN.",
        )
    return stated.encode()


def _tls(arguments: dict[str, Any]) -> ssl.SSLContext | None:
    if not arguments.get("certfile"):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(str(arguments["certfile"]), arguments.get("keyfile") or None)
    except (OSError, ssl.SSLError) as error:
        raise event.EventError("certfile {}: {}".format(arguments["certfile"], error)) from None
    return context
