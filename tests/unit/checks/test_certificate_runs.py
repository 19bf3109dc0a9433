# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind certificate against files and live endpoints, and the reader of certificates against any bytes."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.certificate import chain_by_openssl
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.x509 import (
    CertificateError,
    matches_name,
    parse_certificate,
    read_certificates,
)
from tests.ports import closed_port

from .asking import look
from .authority import Issued, issue, server_context
from .peers import Behaviour, answering, never_answering, serving

NAME = "app.example.org"
LEVELS: dict[str, Any] = {"warning": "< 30", "critical": "< 7"}
ROOT = issue("Root", authority=True, days=3650)
MIDDLE = issue("Intermediate", ROOT, authority=True, days=1000)
LEAF = issue(NAME, MIDDLE, names=(NAME, "*.apps.example.org", "192.0.2.7"), days=90)


def write(directory: Path, *chain: Issued, name: str = "fullchain.pem") -> str:
    """Write a chain as PEM and return its path."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(one.pem for one in chain))
    return str(path)


def test_the_first_of_the_chain_to_expire_decides(tmp_path: Path) -> None:
    short = issue("Intermediate", ROOT, authority=True, days=20)
    leaf = issue(NAME, short, names=(NAME,), days=90)
    result = look("certificate", file=write(tmp_path, leaf, short, ROOT), server_name=NAME, **LEVELS)
    assert (result["state"], result["reason"]["id"]) == ("warning", "level_reached")
    assert 19.9 < result["value"] <= 20
    assert result["metrics"]["chain_length"] == 3
    assert result["metrics"]["hostname_matches"] == 1
    assert [line for line in result["evidence"] if "CN=Intermediate" in line and "(19.9" in line]


def test_a_sound_chain_served_from_its_file_is_ok(tmp_path: Path) -> None:
    chain = [LEAF, MIDDLE, ROOT]
    with serving(answering(b""), server_context(tmp_path, chain)) as port:
        result = look(
            "certificate", file=write(tmp_path, *chain), endpoint=f"127.0.0.1:{port}", server_name=NAME, **LEVELS
        )
    assert result["state"] == "ok"
    assert result["metrics"] == {
        "chain_length": 3,
        "served_matches_file": 1,
        "hostname_matches": 1,
        "certificates": 3,
    }


def test_an_expired_certificate_is_seen_on_the_wire(tmp_path: Path) -> None:
    expired = issue(NAME, MIDDLE, names=(NAME,), days=-1, begun_days_ago=30)
    with serving(answering(b""), server_context(tmp_path, [expired, MIDDLE])) as port:
        result = look("certificate", endpoint=f"127.0.0.1:{port}", server_name=NAME, **LEVELS)
    assert (result["state"], result["reason"]["id"]) == ("critical", "certificate_expired")
    assert result["reason"]["fields"]["subject"] == f"CN={NAME}"
    assert result["value"] < 0


def test_a_renewed_file_that_nobody_reloaded_is_a_warning(tmp_path: Path) -> None:
    renewed = issue(NAME, MIDDLE, names=(NAME,), days=90)
    with serving(answering(b""), server_context(tmp_path, [LEAF, MIDDLE])) as port:
        result = look("certificate", file=write(tmp_path, renewed, MIDDLE), endpoint=f"127.0.0.1:{port}")
    assert (result["state"], result["reason"]["id"]) == ("warning", "certificate_not_served")
    assert result["metrics"]["served_matches_file"] == 0


@pytest.mark.parametrize(
    ("chain", "state", "reason"),
    [
        ([LEAF, ROOT], "critical", "certificate_chain_broken"),
        ([LEAF, issue("Intermediate", ROOT, authority=True), ROOT], "critical", "certificate_chain_broken"),
        ([LEAF, ROOT, MIDDLE], "warning", "certificate_chain_unordered"),
        ([issue("later", ROOT, begun_days_ago=-2)], "critical", "certificate_not_yet_valid"),
        ([issue("leaf", LEAF), LEAF], "critical", "certificate_issuer_not_authority"),
        ([issue("own")], "ok", "within_levels"),
    ],
    ids=["issuer_missing", "issuer_with_another_key", "unordered", "not_yet", "issued_by_a_leaf", "self_signed"],
)
def test_the_chain_itself_is_looked_at(tmp_path: Path, chain: list[Issued], state: str, reason: str) -> None:
    result = look("certificate", file=write(tmp_path, *chain))
    assert (result["state"], result["reason"]["id"]) == (state, reason)


def test_the_wrong_name_is_critical_and_both_names_are_said(tmp_path: Path) -> None:
    result = look("certificate", file=write(tmp_path, LEAF, MIDDLE), server_name="other.example.org")
    assert (result["state"], result["reason"]["id"]) == ("critical", "certificate_name_mismatch")
    assert NAME in result["reason"]["fields"]["names"]


def test_a_dead_endpoint_is_unknown_and_hides_nothing_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, issue(NAME, days=3))
    with closed_port() as port:
        result = look("certificate", file=path, endpoint=f"127.0.0.1:{port}")
        levelled = look("certificate", file=path, endpoint=f"127.0.0.1:{port}", **LEVELS)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "certificate_endpoint_silent")
    assert 2 < result["value"] <= 3
    assert levelled["state"] == "critical"


def test_a_python_that_shows_only_the_leaf_asks_openssl_for_the_chain(tmp_path: Path) -> None:
    context = Context(now=0.0, deadline=time.monotonic() + 60)
    with serving(answering(b""), server_context(tmp_path, [LEAF, MIDDLE, ROOT])) as port:
        seen = chain_by_openssl(parse_certificate(LEAF.der), "127.0.0.1", port, NAME, context)
        other = chain_by_openssl(parse_certificate(ROOT.der), "127.0.0.1", port, NAME, context)
    assert [one.der for one in seen] == [LEAF.der, MIDDLE.der, ROOT.der]
    assert other == ()


@pytest.mark.parametrize("behave", [never_answering, answering(b"plain")])
def test_an_endpoint_without_tls_is_unknown_in_time(behave: Behaviour) -> None:
    with serving(behave) as port:
        result = look("certificate", endpoint=f"127.0.0.1:{port}", timeout_seconds=1)
    assert (result["state"], result["reason"]["id"]) == ("unknown", "certificate_endpoint_silent")


def test_certbots_directory_is_searched_for_the_name(tmp_path: Path) -> None:
    other = issue("other.example.org", names=("other.example.org",), days=2)
    write(tmp_path, LEAF, MIDDLE, name=f"live/{NAME}/fullchain.pem")
    write(tmp_path, other, name="live/other/fullchain.pem")
    (tmp_path / "live" / "README").write_text("not a certificate")
    mine = look("certificate", certbot_directory=str(tmp_path), server_name=NAME, **LEVELS)
    everything = look("certificate", certbot_directory=str(tmp_path), **LEVELS)
    nobody = look("certificate", certbot_directory=str(tmp_path), server_name="third.example.org")
    assert mine["state"] == "ok"
    assert everything["state"] == "critical"
    assert (nobody["state"], nobody["reason"]["id"]) == ("unknown", "certificate_not_in_certbot")


def test_a_file_that_certbot_names_as_well_is_looked_at_once(tmp_path: Path) -> None:
    write(tmp_path, LEAF, MIDDLE, name=f"archive/{NAME}/fullchain1.pem")
    live = tmp_path / "live" / NAME / "fullchain.pem"
    live.parent.mkdir(parents=True)
    live.symlink_to(tmp_path / "archive" / NAME / "fullchain1.pem")
    result = look("certificate", file=str(live), certbot_directory=str(tmp_path), server_name=NAME)
    assert (result["state"], len(result["evidence"])) == ("ok", 2)


def test_what_is_no_certificate_is_named(tmp_path: Path) -> None:
    key_only = tmp_path / "key.pem"
    key_only.write_bytes(LEAF.key_pem)
    cut = tmp_path / "cut.pem"
    cut.write_bytes(LEAF.pem[:200])
    fifo = tmp_path / "fifo.pem"
    os.mkfifo(fifo)
    seen = {path: look("certificate", file=path) for path in map(str, (key_only, cut, fifo, tmp_path / "none.pem"))}
    assert [(one["state"], one["reason"]["id"]) for one in seen.values()] == [
        ("critical", "certificate_unreadable"),
        ("critical", "certificate_unreadable"),
        ("unknown", "not_a_regular_file"),
        ("critical", "file_missing"),
    ]
    assert look("certificate")["reason"]["id"] == "certificate_nothing_to_check"


def test_keys_and_text_around_certificates_are_passed_over(tmp_path: Path) -> None:
    data = b"Subject: x\n" + LEAF.key_pem + LEAF.pem.replace(b"\n", b"\r\n") + b"\n# note\n" + MIDDLE.pem
    assert [one.subject for one in read_certificates(data)] == [f"CN={NAME}", "CN=Intermediate"]
    assert read_certificates(LEAF.der)[0].subject == f"CN={NAME}"


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        (NAME, True),
        ("APP.Example.org.", True),
        ("x.apps.example.org", True),
        ("apps.example.org", False),
        ("a.b.apps.example.org", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::1", False),
        ("", False),
        ("例え.example.org", False),
    ],
)
def test_which_names_a_certificate_is_for(name: str, matches: bool) -> None:
    assert matches_name(parse_certificate(LEAF.der), name) is matches


def test_the_common_name_and_a_bare_wildcard_do_not_count() -> None:
    assert not matches_name(parse_certificate(issue(NAME).der), NAME)
    assert not matches_name(parse_certificate(issue("x", names=("*.org",)).der), "example.org")


def test_what_is_read_is_what_another_reader_reads() -> None:
    for one in (ROOT, MIDDLE, LEAF):
        mine, theirs = parse_certificate(one.der), x509.load_der_x509_certificate(one.der)
        assert (mine.not_before, mine.not_after) == (
            theirs.not_valid_before_utc.timestamp(),
            theirs.not_valid_after_utc.timestamp(),
        )
        assert int(mine.serial, 16) == theirs.serial_number
        assert mine.subject == theirs.subject.rfc4514_string()
        assert mine.issuer == theirs.issuer.rfc4514_string()
        assert mine.is_authority is (one is not LEAF)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_an_answer(data: bytes) -> None:
    for read in (parse_certificate, read_certificates):
        with pytest.raises(CertificateError):
            read(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(LEAF.der) - 1), st.integers(0, 255), st.integers(1, len(LEAF.der)))
def test_a_damaged_certificate_is_read_or_refused(position: int, octet: int, length: int) -> None:
    damaged = (LEAF.der[:position] + bytes([octet]) + LEAF.der[position + 1 :])[:length]
    with contextlib.suppress(CertificateError):
        assert parse_certificate(damaged).der == damaged[: len(parse_certificate(damaged).der)]
