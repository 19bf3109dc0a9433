# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate renewed by certbot at a real ACME server, seen on the wire, and put back when Apache refuses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("estimator-2")
HOST = "estimator-2"
CERTBOT = ["env", "REQUESTS_CA_BUNDLE=/etc/pebble/cert.pem", "certbot", "renew", "--no-random-sleep-on-renew"]
SERVED = """
echo | openssl s_client -connect 127.0.0.1:443 -servername estimator.test 2>/dev/null | openssl x509 -noout -serial
"""
IN_FILE = "openssl x509 -noout -serial -in /etc/letsencrypt/live/estimator.test/fullchain.pem"
#: Every file and link of the certificate, by content.
#: What was put back is kept beside, which is not what is compared.
FILES = """
cd /etc/letsencrypt
find live archive renewal -name '*.replaced-*' -prune -o -printf '%p %l\\n' | LC_ALL=C sort
find live archive renewal -name '*.replaced-*' -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
"""
ISSUED = (
    "journalctl --sync\n"
    "journalctl --unit pebble --output cat --no-pager | sed -n 's/.*Issued certificate serial \\([0-9a-f]*\\) .*/\\1/p'"
)
APACHE = "systemctl show apache2 --property=MainPID"


@pytest.fixture(scope="module")
def renew(prepared: Callable[..., None], act: Callable[..., Acted]) -> Iterator[Callable[..., Acted]]:
    """Return a function that renews the certificate with a command, at an ACME server that runs on the host."""
    prepared(HOST)
    on_host(HOST, Path(__file__).with_name("acme.script").read_text(encoding="utf-8"))

    def run(command: list[str], *arguments: str) -> Acted:
        variables = {
            "estimator_renew_command": command,
            "estimator_renew_dry_run_command": [*CERTBOT, "--dry-run"],
            # A renewal that is to succeed has time; what is never served is not waited for.
            "certificate_renew_served_seconds": 120 if command == CERTBOT else 5,
        }
        return act("certificate", HOST, "-e", json.dumps(variables), *arguments)

    yield run
    on_host(
        HOST,
        "systemctl stop pebble; rm -rf /etc/letsencrypt /etc/apache2/conf-enabled/acme.conf; "
        "cp -a /root/letsencrypt /etc/letsencrypt; systemctl restart apache2",
    )


def test_a_plan_renews_nothing(renew: Callable[..., Acted]) -> None:
    before, issued = on_host(HOST, FILES), on_host(HOST, ISSUED)
    planned = renew(CERTBOT, "--check")
    assert planned.returncode == 0, planned.output
    assert (on_host(HOST, FILES), on_host(HOST, ISSUED)) == (before, issued)
    assert on_host(HOST, SERVED) == on_host(HOST, IN_FILE)


def test_a_due_certificate_is_renewed_and_served(renew: Callable[..., Acted]) -> None:
    before, issued = on_host(HOST, SERVED), on_host(HOST, ISSUED).split()
    done = renew(CERTBOT)
    assert done.returncode == 0, done.output
    assert done.states == {"renew_certificate_now": "done"}
    after = on_host(HOST, SERVED)
    assert after != before
    assert after == on_host(HOST, IN_FILE)
    # The trial got one that nobody keeps; the next one is on the wire.
    trial, renewed = on_host(HOST, ISSUED).split()[len(issued) :]
    served = int(after.strip().removeprefix("serial="), 16)
    assert (served == int(renewed, 16), served == int(trial, 16)) == (True, False)
    assert done.detail("renew_certificate_now")["days_left"] > 18


@pytest.mark.parametrize("command", ["renew-badly", "renew-nothing"])
def test_a_renewal_that_the_web_server_does_not_survive_is_put_back(
    renew: Callable[..., Acted], testinfra_host: Callable, command: str
) -> None:
    before, served, process = on_host(HOST, FILES), on_host(HOST, SERVED), on_host(HOST, APACHE)
    failed = renew([command])
    assert failed.returncode == 2, failed.output
    assert failed.states == {"renew_certificate_now": "failed"}
    assert "the certificate is what it was" in failed.detail("renew_certificate_now")["message"]
    assert (on_host(HOST, FILES), on_host(HOST, SERVED)) == (before, served)
    assert testinfra_host(HOST).service("apache2").is_running
    on_host(HOST, "apachectl configtest")
    if command == "renew-nothing":
        assert on_host(HOST, APACHE) == process, "what its configuration test refuses is not loaded"


def test_an_authority_that_cannot_be_reached_ends_it_before_anything_is_touched(renew: Callable[..., Acted]) -> None:
    before = on_host(HOST, FILES)
    on_host(HOST, "systemctl kill --signal=STOP pebble")
    try:
        failed = renew(CERTBOT, "-e", "certificate_renew_timeout_seconds=5")
    finally:
        on_host(HOST, "systemctl kill --signal=CONT pebble")
    assert failed.states == {"renew_certificate_now": "failed"}
    assert on_host(HOST, FILES) == before
    assert on_host(HOST, SERVED) == on_host(HOST, IN_FILE)
