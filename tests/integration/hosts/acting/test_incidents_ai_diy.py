# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An attack: sources ranked, a block list proposed, applied by the host's nftables when approved, ending by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.hosts.acting.incidents import Desk, desk_for
from tests.integration.hosts.plays import on_host

HOST = "ai-diy-1"
pytestmark = pytest.mark.xdist_group("ai-diy-1")
ATTACK = """
cat > /root/attack.py <<'END'
import datetime, glob, json
log = sorted(glob.glob("/opt/ai-diy/logs/ai_diy_api_*.jsonl"))[-1]
now = datetime.datetime.now(datetime.timezone.utc)
with open(log, "a") as file:
    for number in range(60):
        moment = (now - datetime.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {"timestamp": moment, "level": "WARNING", "logger": "ai_diy.security", "event": "rate_limit_exceeded"}
        file.write(json.dumps({**event, "details": {"client_ip": "203.0.113.9" if number % 2 else "10.9.9.9"}}) + "\\n")
    for number in range(3):
        moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        file.write(json.dumps({"timestamp": moment, "level": "ERROR", "message": f"task {number} failed"}) + "\\n")
END
python3 /root/attack.py
"""
#: More than the hour's good requests can outweigh.
ERRORS = """
cat > /root/errors.py <<'END'
import datetime, glob, json
log = sorted(glob.glob("/opt/ai-diy/logs/ai_diy_api_*.jsonl"))[-1]
now = datetime.datetime.now(datetime.timezone.utc)
common = {"level": "ERROR", "logger": "ai_diy.api", "route": "/api/chat", "status": "error", "duration_ms": 900}
with open(log, "a") as file:
    for number in range(400):
        moment = (now - datetime.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        file.write(json.dumps({"timestamp": moment, **common, "message": "upstream timed out"}) + "\\n")
END
python3 /root/errors.py
"""


@pytest.fixture(scope="module")
def desk(prepared: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return the host with an attack in its log, and its receivers."""
    prepared(HOST)
    on_host(
        HOST,
        "rm -rf /root/logs; cp -a /opt/ai-diy/logs /root/logs\n"
        "nft delete table inet aiops_block 2> /dev/null || true\n" + ATTACK,
    )
    with desk_for(HOST, tmp_path_factory.mktemp("incidents")) as desk:
        yield desk
    on_host(HOST, "nft delete table inet aiops_block || true; rm -r /opt/ai-diy/logs; mv /root/logs /opt/ai-diy/logs")


def test_the_sources_of_an_attack_are_blocked_only_when_approved_and_for_a_while(desk: Desk) -> None:
    proposed = desk.act()
    assert desk.incident()["level"] == "P2"
    assert "security" in desk.incident()["categories"], "the security manager is told at once"
    assert "security@example.com" in [mail["To"] for mail in desk.box.mails]
    assert proposed.states["incident_block_sources"] == "planned"
    detail = proposed.detail("incident_block_sources")
    assert detail["blocked"] == ["203.0.113.9"]
    assert "Require not ip 203.0.113.9" in detail["apache"]
    assert [each["why_not"] for each in detail["sources"] if each["source"] == "10.9.9.9"] == ["never blocked"]
    assert "aiops_block" not in on_host(HOST, "nft list ruleset")

    blocked = desk.act("-e", "run_approve=incident_block_sources", "-e", "ai_diy_block_minutes=30")
    assert blocked.states["incident_block_sources"] == "done", blocked.output
    rules = on_host(HOST, "nft list table inet aiops_block")
    assert "203.0.113.9 timeout 30m expires" in rules
    assert "10.9.9.9" not in rules
    assert "ip saddr @blocked4 drop" in rules
    again = desk.act("-e", "run_approve=incident_block_sources")
    assert again.states["incident_block_sources"] == "skipped", "it is blocked already"
    assert on_host(HOST, "nft list table inet aiops_block").count("saddr @blocked4 drop") == 1


def test_errors_with_exhausted_resources_are_collected_and_the_application_is_restarted(desk: Desk) -> None:
    desk.close()
    on_host(HOST, ERRORS)
    pid = on_host(HOST, "systemctl show ai-diy --property MainPID --value")
    lowered = {"system_check_changes": [{"name": "memory", "warning": ">= 1", "critical": ">= 2"}]}
    acted = desk.act("-e", json.dumps(lowered), "-e", "incident_verify_interval_seconds=1 ai_diy_heal_seconds=2")
    assert acted.returncode == 2, "the memory is as full as before"
    facts = desk.incident()["facts"]
    assert (desk.incident()["level"], {"high_error_rate", "resources"} <= set(facts["rules"])) == ("P2", True)
    assert desk.steps()["incident_error_patterns"] == "collected"
    assert desk.steps()["incident_restart"] == "not_healed"
    assert on_host(HOST, "systemctl show ai-diy --property MainPID --value") != pid
    patterns = Path(acted.detail("incident_error_patterns")["file"]).read_text(encoding="utf-8")
    assert "upstream timed out" in patterns
    assert desk.evidence()["processes"]
