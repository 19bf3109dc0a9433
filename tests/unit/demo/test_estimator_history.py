# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator's database, logs and backups tell one story."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from pathlib import Path

import pytest

from demo.clock import local_midnight, use_timezone
from demo.estimator.backend import RateLimit
from demo.estimator.seed import BACKUP_SETS, seed
from demo.paths import EstimatorPaths, paths_of

DAY_SECONDS = 86400
ACCESS_LINE = re.compile(
    r'^(?P<client>\S+) - (?P<user>\S+) \[(?P<time>[^]]+)\] "(?P<request>[^"]+)" (?P<status>\d{3}) (?P<bytes>\d+)'
    r' "-" "(?P<agent>[^"]+)" (?P<microseconds>\d+)$'
)


def seeded(directory: Path, now: float, layout: str = "published") -> EstimatorPaths:
    paths: EstimatorPaths = paths_of("estimator", directory, layout, {})
    seed(paths, layout, now)
    return paths


def access_lines(paths: EstimatorPaths) -> list[re.Match[str]]:
    texts = []
    for place in paths.apache_logs.glob("access.log*"):
        content = place.read_bytes()
        texts.append((gzip.decompress(content) if place.suffix == ".gz" else content).decode("utf-8"))
    matches = [ACCESS_LINE.match(line) for text in texts for line in text.splitlines()]
    assert None not in matches
    return [match for match in matches if match]


def test_every_task_of_the_access_log_is_a_row_and_a_log_line(tmp_path: Path, now: float) -> None:
    paths = seeded(tmp_path, now)
    posted = [line for line in access_lines(paths) if line["request"].startswith("POST /api/v1/tasks HTTP")]
    oldest = local_midnight(now) - 14 * DAY_SECONDS
    with sqlite3.connect(paths.database) as database:
        query = "SELECT COUNT(*) FROM tasks WHERE created_at >= datetime(?, 'unixepoch')"
        assert database.execute(query, (oldest,)).fetchone()[0] == len(posted)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    printed = (paths.logs / "backend.log").read_text(encoding="utf-8")
    assert printed.count('"POST /api/v1/tasks HTTP/1.1" 200') == len(posted)
    assert len(posted) > 200


def test_errors_stay_below_one_percent_and_the_95th_percentile_below_five_seconds(tmp_path: Path, now: float) -> None:
    paths = seeded(tmp_path, now)
    lines = access_lines(paths)
    failed = [line for line in lines if line["status"] >= "500"]
    durations = sorted(int(line["microseconds"]) / 1e6 for line in lines)
    assert 0 < len(failed) / len(lines) < 0.01
    assert 1 < durations[int(len(durations) * 0.95)] < 5
    logged = [
        json.loads(line) for line in (paths.logs / "backend-error.log").read_text().splitlines() if line[0] == "{"
    ]
    assert sum(record["level"] == "ERROR" for record in logged) == len(failed)
    assert len({line["client"] for line in lines if line["user"] != "monitor"}) == 12


def test_backups_are_daily_complete_and_whole(tmp_path: Path, now: float) -> None:
    paths = seeded(tmp_path, now)
    sets = sorted(paths.backups.iterdir())
    assert len(sets) == BACKUP_SETS
    assert sets[-1].name == "20261121_030001"
    for directory in sets:
        assert {"app.db", ".env", "uploads"} <= {entry.name for entry in directory.iterdir()}
        with sqlite3.connect(directory / "app.db") as database:
            assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)


def test_the_same_clock_gives_the_same_history(tmp_path: Path, now: float) -> None:
    first, second = seeded(tmp_path / "first", now), seeded(tmp_path / "second", now)
    for name in ("access.log", "access.log.1", "access.log.9.gz", "error.log"):
        assert (first.apache_logs / name).read_bytes() == (second.apache_logs / name).read_bytes()
    assert (first.logs / "backend.log").read_bytes() == (second.logs / "backend.log").read_bytes()
    assert first.database.read_bytes() == second.database.read_bytes()


def test_the_strings_that_the_runbook_counts_are_written_in_its_layout_only(tmp_path: Path, now: float) -> None:
    for layout, expected in (("runbook", True), ("published", False)):
        printed = (seeded(tmp_path / layout, now, layout).logs / "backend.log").read_text(encoding="utf-8")
        assert ("Task created" in printed, "[EST] done" in printed) == (expected, expected)


def test_local_times_follow_the_zone(tmp_path: Path, now: float) -> None:
    use_timezone("Asia/Tokyo")
    paths = seeded(tmp_path, now)
    assert max(entry.name for entry in paths.backups.iterdir()) == "20261121_030001"
    assert "+0900]" in (paths.apache_logs / "access.log").read_text(encoding="utf-8")


def test_a_zone_that_the_machine_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone Asia/Tokio: check the name, or install tzdata"):
        use_timezone("Asia/Tokio")


def test_the_rate_limit_counts_each_client_for_an_hour() -> None:
    clock = [0.0]
    limit = RateLimit(requests=2, window_seconds=3600, clock=lambda: clock[0])
    assert [limit.admit("a"), limit.admit("a"), limit.admit("b")] == [(1, 0), (0, 0), (1, 0)]
    assert limit.admit("a") == (0, 3601)
    clock[0] = 3601.0
    assert limit.admit("a") == (1, 0)


def test_a_path_can_be_moved_and_a_misspelt_one_is_refused(tmp_path: Path, now: float) -> None:
    moved = paths_of("estimator", tmp_path, "published", {"logs": str(tmp_path / "elsewhere")})
    assert moved.logs == tmp_path / "elsewhere"
    with pytest.raises(ValueError, match=r"has no path logz; it has: .*logs"):
        paths_of("estimator", tmp_path, "published", {"logz": "x"})
