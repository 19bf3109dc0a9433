# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for tests: chains with any dates and names, issued on the spot."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM."""
        form, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(form, shape, serialization.NoEncryption())


def issue(
    name: str,
    issuer: Issued | None = None,
    *,
    names: tuple[str, ...] = (),
    authority: bool = False,
    days: float = 90,
    begun_days_ago: float = 1,
) -> Issued:
    """Issue a certificate; without an issuer it signs itself.

    Args:
        name: common name.
        issuer: who signs.
        names: host names and addresses that it is for.
        authority: whether it may sign others.
        days: until it expires, from now.
        begun_days_ago: since when it is valid; negative for the future.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=begun_days_ago))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer.key if issuer else key).public_key()),
            critical=False,
        )
    )
    if names:
        general = [
            x509.IPAddress(ipaddress.ip_address(one)) if one[-1].isdigit() else x509.DNSName(one) for one in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def server_context(directory: Path, chain: list[Issued]) -> ssl.SSLContext:
    """Return a server's TLS context that presents a chain, leaf first."""
    file = directory / f"served-{chain[0].certificate.serial_number}.pem"
    file.write_bytes(chain[0].key_pem + b"".join(one.pem for one in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
