# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long certificates are still valid, in a file, in certbot's directory and on the wire (EST-12)."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from ..connection import ExpiredError, RefusedError, connect, split_endpoint, start_tls
from ..errors import CheckError
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason, worst
from ..probe import Context, unreadable
from ..x509 import Certificate, CertificateError, matches_name, parse_certificate, read_certificates

PARAMETERS = {
    "file": {"type": "path", "description": "PEM file (all certificates in it count, keys are ignored) or DER file."},
    "endpoint": {"type": "str", "description": "host:port of the live service; port 443 unless it says another."},
    "server_name": {
        "type": "str",
        "description": "Name that clients use; the endpoint's host unless that is an address.",
    },
    "certbot_directory": {
        "type": "path",
        "description": "Directory of certbot (/etc/letsencrypt); with server_name, only certificates for it count.",
    },
}
METRICS = {
    "days_left": "days",
    "chain_length": "count",
    "served_matches_file": "",
    "hostname_matches": "",
    "certificates": "count",
}
_FILE_BYTES = 1 << 20
_DAY_SECONDS = 86400


@dataclass(frozen=True)
class Source:
    """A place where certificates were looked for.

    Args:
        name: the file or endpoint.
        chain: what was found, leaf first.
        fault: why nothing was found.
        live: whether it came over the wire.
        only_leaf: whether more may have been sent than this Python shows.
    """

    name: str
    chain: tuple[Certificate, ...] = ()
    fault: CheckError | None = None
    live: bool = False
    only_leaf: bool = False


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Look at every place that the profile names; a place that fails does not hide the others."""
    server_name = parameters.get("server_name")
    sources: list[Source] = []
    if parameters.get("file"):
        sources.append(_from_file(parameters["file"], context))
    if parameters.get("certbot_directory"):
        known = {os.path.realpath(source.name) for source in sources}
        found = _from_certbot(parameters["certbot_directory"], server_name, context)
        sources += [source for source in found if os.path.realpath(source.name) not in known]
    if parameters.get("endpoint"):
        host, port = split_endpoint(parameters["endpoint"], 443)
        asked_for = server_name or (None if _is_address(host) else host)
        served = _from_endpoint(parameters["endpoint"], host, port, asked_for, context)
        sources.append(served)
        # The endpoint's own name says nothing about a file when nothing was served.
        server_name = asked_for if served.chain else server_name
    if not sources:
        raise CheckError("certificate_nothing_to_check")
    return observe(sources, server_name, context.now)


def observe(sources: list[Source], server_name: str | None, now: float) -> Observation:
    """Turn chains into the days that the first of their certificates to expire has left, and name what is wrong.

    Args:
        sources: where certificates were looked for.
        server_name: name that the leaf must be for; None asks nothing.
        now: seconds since the epoch.
    """
    findings: list[tuple[str, Reason]] = []
    evidence: list[str] = []
    for source in sources:
        if source.fault is not None:
            findings.append((source.fault.state, Reason(source.fault.reason_id, source.fault.fields)))
            evidence += source.fault.evidence
            continue
        for position, certificate in enumerate(source.chain, 1):
            evidence.append(f"{source.name} [{position}] {_sentence(certificate, now)}")
            findings += _validity(certificate, source.name, now)
        findings += _links(source)
        if source.only_leaf:
            evidence.append(f"{source.name}: this Python shows only the first certificate of the chain")
    live = next((source for source in sources if source.live and source.chain), None)
    stored = next((source for source in sources if not source.live and source.chain), None)
    asked = live or stored
    named = int(matches_name(asked.chain[0], server_name)) if asked and server_name else None
    if asked and named == 0:
        fields = {"source": asked.name, "name": server_name, "names": ", ".join(asked.chain[0].dns_names) or "-"}
        findings.append((CRITICAL, Reason("certificate_name_mismatch", fields)))
    same = int(live.chain[0].der == stored.chain[0].der) if live and stored else None
    if live and stored and same == 0:
        findings.append((WARNING, Reason("certificate_not_served", {"file": stored.name, "endpoint": live.name})))
    seen = [certificate for source in sources for certificate in source.chain]
    state = worst([found for found, _reason in findings]) if findings else OK
    return Observation(
        value=min((_days(certificate, now) for certificate in seen), default=None),
        state=state,
        reason=next((reason for found, reason in findings if found == state), None),
        metrics={
            "chain_length": len(asked.chain) if asked else None,
            "served_matches_file": same,
            "hostname_matches": named,
            "certificates": len({certificate.der for certificate in seen}),
        },
        evidence=evidence,
    )


def _days(certificate: Certificate, now: float) -> float:
    # Rounded down: 29.999 days are less than 30.
    return math.floor((certificate.not_after - now) / _DAY_SECONDS * 100) / 100


def _date(epoch: int) -> str:
    from datetime import datetime, timedelta, timezone

    # Not time.gmtime: a certificate may be valid until 9999, which is too late for some C libraries.
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=epoch)
    return moment.isoformat().replace("+00:00", "Z")


def _sentence(certificate: Certificate, now: float) -> str:
    names = ",".join(certificate.dns_names[:5]) or "-"
    return (
        f"{certificate.subject or '(no subject)'}; names {names}; issuer {certificate.issuer}; "
        f"serial {certificate.serial}; until {_date(certificate.not_after)} ({_days(certificate, now)} days)"
    )


def _validity(certificate: Certificate, source: str, now: float) -> list[tuple[str, Reason]]:
    fields = {"source": source, "subject": certificate.subject}
    if now >= certificate.not_after:
        return [(CRITICAL, Reason("certificate_expired", dict(fields, not_after=_date(certificate.not_after))))]
    if now < certificate.not_before:
        return [(CRITICAL, Reason("certificate_not_yet_valid", dict(fields, not_before=_date(certificate.not_before))))]
    return []


def _links(source: Source) -> list[tuple[str, Reason]]:
    """Find out whether each certificate was issued by the next; clients that cannot build the chain refuse it."""
    leaf, others = source.chain[0], list(source.chain[1:])
    if not others or leaf.self_signed:
        return []
    if not any(leaf.issued_by(other) for other in others):
        fields = {"source": source.name, "subject": leaf.subject, "issuer": leaf.issuer}
        return [(CRITICAL, Reason("certificate_chain_broken", fields))]
    for lower, upper in zip(source.chain, others):
        if not lower.issued_by(upper):
            fields = {"source": source.name, "subject": lower.subject, "issuer": lower.issuer}
            return [(WARNING, Reason("certificate_chain_unordered", fields))]
        if upper.is_authority is False:
            fields = {"source": source.name, "subject": upper.subject}
            return [(CRITICAL, Reason("certificate_issuer_not_authority", fields))]
    return []


def _from_file(path: str, context: Context) -> Source:
    try:
        with context.open(path) as stream:
            data = stream.read(_FILE_BYTES + 1)
    except CheckError as fault:
        return Source(path, fault=fault)
    try:
        if len(data) > _FILE_BYTES:
            raise CertificateError("It is larger than any chain")
        return Source(path, chain=tuple(read_certificates(data)))
    except CertificateError as error:
        return Source(path, fault=CheckError("certificate_unreadable", CRITICAL, path=path, error=error.message))


def _from_certbot(directory: str, server_name: str | None, context: Context) -> list[Source]:
    live = os.path.join(directory, "live")
    root = live if os.path.isdir(live) else directory
    try:
        names = sorted(name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name)))
    except OSError as error:
        return [Source(root, fault=unreadable(root, error))]
    found = [_from_file(os.path.join(root, name, "fullchain.pem"), context) for name in names]
    if server_name:
        found = [source for source in found if source.fault or matches_name(source.chain[0], server_name)]
    if not found:
        return [Source(root, fault=CheckError("certificate_not_in_certbot", path=root, name=server_name or "*"))]
    return found


def _from_endpoint(endpoint: str, host: str, port: int, server_name: str | None, context: Context) -> Source:
    try:
        chain, only_leaf = _served(host, port, server_name, context.deadline)
        found = tuple(parse_certificate(der) for der in chain)
        whole = chain_by_openssl(found[0], host, port, server_name, context) if only_leaf else found
        return Source(endpoint, whole or found, live=True, only_leaf=not whole)
    except ExpiredError as late:
        error = f"no answer in time ({late.phase})"
    except RefusedError as refusal:
        error = refusal.error
    except CertificateError as damaged:
        error = damaged.message
    except OSError as failure:
        error = str(getattr(failure, "reason", None) or failure.strerror or failure)
    # Whether the service runs is another check's question: this one only says that it could not look.
    return Source(
        endpoint, fault=CheckError("certificate_endpoint_silent", UNKNOWN, endpoint=endpoint, error=error), live=True
    )


def _served(host: str, port: int, server_name: str | None, deadline: float) -> tuple[list[bytes], bool]:
    """Return the certificates that an endpoint presents, as DER, and whether that is only the leaf."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Looking is not trusting: an expired or foreign certificate is what this check must be able to see.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sock = connect(host, port, deadline)
    try:
        sock = start_tls(sock, context, server_name or host, deadline)
        if hasattr(sock, "get_unverified_chain"):
            return list(sock.get_unverified_chain()), False
        inner: Any = getattr(sock, "_sslobj", None)
        if hasattr(inner, "get_unverified_chain"):
            presented = inner.get_unverified_chain() or []
            return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in presented], False
        return [sock.getpeercert(binary_form=True)], True
    finally:
        sock.close()


def chain_by_openssl(
    leaf: Certificate, host: str, port: int, server_name: str | None, context: Context
) -> tuple[Certificate, ...]:
    """Return the chain as the openssl program sees it, for Pythons before 3.10; empty when it sees none."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    argv = ["openssl", "s_client", "-showcerts", "-connect", where]
    try:
        asked = context.run(argv + (["-servername", server_name] if server_name else []), stdin="")
        chain = tuple(read_certificates(asked.stdout.encode()))
    except (CheckError, CertificateError):
        return ()
    # Another certificate would mean that another server answered the second time.
    return chain if chain[0].der == leaf.der else ()


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
