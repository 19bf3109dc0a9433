# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a channel of the profile is, and what sending on it can end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

SLACK, EMAIL = "slack", "email"


@dataclass(frozen=True)
class Channel:
    """One channel.

    Args:
        name: its name in the profile.
        type: ``slack`` (any webhook that takes ``{"text": ...}``) or ``email``.
        url: of the webhook; a secret.
        host, port: of the mail server.
        tls: ``starttls``, ``implicit`` or ``none``.
        username, password: login at the mail server; without a user name there is none.
        sender: address that mail comes from.
        ca_file: PEM file with further authorities; None trusts those of the system.
        timeout_seconds: for one message, everything together.
    """

    name: str
    type: str
    url: str = ""
    host: str = ""
    port: int = 0
    tls: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    ca_file: str | None = None
    timeout_seconds: float = 20.0


@dataclass(frozen=True)
class Parcel:
    """One message, or one part of it, as it is sent.

    Args:
        key: the same whenever the same thing is sent: by it a receiver recognises a repetition.
        to: the receiver, where the channel does not say it.
        subject: one line.
        body: text.
        attachments: each with ``name``, ``type`` and ``text``; only mail carries them.
    """

    key: str
    to: str
    subject: str
    body: str
    attachments: tuple[Mapping[str, str], ...] = ()


class SendError(RunbooksError):
    """It did not arrive, or nobody knows whether it did: it is tried again.

    Args:
        message: what went wrong, without secrets.
        pause_seconds: what the receiver asks to wait, None when it says nothing.
    """

    def __init__(self, message: str, pause_seconds: float | None = None) -> None:
        self.pause_seconds = pause_seconds
        super().__init__(message)


class RefusedError(RunbooksError):
    """The receiver will never take it: wrong address, wrong login, a webhook that is gone."""


def channels_of(stated: list[Mapping[str, Any]]) -> dict[str, Channel]:
    """Return the channels of a profile's ``system_channels`` by name."""
    known = set(Channel.__dataclass_fields__)
    given = [{key: value for key, value in each.items() if key in known and value is not None} for each in stated]
    return {each["name"]: Channel(**each) for each in given}


def masked(text: str, channel: Channel) -> str:
    """Return text without the channel's secrets, whoever has put them there."""
    for secret in (channel.url, channel.password):
        if secret:
            text = text.replace(secret, "********")
    return text
