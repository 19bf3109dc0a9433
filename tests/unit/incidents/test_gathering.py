# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gathered in an incident: evidence, error patterns, sources of attacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import host_evidence as evidence
from ansible_collections.aiops.runbooks.plugins.module_utils.block_list import (
    addresses_to_block,
    apache_rules,
    nft_elements,
    ranked,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.error_patterns import grouped, shape_of
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.recent_records import errors_of_logs, events_of_logs
from tests.unit.patience import given_time, quickly


def context(seconds: float = 60.0) -> Context:
    """Return the bounds of a look."""
    return Context(time.time(), time.monotonic() + seconds)


def test_evidence_is_bounded_redacted_and_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is slow takes all the time that is left.
    monkeypatch.setattr(evidence, "_SECTION_SECONDS", 600.0)
    log = tmp_path / "app.log"
    log.write_text("".join(f"line {number} password=hunter{number}\n" for number in range(500)))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    wanted = evidence.Wanted(
        logs=[str(log), str(fifo), str(tmp_path / "none")],
        commands=[{"name": "slow", "argv": ["sleep", "600"]}, {"name": "id", "argv": ["id", "-u"]}],
        lines=20,
    )

    def gather(limit: float) -> evidence.Evidence:
        return quickly(lambda: evidence.gather(wanted, context(limit), time.monotonic), limit + 3)

    found = given_time(gather, lambda seen: "command slow" in seen.sections)
    assert len(found.sections[f"log {log}"]) == 20
    assert found.sections[f"log {log}"][-1] == "line 499 password=********"
    assert set(found.missing) >= {f"log {fifo}", f"log {tmp_path / 'none'}"}
    assert {"load", "memory", "processes", "disk", "sockets"} <= set(found.sections)
    assert found.sections["command slow"] == ["not finished in time"]
    assert found.missing["command id"] == "no time was left"


def test_whoever_listens_is_named() -> None:
    program = (
        "import http.server as h; s = h.HTTPServer(('127.0.0.1', 0), None); print(s.server_port, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        lines = evidence.listening("/proc")
        server.kill()
    assert any(line.startswith(f"port {port} on 127.0.0.1: pid {server.pid} ") for line in lines)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("task 17 failed after 3.2 s", "task 4711 failed after 12 s"),
        ("no such user 'sato'", "no such user 'mori'"),
        ("peer 192.0.2.1:443 closed", "peer 198.51.100.7:8443 closed"),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8 lost", "id 6ba7b811-9dad-11d1-80b4-00c04fd430c8 lost"),
        ("at 2026-11-21T10:00:00Z: reset", "at 2026-11-22 11:30:00,123: reset"),
        ("object 0x7f00aa gone", "object 0x12 gone"),
    ],
)
def test_errors_that_differ_in_their_particulars_are_one_pattern(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)
    assert shape_of(one) != shape_of(one + " badly")


def test_patterns_are_counted_with_their_first_and_last_moment() -> None:
    errors = [("10:00", "task 1 failed"), ("10:01", "disk full"), ("10:05", "task 2 failed")]
    first, second = grouped(errors)
    assert (first.count, first.first, first.last, first.example) == (2, "10:00", "10:05", "task 1 failed")
    assert second.count == 1


def stamp(hours_ago: float) -> str:
    """Return a moment as logs write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - hours_ago * 3600))


def test_the_last_hour_is_that_of_the_records(tmp_path: Path) -> None:
    log = tmp_path / "app.jsonl"
    records = [
        {"timestamp": stamp(2), "level": "ERROR", "message": "too old"},
        {"timestamp": stamp(0.5), "level": "ERROR", "message": "api_key=sk-123456789012345 refused"},
        {"timestamp": stamp(0.2), "level": "INFO", "message": "fine"},
    ]
    log.write_text("".join(json.dumps(record) + "\n" for record in records) + "not json\n")
    notes: list[str] = []
    errors = errors_of_logs([str(log), str(tmp_path / "none.log")], 1, context(), notes)
    assert [text for _moment, text in errors] == ["api_key=******** refused"]
    assert notes == [f"{tmp_path / 'none.log'}: file_missing"]


def test_sources_are_ranked_and_only_addresses_with_many_events_are_blocked(tmp_path: Path) -> None:
    log = tmp_path / "app.jsonl"
    plain = {"timestamp": stamp(0.1), "event": "path_traversal_attempt", "client_ip": "203.0.113.9"}
    nested = json.dumps({"event": "rate_limit_exceeded", "details": {"client_id": "2001:db8::7"}})
    audit = {"timestamp": stamp(0.1), "message": f"SECURITY_AUDIT: {nested}"}
    inner = {**plain, "client_ip": "10.1.2.3"}
    other = {**plain, "event": "login", "client_ip": "203.0.113.77"}
    lines = [plain] * 12 + [audit] * 11 + [inner] * 20 + [other] * 30 + [{**plain, "client_ip": "ua:9634"}] * 15
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    events = events_of_logs([str(log)], ["path_traversal_attempt", "rate_limit_exceeded"], 1, context(), [])
    sources = ranked(events, 10, ["10.0.0.0/8"])
    assert [(each.source, each.count, each.why_not) for each in sources] == [
        ("10.1.2.3", 20, "never blocked"),
        ("ua:9634", 15, "no address"),
        ("203.0.113.9", 12, ""),
        ("2001:db8::7", 11, ""),
    ]
    blocked = addresses_to_block(sources)
    assert blocked == ["203.0.113.9", "2001:db8::7"]
    assert "add element inet aiops_block blocked6 { 2001:db8::7 timeout 30m }" in nft_elements(blocked, 30)
    assert "Require not ip 203.0.113.9" in apache_rules(blocked)
    assert apache_rules([]) == nft_elements([], 5) == ""
