# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident report in the runbook's layout, in both languages, from what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents import engine
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.document import incident_report, subject
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.engine import Happening
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.profile import IncidentSettings
from ansible_collections.aiops.runbooks.plugins.plugin_utils.incidents.progress import Reading

OPENED = datetime(2025, 10, 21, 1, 23, tzinfo=UTC)
SETTINGS = IncidentSettings(
    title={"en": "AI Estimator System", "ja": "AI見積りシステム"},
    timezone="Asia/Tokyo",
    contacts=[{"role": "cto", "title": {"en": "CTO", "ja": "CTO"}, "channels": []}],
    questions=[
        {"text": {"en": "Was it running?", "ja": "実行中だったか"}, "checks": ["health"]},
        {"text": {"en": "Was it a new pattern?", "ja": "未知のパターンか"}},
    ],
    corrective_actions=[
        {"text": {"en": "Limit the memory", "ja": "メモリ上限の設定"}, "checks": ["health", "memory"]},
        {"text": {"en": "Retrain", "ja": "再学習"}, "checks": ["models"]},
        {"text": {"en": "Add a rule", "ja": "ルールの追加"}},
    ],
    checks={"health": {"en": "Health check", "ja": "ヘルスチェック"}},
)
FINDING = {"check": "health", "kind": "http", "state": "critical", "reason": {"id": "failed", "fields": {}}}


def incident(*happenings: tuple[float, Happening]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an incident with its events, each some minutes after the beginning."""
    record = engine.new_incident("i1", "estimator", "est1", Reading(OPENED, "boot", 0.0))
    events = []
    for minutes, happening in happenings:
        wall = OPENED + timedelta(minutes=minutes)
        record = engine.happened(engine.at(record, Reading(wall, "boot", minutes * 60)), happening, wall)
        events.append({"kind": happening.kind, "key": None, "detail": dict(happening.detail), "at": wall})
    return record, events


def outage() -> tuple[float, Happening]:
    """Return the beginning of an outage."""
    facts = {
        "status": {"en": "Complete service outage", "ja": "サービス全停止中"},
        "impact": {"en": "All users", "ja": "全ユーザー"},
        "findings": [FINDING],
        "seen": [FINDING],
        "reporter": "Operations Team A",
    }
    return 0, Happening("detected", detail={"findings": [FINDING]}, level="P1", facts=facts)


def rung(minutes: float, outcome: str) -> tuple[float, Happening]:
    """Return a step."""
    title = {"en": "Restarted estimator service", "ja": "estimatorサービス再起動実施"}
    return minutes, Happening("rung", detail={"title": title, "name": "restart", "outcome": outcome, "message": "no"})


def test_the_initial_report_is_the_runbooks() -> None:
    record, events = incident(outage(), rung(1, "not_healed"))
    english = incident_report(record, events, SETTINGS, "initial", "en").split("\n\n")
    assert english[:6] == [
        "【Incident Report】AI Estimator System",
        "■ Incident Level: P1 (Critical)",
        "■ Occurrence Time: 2025-10-21 10:23",
        "■ Host: est1",
        "■ Current Status: Complete service outage",
        "■ Impact Scope: All users",
    ]
    assert "■ Cause: Under investigation" in english
    assert "■ Initial Response:\n- Restarted estimator service → not recovered" in english
    assert "■ Reporter: Operations Team A" in english
    japanese = incident_report(record, events, SETTINGS, "initial", "ja")
    assert japanese.startswith("【障害報告】AI見積りシステム\n\n■ 障害レベル: P1（緊急）\n")
    assert "- estimatorサービス再起動実施 → 復旧せず" in japanese
    assert subject(record, SETTINGS, "initial", "ja") == "[P1] AI見積りシステム (est1): 初期報告"


def test_an_update_says_what_was_found_and_what_is_next() -> None:
    waits = Happening("note", detail={"what": "waits"}, facts={"next": {"id": "next_approve", "name": "reboot"}})
    record, events = incident(outage(), rung(1, "failed"), (2, waits))
    text = incident_report(record, events, SETTINGS, "update", "en")
    assert "■ Investigation Results:\n- Health check: " in text
    assert "■ Next Actions:\n- reboot: approve with -e run_approve=reboot" in text
    assert "- 2025-10-21 10:24 Restarted estimator service → failed (no)" in text


def test_the_final_report_leaves_open_what_nobody_has_recorded() -> None:
    told = Happening("told", detail={"roles": ["cto", "nobody"], "missing": ["nobody"], "moment": "escalation"})
    taken = Happening("acknowledged", by="sato", detail={"by": "sato"})
    record, events = incident(outage(), (1, told), (2, taken), rung(3, "healed"), (4, Happening("recovered")))
    text = incident_report(record, events, SETTINGS, "final", "en")
    assert "■ Current Status: Recovered" in text
    assert "■ Recovery Time: 2025-10-21 10:27" in text
    assert "■ Root Cause: To be filled in by a person" in text
    assert "■ Prevention Measures: To be filled in by a person" in text
    assert "Told: CTO (escalation); NOBODY is known for nobody" in text
    assert "■ Acknowledged: 2025-10-21 10:25 by sato" in text
    assert "- Was it a new pattern? open" in text
    assert "- Was it running? Health check: " in text
    (listed,) = [part for part in text.split("\n\n") if part.startswith("■ Corrective Actions:")]
    called_for, to_consider = listed.splitlines()[1:]
    assert called_for.startswith("- Limit the memory (Health check: "), "the finding that calls for it"
    assert to_consider == "- Add a rule (to be considered by a person)"
    cause = Happening("note", detail={}, facts={"cause": {"en": "The disk was full", "ja": "ディスク満杯"}})
    record, events = incident(outage(), (4, Happening("recovered")), (5, cause))
    assert "■ 根本原因: ディスク満杯" in incident_report(record, events, SETTINGS, "final", "ja")


def test_text_from_a_host_cannot_move_a_terminal() -> None:
    evil = (1, Happening("note", detail={"what": "\x1b[2J\u202egone"}))
    record, events = incident(outage(), evil)
    assert "\x1b" not in incident_report(record, events, SETTINGS, "update", "en")
