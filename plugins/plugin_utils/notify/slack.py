# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slack's incoming webhooks, and whatever else takes ``{"text": ...}``."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

from .backoff import retry_after_seconds
from .channels import Channel, Parcel, RefusedError, SendError
from .deadline import ends_within

#: Refusals that pass: asked again, the same request may be taken.
PASSING = (408, 425, 429)
ANSWER_BYTES = 300


def send(channel: Channel, parcel: Parcel) -> None:
    """Post a message.

    A 2xx in the status line is the receiver's answer, whatever becomes of the rest. Slack does not look at the key;
    a receiver of one's own can, and a person sees it at the end of a text that came twice.

    Raises:
        SendError: no answer, or one that asks to come again.
        RefusedError: any other answer.
    """
    url = urlsplit(channel.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise RefusedError(f"channel {channel.name}: its url is not one", "Set it in system_channels")
    connection = _connection(url.scheme, url.hostname, url.port, channel)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    text = f"*{parcel.subject}*\n{parcel.body}\n`{parcel.key}`"
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": parcel.key}
    late: threading.Event | None = None
    try:
        with ends_within(channel.timeout_seconds, lambda: connection.sock) as late:
            connection.request("POST", target, json.dumps({"text": text}).encode(), headers)
            answer = connection.getresponse()
            status, asked = answer.status, answer.getheader("Retry-After")
            said = "" if status < 300 else answer.read(ANSWER_BYTES).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = "no answer in time" if (late and late.is_set()) or isinstance(error, TimeoutError) else _words(error)
        raise SendError(f"channel {channel.name}: {cause}") from None
    finally:
        connection.close()
    if 200 <= status < 300:
        return
    sentence = f"channel {channel.name}: the receiver says {status}" + (f" ({said})" if said else "")
    if status >= 500 or status in PASSING:
        raise SendError(sentence, retry_after_seconds(asked, datetime.now(UTC)))
    raise RefusedError(sentence, "Correct the channel in system_channels")


def _connection(scheme: str, host: str, port: int | None, channel: Channel) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=channel.timeout_seconds)
    context = ssl.create_default_context(cafile=channel.ca_file)
    return http.client.HTTPSConnection(host, port, timeout=channel.timeout_seconds, context=context)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
