# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set holds what its sources held, refuses what it cannot hold, and any change to it is found."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.aiops.runbooks.plugins.module_utils import backup_plan
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_make import COLLECTION_VERSION
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_manifest import (
    from_document,
    read_manifest,
    to_document,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_records import ManifestError
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import (
    NAME_FORMAT,
    BackupError,
    checked_root,
    list_sets,
    locked,
    made_from_name,
    set_name,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import verify_set
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError
from tests.unit.backup import little_wiki as wiki

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def contents(tmp_path: Path) -> dict[str, Any]:
    """Return the contents of a little system."""
    return wiki.make(tmp_path / "wiki")


def test_a_set_holds_everything_as_it_was(tmp_path: Path, contents: dict[str, Any]) -> None:
    before = wiki.content_of(tmp_path / "wiki")
    made = wiki.back_up(contents, tmp_path / "sets")
    assert made.path == str(tmp_path / "sets" / "20261121_120000"), "named on the clock of the system's people"
    assert wiki.content_of(tmp_path / "wiki") == before, "sources are only read"
    assert stat.S_IMODE(os.stat(made.path).st_mode) == 0o700
    copy = Path(made.path)
    assert wiki.content_of(copy / "uploads") == wiki.content_of(tmp_path / "wiki" / "uploads")
    assert (copy / "uploads/deep/same.txt").samefile(copy / "uploads/deep/two.txt")
    assert (copy / "uploads/one.bin").stat().st_mtime_ns == (tmp_path / "wiki/uploads/one.bin").stat().st_mtime_ns
    assert stat.S_IMODE((copy / ".env").stat().st_mode) == 0o600
    assert json.loads((copy / "export/data.json").read_text()) == {"pages": 3}
    table = made.manifest.item("app.db").tables["pages"]
    assert (table.rows, table.newest) == (2, "2026-11-02 10:00:00")
    assert made.manifest.made == "2026-11-21T03:00:00Z"
    assert verify_set(made.path, read_manifest(made.path), "integrity", wiki.plenty).whole
    assert sorted(os.listdir(tmp_path / "sets")) == ["20261121_120000"]


def test_the_manifest_reads_back_what_was_written(tmp_path: Path, contents: dict[str, Any]) -> None:
    odd = os.fsdecode(b"na\xefve")
    (tmp_path / "wiki" / "uploads" / odd).write_text("not every name is UTF-8")
    made = wiki.back_up(contents, tmp_path / "sets")
    assert read_manifest(made.path) == made.manifest
    assert from_document(json.loads(json.dumps(to_document(made.manifest)))) == made.manifest
    assert odd in [entry.path for entry in made.manifest.item("uploads").entries]


def test_the_version_is_that_of_the_collection() -> None:
    assert yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["version"] == COLLECTION_VERSION


def test_two_sets_of_one_second_have_two_names(tmp_path: Path, contents: dict[str, Any]) -> None:
    names = [Path(wiki.back_up(contents, tmp_path / "sets").path).name for _number in range(3)]
    assert names == ["20261121_120000", "20261121_120001", "20261121_120002"]
    listed = list_sets(str(tmp_path / "sets"), NAME_FORMAT, "Asia/Tokyo")
    assert [one.name for one in listed] == names[::-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: shutil.rmtree(root / "uploads"), "uploads: .*uploads is missing"),
        (lambda root: (root / "app.db").write_bytes(b""), "app.db: .*app.db is empty"),
        (lambda root: (root / "app.db").write_bytes(b"x" * 9000), "app.db: .*not a database"),
        (lambda root: (root / ".env").write_text(""), r"\.env: .*\.env is empty"),
        (lambda root: (root / "uploads" / "live.db").write_bytes(b"SQLite format 3\0"), "live.db is a database"),
        (lambda root: (root / "app.db").unlink(), "app.db: .*app.db is missing"),
    ],
)
def test_a_source_that_is_missing_empty_or_torn_is_an_error_that_names_it(
    tmp_path: Path, contents: dict[str, Any], change: Callable[[Path], Any], message: str
) -> None:
    change(tmp_path / "wiki")
    with pytest.raises(BackupError, match=message):
        wiki.back_up(contents, tmp_path / "sets")
    assert not list((tmp_path / "sets").glob("*")), "nothing is left"


def test_a_damaged_database_makes_no_set(tmp_path: Path, contents: dict[str, Any]) -> None:
    database = sqlite3.connect(tmp_path / "wiki" / "app.db")
    database.executemany("INSERT INTO pages (title) VALUES (?)", [(str(n) * 300,) for n in range(200)])
    database.commit()
    database.execute("PRAGMA journal_mode = DELETE")
    database.close()
    with (tmp_path / "wiki" / "app.db").open("r+b") as stream:
        stream.seek(4096 * 5 + 100)
        stream.write(b"\xff" * 3000)
    with pytest.raises(BackupError, match=r"app.db is damaged: .* salvage it"):
        wiki.back_up(contents, tmp_path / "sets")
    assert not list((tmp_path / "sets").glob("*"))


