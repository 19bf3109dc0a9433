# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small certificate authority: root, intermediate and leaf, in the files that certbot would keep.

Needs the `cryptography` package, which ansible-core brings along on the control side.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

from .files import write_bytes, write_text

LEAF_DAYS = 90
INTERMEDIATE_DAYS = 1095
ROOT_DAYS = 3650
RENEWAL = """version = 2.1.0
archive_dir = %(root)s/archive/%(name)s
cert = %(live)s/cert.pem
privkey = %(live)s/privkey.pem
chain = %(live)s/chain.pem
fullchain = %(live)s/fullchain.pem
"""


def issue(directory: Path, host_name: str, now: float, days_left: float) -> None:
    """Write authority and leaf below `directory`, certbot's layout: live/NAME/*.pem, renewal/NAME.conf, ca.pem.

    `days_left` is what the leaf has left at `now` (epoch seconds); a negative number makes an expired one.
    The authority is made once and kept, so that a client that trusts `ca.pem` trusts every later leaf.
    """
    from cryptography.hazmat.primitives import serialization

    root, intermediate, intermediate_key = _authority(directory, now)
    key = _new_key()
    until = _moment(now) + datetime.timedelta(days=days_left)
    leaf = _certificate(
        host_name,
        key,
        until - datetime.timedelta(days=LEAF_DAYS),
        until,
        intermediate.subject,
        intermediate_key,
        [host_name, "localhost"],
    )
    pem = serialization.Encoding.PEM
    live = directory / "live" / host_name
    chain = intermediate.public_bytes(pem)
    write_bytes(live / "privkey.pem", _key_pem(key), None, 0o600)
    write_bytes(live / "cert.pem", leaf.public_bytes(pem))
    write_bytes(live / "chain.pem", chain)
    write_bytes(live / "fullchain.pem", leaf.public_bytes(pem) + chain)
    write_bytes(directory / "ca.pem", root.public_bytes(pem))
    write_text(
        directory / "renewal" / (host_name + ".conf"), RENEWAL % {"root": directory, "name": host_name, "live": live}
    )


def _authority(directory: Path, now: float) -> tuple[Any, Any, Any]:
    """Root, intermediate and the intermediate's key: read when they are there, made when not."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    keep = directory / "authority"
    if (keep / "intermediate-key.pem").exists():
        key = serialization.load_pem_private_key((keep / "intermediate-key.pem").read_bytes(), None)
        return (
            x509.load_pem_x509_certificate((keep / "root.pem").read_bytes()),
            x509.load_pem_x509_certificate((keep / "intermediate.pem").read_bytes()),
            key,
        )
    began = _moment(now) - datetime.timedelta(days=365)
    root_key, key = _new_key(), _new_key()
    root = _certificate("Demo Root", root_key, began, began + datetime.timedelta(days=ROOT_DAYS), None, root_key, None)
    intermediate = _certificate(
        "Demo Intermediate",
        key,
        began,
        began + datetime.timedelta(days=INTERMEDIATE_DAYS),
        root.subject,
        root_key,
        None,
    )
    write_bytes(keep / "root.pem", root.public_bytes(serialization.Encoding.PEM))
    write_bytes(keep / "intermediate.pem", intermediate.public_bytes(serialization.Encoding.PEM))
    write_bytes(keep / "intermediate-key.pem", _key_pem(key), None, 0o600)
    return root, intermediate, key


def _certificate(
    name: str,
    key: Any,
    since: datetime.datetime,
    until: datetime.datetime,
    issuer: Any,
    issuer_key: Any,
    host_names: list[str] | None,
) -> Any:
    """One signed certificate; without `host_names` it is an authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=host_names is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if host_names is None:
        builder = builder.add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    if host_names:
        names: list[Any] = [x509.DNSName(host) for host in host_names]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _new_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _key_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def _moment(epoch: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
