# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail by SMTP, with TLS and login."""

from __future__ import annotations

import hashlib
import smtplib
import socket
import ssl
import threading
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime

from .channels import Channel, Parcel, RefusedError, SendError
from .deadline import ends_within

PORTS = {"implicit": 465, "starttls": 587, "none": 25}


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of a message: the same for the same key, so that a repetition is known for one."""
    domain = sender.rpartition("@")[2].strip("> ") or "aiops.invalid"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def build(channel: Channel, parcel: Parcel) -> EmailMessage:
    """Return the mail.

    Raises:
        RefusedError: an address is not one.
    """
    mail = EmailMessage(policy=SMTP)
    try:
        for header, address in (("From", channel.sender), ("To", parcel.to)):
            mail[header] = Address(addr_spec=address)
        mail["Subject"] = parcel.subject
    except (ValueError, IndexError) as error:
        raise RefusedError(f"channel {channel.name}: {error}", "Correct the address in the profile") from None
    mail["Date"] = localtime()
    mail["Message-ID"] = message_id(parcel.key, channel.sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Aiops-Key"] = hashlib.sha256(parcel.key.encode()).hexdigest()[:32]
    mail.set_content(parcel.body + ("" if parcel.body.endswith("\n") else "\n"))
    for each in parcel.attachments:
        # Only text is attached: reports and what was found.
        mail.add_attachment(each["text"], subtype=each["type"].partition("/")[2] or "plain", filename=each["name"])
    return mail


def send(channel: Channel, parcel: Parcel) -> None:
    """Hand a mail over to the mail server.

    Raises:
        SendError: no answer, or one that asks to come again (4yz).
        RefusedError: the server will not take it (5yz), refuses the login, or offers no TLS.
    """
    mail = build(channel, parcel)
    client: smtplib.SMTP | None = None
    late: threading.Event | None = None
    try:
        with ends_within(channel.timeout_seconds, lambda: getattr(client, "sock", None)) as late:
            # Made before it is connected, so that the deadline finds its socket during the greeting, too.
            client = _client(channel)
            _converse(client, channel, mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refusal(channel, code, said) from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(channel, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise RefusedError(f"channel {channel.name}: {error}", "Correct tls or username in system_channels") from None
    except ssl.SSLCertVerificationError as error:
        raise SendError(f"channel {channel.name}: certificate not trusted ({error.verify_message})") from None
    except (OSError, smtplib.SMTPException) as error:
        cause = "no answer in time" if (late and late.is_set()) or isinstance(error, TimeoutError) else str(error)
        raise SendError(f"channel {channel.name}: {cause or type(error).__name__}") from None
    finally:
        if client is not None:
            client.close()


def _client(channel: Channel) -> smtplib.SMTP:
    name, seconds = _own_name(), channel.timeout_seconds
    client = (
        smtplib.SMTP_SSL(local_hostname=name, timeout=seconds, context=_context(channel))
        if channel.tls == "implicit"
        else smtplib.SMTP(local_hostname=name, timeout=seconds)
    )
    # The name that the certificate must carry; smtplib only learns it when it connects while it is made.
    vars(client).update(_host=channel.host)
    return client


def _converse(client: smtplib.SMTP, channel: Channel, mail: EmailMessage) -> None:
    code, said = client.connect(channel.host, channel.port or PORTS[channel.tls])
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)
    client.ehlo_or_helo_if_needed()
    if channel.tls == "starttls":
        client.starttls(context=_context(channel))
        client.ehlo_or_helo_if_needed()
    if channel.username:
        client.login(channel.username, channel.password)
    # Handed over with the answer to DATA: how the two take leave of each other is of no interest.
    client.send_message(mail)


def _context(channel: Channel) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=channel.ca_file)


def _own_name() -> str:
    name = socket.gethostname()
    return name if name.isascii() and name else "localhost"


def _refusal(channel: Channel, code: int, said: bytes | str) -> SendError | RefusedError:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    sentence = f"channel {channel.name}: the mail server says {code} {text}"
    return RefusedError(sentence, "Correct the channel or the address") if 500 <= code < 600 else SendError(sentence)
