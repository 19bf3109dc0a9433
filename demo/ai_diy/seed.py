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


VALIDATOR = '''"""Validate the configuration."""

import json
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
models = json.loads((root / "models_config.json").read_text(encoding="utf-8"))
environment = dict(line.split("=", 1) for line in (root / ".env").read_text().split() if "=" in line)
problems = []
if models.get("default") not in (models.get("favorites") or []):
    problems.append("default is not one of favorites")
if not environment.get("OPENROUTER_API_KEY"):
    problems.append("OPENROUTER_API_KEY is not set")
if environment.get("LOG_LEVEL", "INFO") not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    problems.append("LOG_LEVEL is none")
sys.exit("; ".join(problems) or None)
'''
# The runbook's programs for exports: everything that a user made, and the models that were chosen, as one document.
EXPORTER = '''"""Write the application's data to standard output."""

import json
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
documents = root / "development" / "src" / "static" / "appdocs"
files = {str(path.relative_to(documents)): path.read_text(encoding="utf-8") for path in sorted(documents.rglob("*.*"))}
models = json.loads((root / "models_config.json").read_text(encoding="utf-8"))
json.dump({"version": 1, "models": models, "appdocs": files}, sys.stdout)
'''
IMPORTER = '''"""Make the application's data what an export says."""

import json
import shutil
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
documents = root / "development" / "src" / "static" / "appdocs"
export = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
if export.get("version") != 1 or not export.get("appdocs"):
    sys.exit("this is no export of version 1")
for name in export["appdocs"]:
    if name.startswith("/") or ".." in Path(name).parts:
        sys.exit(name + " leads out of the application's data")
shutil.rmtree(documents)
for name, text in export["appdocs"].items():
    (documents / name).parent.mkdir(parents=True, exist_ok=True)
    (documents / name).write_text(text, encoding="utf-8")
(root / "models_config.json").write_text(json.dumps(export["models"]), encoding="utf-8")
'''


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
    if layout == "runbook":
        # Of the published one the validator cannot be imported, and it has no export.
        programs = {"validate_config.py": VALIDATOR, "src/export_data.py": EXPORTER, "src/import_data.py": IMPORTER}
        for name, text in programs.items():
            write_text(paths.root / "development" / name, text, now - 40 * DAY_SECONDS, 0o755)
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
