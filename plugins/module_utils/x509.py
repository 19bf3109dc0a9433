# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate says, read from its DER or PEM bytes with the standard library alone.

Only what an operator asks is read: names, validity, serial number, and whether it may sign others. Signatures are not
verified here; trust is what a TLS handshake tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import RunbooksError

_PEM = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(?P<body>.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----",
    re.DOTALL,
)
_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_BASE64 = re.compile(rb"^[A-Za-z0-9+/=\s]*$")
_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID, _BOOLEAN = 0x30, 0x31, 0x02, 0x04, 0x06, 0x01
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_ALTERNATIVE_NAMES, _BASIC_CONSTRAINTS = b"\x55\x1d\x11", b"\x55\x1d\x13"
_SUBJECT_KEY, _ISSUER_KEY, _KEY_IDENTIFIER = b"\x55\x1d\x0e", b"\x55\x1d\x23", 0x80
_ATTRIBUTES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x05": "serialNumber",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
}
_ENCODINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be", 0x1C: "utf-32-be"}


class CertificateError(RunbooksError):
    """Bytes that are no certificate."""


@dataclass(frozen=True)
class Certificate:
    """One certificate.

    Args:
        subject: whom it is for, such as ``CN=example.org,O=Example``.
        issuer: who signed it.
        serial: in hexadecimal.
        not_before: start of its validity, seconds since the epoch.
        not_after: end of its validity, seconds since the epoch.
        dns_names: host names of the subjectAltName extension, in lower case.
        addresses: IP addresses of the same, as packed bytes.
        is_authority: basicConstraints CA; None when the certificate does not say.
        subject_der: the subject as bytes, to be compared with an issuer.
        issuer_der: the issuer as bytes.
        key_identifier: of its own key, empty when the certificate does not say.
        issuer_key_identifier: of the key that signed it, empty likewise.
        der: the whole certificate.
    """

    subject: str
    issuer: str
    serial: str
    not_before: int
    not_after: int
    dns_names: tuple[str, ...]
    addresses: tuple[bytes, ...]
    is_authority: bool | None
    subject_der: bytes
    issuer_der: bytes
    key_identifier: bytes
    issuer_key_identifier: bytes
    der: bytes

    @property
    def self_signed(self) -> bool:
        """Whether the certificate names itself as its issuer."""
        return self.subject_der == self.issuer_der

    def issued_by(self, other: Certificate) -> bool:
        """Whether another certificate is its issuer's: the name is the same, and so is the key where both say."""
        keys = (self.issuer_key_identifier, other.key_identifier)
        return self.issuer_der == other.subject_der and (b"" in keys or keys[0] == keys[1])


def read_certificates(data: bytes) -> list[Certificate]:
    """Return every certificate in the bytes of a file: any number in PEM, or one in DER.

    Private keys and whatever else stands between them are passed over.

    Raises:
        CertificateError: there is none, or one of them is damaged.
    """
    import binascii

    blocks = [match.group("body") for match in _PEM.finditer(data)]
    if len(_BEGIN.findall(data)) != len(blocks):
        raise CertificateError("A certificate begins and does not end")
    if not blocks:
        if data[:1] == b"\x30":
            return [parse_certificate(data)]
        raise CertificateError("There is no certificate in it")
    found = []
    for number, block in enumerate(blocks, 1):
        try:
            if not _BASE64.match(block):
                raise CertificateError("it is not base64")
            found.append(parse_certificate(binascii.a2b_base64(block)))
        except (binascii.Error, CertificateError) as error:
            raise CertificateError(f"Certificate {number} is damaged: {error}") from None
    return found


def parse_certificate(der: bytes) -> Certificate:
    """Return what one certificate says.

    Raises:
        CertificateError: the bytes are no certificate.
    """
    tag, body, end = _element(der, 0)
    whole = der[:end]
    fields = _children(_expect(tag, body, _SEQUENCE))
    if not fields:
        raise CertificateError("it is empty")
    parts = _children(_expect(fields[0][0], fields[0][1], _SEQUENCE))
    if parts and parts[0][0] == _VERSION:
        parts = parts[1:]
    if len(parts) < 6:
        raise CertificateError("it lacks fields")
    serial, _algorithm, issuer, validity, subject, _key = parts[:6]
    moments = _children(_expect(validity[0], validity[1], _SEQUENCE))
    if len(moments) != 2:
        raise CertificateError("its validity has not two ends")
    names, addresses, is_authority, keys = _extensions(parts[6:])
    return Certificate(
        subject=_name(_expect(subject[0], subject[1], _SEQUENCE)),
        issuer=_name(_expect(issuer[0], issuer[1], _SEQUENCE)),
        serial=_expect(serial[0], serial[1], _INTEGER).hex().lstrip("0") or "0",
        not_before=_moment(*moments[0]),
        not_after=_moment(*moments[1]),
        dns_names=names,
        addresses=addresses,
        is_authority=is_authority,
        subject_der=subject[1],
        issuer_der=issuer[1],
        key_identifier=keys.get(_SUBJECT_KEY, b""),
        issuer_key_identifier=keys.get(_ISSUER_KEY, b""),
        der=whole,
    )


