# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds AI-DIY: logs, data files, configuration."""

from __future__ import annotations

from ..clock import DAY_SECONDS, local, utc_iso_z
from ..files import clear_directory, write_bytes, write_json, write_lines, write_text
from ..paths import AiDiyPaths
from .records import calls_of_day, days_until, published_lines, runbook_line

RUNBOOK_DAYS = 34
PLAIN_DAYS = 10
PUBLISHED_DAYS = 15
MODELS_CONFIG = {
    "favorites": ["openai/gpt-4o-mini", "anthropic/claude-3.5-haiku"],
    "default": "openai/gpt-4o-mini",
    "meta": {},
    "last_used": "openai/gpt-4o-mini",
    "last_session_name": "planning",
}
BACKLOG = (
    "Story_ID,Title,Status,Last_Updated\nUS-001,Order list,done,2026-10-02\nUS-002,Export,in progress,2026-11-12\n"
)


def seed(paths: AiDiyPaths, layout: str, now: float) -> None:
    """Write everything AI-DIY would have on its disk at `now` (epoch seconds)."""
    clear_directory(paths.logs)
    if layout == "runbook":
        _write_runbook_logs(paths, now)
    else:
        _write_published_logs(paths, now)
    write_json(paths.models_config, MODELS_CONFIG, now - 20 * DAY_SECONDS)
    write_text(
        paths.environment_file,
        "OPENROUTER_API_KEY=sk-or-demo-not-a-real-key\nLOG_LEVEL=INFO\n",
        now - 40 * DAY_SECONDS,
        0o600,
    )
    write_text(paths.data / "backlog" / "Backlog.csv", BACKLOG, now - 9 * DAY_SECONDS)
    write_json(paths.data / "visions" / "vision.json", {"title": "Order desk", "status": "approved"})
    for number in (1, 2, 3):
        write_json(paths.data / "sprints" / (f"SP-{number:03d}.json"), {"sprint_id": f"SP-{number:03d}"})
    write_bytes(paths.root / "development" / "src" / "chat_history.db", b"")


def _write_runbook_logs(paths: AiDiyPaths, now: float) -> None:
    """One file per day; files older than ten days are compressed, the oldest are past their thirty days."""
    days = days_until(now, RUNBOOK_DAYS)
    for number, midnight in enumerate(days, 1):
        age = RUNBOOK_DAYS - number
        name = local(midnight, "ai_diy_api_%Y%m%d.jsonl") + (".gz" if age >= PLAIN_DAYS else "")
        calls = calls_of_day(midnight, now)
        modified = calls[-1].epoch if calls else midnight
        write_lines(paths.logs / name, [runbook_line(call) for call in calls], modified)


def _write_published_logs(paths: AiDiyPaths, now: float) -> None:
    """app.jsonl and one rotated predecessor, which does not match *.jsonl."""
    halves: list[list[str]] = [[], []]
    starts = ('{"time": "%s", "level": "INFO", "channel": "app", "message": "Development CORS enabled"}',)
    days = days_until(now, PUBLISHED_DAYS)
    for number, midnight in enumerate(days):
        half = halves[number >= PUBLISHED_DAYS // 2]
        if not half:
            half.extend(line % utc_iso_z(midnight) for line in starts)
        for call in calls_of_day(midnight, now):
            half.extend(published_lines(call))
    write_lines(paths.logs / "app.jsonl.1", halves[0], days[PUBLISHED_DAYS // 2])
    write_lines(paths.logs / "app.jsonl", halves[1], now)
