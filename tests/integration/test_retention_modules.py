# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention through Ansible: the plan with bytes, the deed, nothing left to do."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from pathlib import Path

from tests.integration.ansible_module import call_module
from tests.unit.databases.making import everything_in

DAY = 86400


def aged(path: Path, days: float) -> Path:
    """Make a file or directory old."""
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def test_records_go_by_class(tmp_path: Path) -> None:
    old = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60 * DAY))
    lines = [json.dumps({"timestamp": old, "logger": name}) + "\n" for name in ("wiki", "wiki.audit")]
    (tmp_path / "old.jsonl").write_text("".join(lines))
    aged(tmp_path / "old.jsonl", 50)
    (tmp_path / "now.jsonl").write_text("".join(lines))
    arguments = {
        "paths": [f"{tmp_path}/*.jsonl"],
        "classes": [
            {"name": "audit", "keep_days": 365, "key_equals": {"logger": "wiki.audit"}},
            {"name": "application", "keep_days": 30},
        ],
    }
    before = everything_in(tmp_path)
    planned = call_module("record_retention", arguments, "--check", "--diff")
    assert everything_in(tmp_path) == before
    assert planned.result["due"][0]["removed"] == {"application": 1}
    assert "old.jsonl: 1 records" in planned.difference
    done = call_module("record_retention", arguments)
    assert (done.result["due"], done.result["freed_bytes"]) == (planned.result["due"], len(lines[0]))
    assert (tmp_path / "old.jsonl").read_text() == lines[1]
    assert (tmp_path / "now.jsonl").read_text() == "".join(lines)
    assert call_module("record_retention", arguments).word == "SUCCESS"


def test_a_file_that_the_database_names_stays(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for name in ("needed.xlsx", "orphan.xlsx", "young.xlsx", "sample_input.csv"):
        (uploads / name).write_text(name)
        aged(uploads / name, 1 if name == "young.xlsx" else 40)
    with sqlite3.connect(tmp_path / "app.db") as connection:
        connection.execute("CREATE TABLE tasks (file TEXT)")
        connection.execute("INSERT INTO tasks VALUES ('uploads/needed.xlsx')")
    connection.close()
    root = {"path": str(uploads), "pattern": "*", "delete_after_days": 30, "keep_newest": 0}
    arguments = {
        "roots": [{**root, "keep_names": ["sample_input.csv"]}],
        "referenced_by": {"database": str(tmp_path / "app.db"), "sql": "SELECT file FROM tasks"},
    }
    planned = call_module("file_retention", arguments, "--check")
    assert [one["path"] for one in planned.result["due"]] == [str(uploads / "orphan.xlsx")]
    call_module("file_retention", arguments)
    assert sorted(os.listdir(uploads)) == ["needed.xlsx", "sample_input.csv", "young.xlsx"]
    (tmp_path / "app.db").write_bytes(b"no database")
    aged(uploads / "young.xlsx", 40)
    assert call_module("file_retention", arguments).word == "FAILED"
    assert (uploads / "young.xlsx").exists()


def test_partitions_are_archived(tmp_path: Path) -> None:
    part = tmp_path / "processed" / "date=2024-01-31"
    part.mkdir(parents=True)
    (part / "run.parquet").write_bytes(b"PAR1" * 100)
    aged(part / "run.parquet", 100)
    aged(part, 100)
    arguments = {
        "root": str(tmp_path / "processed"),
        "older_than_days": 90,
        "archive_directory": str(tmp_path / "archive"),
    }
    before = everything_in(tmp_path)
    planned = call_module("tree_archive", arguments, "--check")
    assert everything_in(tmp_path) == before
    assert planned.result["archived_bytes"] == 400
    done = call_module("tree_archive", arguments)
    [one] = done.result["archived"]
    assert hashlib.sha256(Path(one["archive"]).read_bytes()).hexdigest() == one["sha256"]
    assert os.listdir(tmp_path / "processed") == []
    assert call_module("tree_archive", arguments).word == "SUCCESS"


def test_a_list_is_updated_noted_and_goes_back(tmp_path: Path) -> None:
    listed, source, notes = (tmp_path / name for name in ("list.dat", "new.dat", "notes.md"))
    cache = tmp_path / "cache" / "tldextract"
    listed.write_text("// BEGIN\nold\n")
    source.write_text("// BEGIN\nnew\n")
    old, new = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (listed, source))
    notes.write_text(f"- 2026-01-01: sha256={old} (x)\n")
    cache.mkdir(parents=True)
    aged(cache, 1)
    arguments = {
        "path": str(listed),
        "url": source.as_uri(),
        "markers": ["// BEGIN"],
        "notes": [{"path": str(notes), "line": "- {day}: sha256={sha256} ({source})"}],
        "caches": [str(cache)],
    }
    before = everything_in(tmp_path)
    planned = call_module("reference_list_update", arguments, "--check", "--diff")
    assert everything_in(tmp_path) == before
    assert (planned.result["noted"], planned.result["cleared"]) == ([str(notes)], [str(cache)])
    done = call_module("reference_list_update", arguments)
    assert (done.result["sha256"], done.result["previous_sha256"]) == (new, old)
    assert listed.read_text() == "// BEGIN\nnew\n"
    assert f"sha256={new}" in notes.read_text()
    assert not cache.exists()
    assert call_module("reference_list_update", arguments).word == "SUCCESS"
    # An interruption left the note undone: the list is up to date, and the note is made up for.
    notes.write_text(f"- 2026-01-01: sha256={old} (x)\n")
    assert call_module("reference_list_update", arguments).result["noted"] == [str(notes)]
    source.write_text("<html>")
    refused = call_module("reference_list_update", arguments)
    assert "has no line '// BEGIN'" in refused.result["msg"]
    back = call_module("reference_list_update", {"path": str(listed), "restore": "previous"})
    assert back.result["sha256"] == old
    assert listed.read_text() == "// BEGIN\nold\n"