def matches_name(certificate: Certificate, name: str) -> bool:
    """Tell whether a certificate is for a host name or address.

    A wildcard stands for exactly one label, the leftmost. The common name does not count: no TLS client of the last
    ten years looks at it.
    """
    wanted = name.strip().rstrip(".").lower()
    packed = _packed(wanted)
    if packed is not None:
        return packed in certificate.addresses
    if not wanted.isascii():
        try:
            wanted = wanted.encode("idna").decode("ascii")
        except UnicodeError:
            return False
    for pattern in (name.rstrip(".") for name in certificate.dns_names):
        if pattern == wanted:
            return True
        if pattern.startswith("*.") and "." in pattern[2:] and wanted.partition(".")[2] == pattern[2:]:
            return True
    return False


def _packed(text: str) -> bytes | None:
    import socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
    return None


def _element(data: bytes, start: int) -> tuple[int, bytes, int]:
    """Return tag, content and end of the DER element at a position."""
    if start + 2 > len(data):
        raise CertificateError("it ends too early")
    tag, length, begin = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise CertificateError("it has a tag that no certificate has")
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4 or begin + count > len(data):
            raise CertificateError("it has a length that no certificate has")
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > len(data):
        raise CertificateError("it ends too early")
    return tag, data[begin : begin + length], begin + length


def _children(data: bytes) -> list[tuple[int, bytes]]:
    found, position = [], 0
    while position < len(data):
        tag, body, position = _element(data, position)
        found.append((tag, body))
    return found


def _expect(tag: int, body: bytes, wanted: int) -> bytes:
    if tag != wanted:
        raise CertificateError(f"it has 0x{tag:02x} where 0x{wanted:02x} belongs")
    return body


def _name(data: bytes) -> str:
    shown = []
    for tag, relative in _children(data):
        for part_tag, pair in _children(_expect(tag, relative, _SET)):
            fields = _children(_expect(part_tag, pair, _SEQUENCE))
            if len(fields) != 2:
                raise CertificateError("a name is not a pair")
            key = _ATTRIBUTES.get(fields[0][1]) or "oid." + fields[0][1].hex()
            text = fields[1][1].decode(_ENCODINGS.get(fields[1][0], "latin-1"), "replace")
            shown.append(f"{key}={text}")
    # The most telling part stands last in the bytes and first in writing (RFC 4514).
    return ",".join(reversed(shown))


def _moment(tag: int, body: bytes) -> int:
    from datetime import datetime, timezone

    text = body.decode("latin-1")
    if tag == _UTC_TIME and re.match(r"^\d{12}Z$", text, re.ASCII):
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME or not re.match(r"^\d{14}Z$", text, re.ASCII):
        raise CertificateError("a date is not a date")
    numbers = [int(text[:4])] + [int(text[at : at + 2]) for at in range(4, 14, 2)]
    year, month, day, hour, minute, second = numbers
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc).timestamp())
    except ValueError:
        raise CertificateError("a date does not exist") from None


def _extensions(
    parts: list[tuple[int, bytes]],
) -> tuple[tuple[str, ...], tuple[bytes, ...], bool | None, dict[bytes, bytes]]:
    keys: dict[bytes, bytes] = {}
    names: list[str] = []
    addresses: list[bytes] = []
    is_authority: bool | None = None
    for tag, body in parts:
        if tag != _EXTENSIONS:
            continue
        for _tag, extension in _children(_only(_children(body), _SEQUENCE)):
            fields = _children(extension)
            if len(fields) < 2 or fields[0][0] != _OID:
                raise CertificateError("an extension is not a pair")
            value = _expect(fields[-1][0], fields[-1][1], _OCTETS)
            if fields[0][1] == _ALTERNATIVE_NAMES:
                for kind, name in _children(_only(_children(value), _SEQUENCE)):
                    if kind == _DNS_NAME:
                        names.append(name.decode("ascii", "replace").lower())
                    elif kind == _IP_ADDRESS:
                        addresses.append(name)
            elif fields[0][1] == _BASIC_CONSTRAINTS:
                limits = _children(_only(_children(value), _SEQUENCE))
                is_authority = bool(limits and limits[0][0] == _BOOLEAN and limits[0][1] not in (b"", b"\x00"))
            elif fields[0][1] == _SUBJECT_KEY:
                keys[_SUBJECT_KEY] = _only(_children(value), _OCTETS)
            elif fields[0][1] == _ISSUER_KEY:
                parts_of_issuer = dict(_children(_only(_children(value), _SEQUENCE)))
                keys[_ISSUER_KEY] = parts_of_issuer.get(_KEY_IDENTIFIER, b"")
    return tuple(names), tuple(addresses), is_authority, keys


def _only(found: list[tuple[int, bytes]], tag: int) -> bytes:
    if len(found) != 1:
        raise CertificateError("an extension holds more than one value")
    return _expect(found[0][0], found[0][1], tag)