def test_an_export_that_writes_nothing_or_fails_is_an_error(tmp_path: Path, contents: dict[str, Any]) -> None:
    for command, message in (
        (["/bin/true"], "wrote nothing"),
        (["/bin/false"], "ended with status 1"),
        (["/bin/echo", "<html>"], "no JSON"),
        (["/no/such/program"], "cannot be run"),
    ):
        contents["export/data.json"] = {"type": "export", "command": command}
        with pytest.raises(BackupError, match=message):
            wiki.back_up(contents, tmp_path / "sets")
    contents["export/data.json"] = {"type": "export", "command": ["/bin/cp", "/etc/hostname", "{output}"]}
    contents["export/name"] = contents.pop("export/data.json")
    assert wiki.back_up(contents, tmp_path / "sets").manifest.item("export/name").bytes > 0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "../out", "type": "files", "source": "/srv/x"}, "plain path within"),
        ({"name": "manifest.json", "type": "files", "source": "/srv/x"}, "own name"),
        ({"name": "a", "type": "tar", "source": "/srv/x"}, "type 'tar' is none of"),
        ({"name": "a", "type": "files", "source": "x"}, "absolute path"),
        ({"name": "a", "type": "duckdb", "source": "/srv/x"}, "python"),
        ({"name": "a", "type": "export"}, "needs its command"),
    ],
)
def test_a_content_that_cannot_be_meant_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        backup_plan.parse_contents([entry])


def test_too_little_space_is_said_before_anything_is_written(
    tmp_path: Path, contents: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_plan, "free_bytes", lambda _path: 1 << 20)
    with pytest.raises(BackupError, match="1048576 bytes free, the set needs"):
        wiki.back_up(contents, tmp_path / "sets")


def test_two_backups_do_not_work_in_one_directory(tmp_path: Path, contents: dict[str, Any]) -> None:
    (tmp_path / "sets").mkdir()
    with locked(str(tmp_path / "sets")), pytest.raises(BackupError, match="Another process"):
        wiki.back_up(contents, tmp_path / "sets")


@pytest.mark.parametrize("path", ["/", "/backups", "relative", "/no/such/parent"])
def test_a_directory_that_cannot_be_meant_is_refused(path: str) -> None:
    with pytest.raises(BackupError):
        checked_root(path)


@pytest.mark.parametrize(
    "name", ["2026115_31500", "20261121_120000.old", "20261321_120000", ".partial-20261121_120000"]
)
def test_only_a_name_that_is_written_like_one_is_a_set(name: str) -> None:
    assert made_from_name(name, NAME_FORMAT, "Asia/Tokyo") is None
    assert made_from_name(set_name(wiki.NOW, NAME_FORMAT, "Asia/Tokyo"), NAME_FORMAT, "Asia/Tokyo") == wiki.NOW


@pytest.mark.parametrize(
    ("change", "depth", "fault"),
    [
        (lambda copy: (copy / "uploads/one.bin").unlink(), "contents", "missing"),
        (lambda copy: (copy / "uploads/one.bin").write_bytes(b"1" * 4999), "contents", "changed"),
        (lambda copy: (copy / "uploads/one.bin").write_bytes(b"2" * 5000), "checksums", "changed"),
        (lambda copy: (copy / "uploads/deep/two.txt").unlink(), "contents", "missing"),
        (lambda copy: _replace(copy / "uploads/link", lambda path: path.symlink_to("/etc")), "contents", "changed"),
        (lambda copy: _replace(copy / ".env", lambda path: path.symlink_to("/etc/hostname")), "contents", "wrong_kind"),
        (lambda copy: _replace(copy / ".env", os.mkfifo), "contents", "wrong_kind"),
        (lambda copy: _flip(copy / "app.db"), "checksums", "changed"),
    ],
)
def test_any_change_to_a_set_is_found(
    tmp_path: Path, contents: dict[str, Any], change: Callable[[Path], Any], depth: str, fault: str
) -> None:
    made = wiki.back_up(contents, tmp_path / "sets")
    change(Path(made.path))
    assert [one.fault for one in verify_set(made.path, made.manifest, depth, wiki.plenty).faults] == [fault]


def test_what_is_not_read_in_time_is_not_called_whole(tmp_path: Path, contents: dict[str, Any]) -> None:
    made = wiki.back_up(contents, tmp_path / "sets")
    found = verify_set(made.path, made.manifest, "checksums", lambda: 0.0)
    assert {one.fault for one in found.faults} == {"not_checked"}
    (Path(made.path) / "app.db-wal").write_text("left by somebody")
    assert verify_set(made.path, made.manifest, "contents", wiki.plenty).extra == ["app.db-wal"]


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"items": []},
        {"items": None},
        {"made": None, "seconds": "soon"},
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, contents: dict[str, Any], change: dict[str, Any]) -> None:
    made = wiki.back_up(contents, tmp_path / "sets")
    with pytest.raises(ManifestError):
        from_document({**to_document(made.manifest), **change})


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "a//b", "a/./b", ""])
def test_a_manifest_never_leads_out_of_its_set(tmp_path: Path, contents: dict[str, Any], path: str) -> None:
    document = to_document(wiki.back_up(contents, tmp_path / "sets").manifest)
    uploads = next(item for item in document["items"] if item["name"] == "uploads")
    uploads["entries"][0]["path"] = path
    with pytest.raises(ManifestError, match="not a plain path"):
        from_document(document)


def _replace(path: Path, make: Callable[[Path], Any]) -> None:
    path.unlink()
    make(path)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(bytes(data))
