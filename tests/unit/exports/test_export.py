# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export proves itself, and one of somebody with bad intentions changes nothing (DIY-12, DIY-21)."""

from __future__ import annotations

import copy
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ansible_collections.aiops.runbooks.plugins.module_utils import export_document as document
from ansible_collections.aiops.runbooks.plugins.module_utils import export_files as exports
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.unit.killing import interruptions

NOW = 1795262400.0
LIMIT = 1 << 20


@pytest.fixture
def data(tmp_path: Path) -> list[dict[str, str]]:
    """Return the items of an application with text, bytes, an empty file and a link."""
    root = tmp_path / "app"
    (root / "docs" / "sprints").mkdir(parents=True)
    (root / "docs" / "Backlog.csv").write_text("Story_ID,Title\nUS-001,見積\n", encoding="utf-8")
    (root / "docs" / "sprints" / "picture.png").write_bytes(bytes(range(256)))
    (root / "docs" / "empty").touch()
    (root / "docs" / "link").symlink_to("/etc/passwd")
    (root / "models.json").write_text('{"default": "a"}')
    (root / "models.json").chmod(0o640)
    return [
        {"name": "docs", "source": str(root / "docs")},
        {"name": "models.json", "source": str(root / "models.json")},
    ]


def content_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return the bytes of a member."""
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def made(data: list[dict[str, str]]) -> dict[str, Any]:
    """Return the document of an export."""
    content = document.to_bytes(document.gather("wiki", data, NOW, LIMIT))
    return dict(json.loads(content))


def test_what_goes_out_comes_in(data: list[dict[str, str]], tmp_path: Path) -> None:
    found = document.gather("wiki", data, NOW, LIMIT)
    assert [one.path for one in found.files] == [
        "docs/Backlog.csv",
        "docs/empty",
        "docs/sprints/picture.png",
        "models.json",
    ]
    partial = exports.write(str(tmp_path / "out"), exports.name_of("wiki", NOW), document.to_bytes(found))
    assert exports.validated(partial, LIMIT, exports.named(data), own=False) == found
    path = exports.give_name(partial)
    assert (Path(path).name, os.stat(path).st_mode & 0o777) == ("wiki-20261121_120000.json", 0o600)
    exports.to_archive(found, str(tmp_path / "a.tar"))
    with tarfile.open(tmp_path / "a.tar") as archive:
        members = {one.name: (one.mode, content_of(archive, one)) for one in archive}
    assert members["models.json"] == (0o640, b'{"default": "a"}')
    assert members["docs/sprints/picture.png"][1] == bytes(range(256))


def test_nothing_is_no_export(data: list[dict[str, str]], tmp_path: Path) -> None:
    for source in (tmp_path / "absent", tmp_path / "bare"):
        (tmp_path / "bare").mkdir(exist_ok=True)
        with pytest.raises(RunbooksError, match="missing or has no files"):
            document.gather("wiki", [*data, {"name": "x", "source": str(source)}], NOW, LIMIT)
    with pytest.raises(RunbooksError, match="more than 100 bytes"):
        document.gather("wiki", data, NOW, 100)


def first(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    """Return a change of the first file's entry."""
    return lambda whole: change(whole["files"][0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (first(lambda one: one.update(path="/etc/passwd")), "not a plain path"),
        (first(lambda one: one.update(path="docs/../../x")), "not a plain path"),
        (first(lambda one: one.update(path="docs//x")), "not a plain path"),
        (first(lambda one: one.update(path="docs/a\0b")), "not a plain path"),
        (first(lambda one: one.update(path="other/x")), "does not belong"),
        (first(lambda one: one.update(path=["docs"])), "does not belong"),
        (first(lambda one: one.update(path="docs/a\nb")), "is not a name"),
        (first(lambda one: one.update(path="docs/" + "x" * 5000)), "is not a name"),
        (first(lambda one: one.update(path="docs/\ud800")), "surrogates"),
        (first(lambda one: one.update(path="docs/EMPTY")), "two files have one name"),
        (first(lambda one: one.update(path="docs/empty/below")), "lies below a file"),
        (first(lambda one: one.update(text="other")), "is not what was exported"),
        (first(lambda one: one.update(base64="AAAA")), "no content, or two"),
        (first(lambda one: one.pop("text")), "no content, or two"),
        (first(lambda one: (one.pop("text"), one.update(base64="!"))), "no base64|is not what"),
        (first(lambda one: one.update(mode="rwx")), "invalid literal"),
        (first(lambda one: one.update(modified="soon")), "invalid literal"),
        (lambda whole: whole.update(kind="another"), "of another kind"),
        (lambda whole: whole.update(format=2), "of another kind"),
        (lambda whole: whole["files"].pop(), "files are missing"),
        (lambda whole: whole.update(files=[], count=0), "files are missing"),
        (lambda whole: whole.pop("made"), "it lacks 'made'"),
        (lambda whole: whole.update(files="docs"), "not an export of ours"),
    ],
)
def test_an_export_with_bad_intentions(
    data: list[dict[str, str]], change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    whole = copy.deepcopy(made(data))
    change(whole)
    with pytest.raises(RunbooksError, match=words):
        document.from_document(whole, exports.named(data), "x.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a whole JSON"),
        ('{"kind": "a"', "not a whole JSON"),
        ('{"a": 1, "a": 2}', "a key that appears twice"),
        ("[NaN]", "NaN is no JSON number"),
        ("[" * 100000, "not a whole JSON"),
        ("\xff\xfe", "not a whole JSON"),
        ("1" * (LIMIT + 1), "more than 1048576 bytes"),
        ("[1" + "0" * 5000 + "]", "not a whole JSON"),
    ],
)
def test_json_with_bad_intentions(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RunbooksError, match=words):
        exports.validated(str(path), LIMIT, [], own=True)


KEYS = some.sampled_from(["kind", "format", "files", "count", "path", "system", "made"])
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(KEYS, inner),
)


@given(value=VALUES)
@settings(max_examples=100, deadline=None)
def test_any_value(value: Any) -> None:
    with pytest.raises(RunbooksError):
        document.from_document(value, ["docs"], "x.json")


def test_old_exports_go_and_the_newest_stays(tmp_path: Path) -> None:
    names = ["wiki-20260101.json", "wiki-20261001_000000.json", "wiki-20261101_000000.json"]
    for name in [*names, "wiki-20260101.txt", "other-20260101.json", "wiki-20269901.json"]:
        (tmp_path / name).touch()
    assert [Path(path).name for path in exports.due(str(tmp_path), "wiki", 30, NOW)] == names[:2]
    assert [Path(path).name for path in exports.due(str(tmp_path), "wiki", 1, NOW)] == names[:2]
    assert exports.due(str(tmp_path / "absent"), "wiki", 1, NOW) == []


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["sh", "-c", "echo '{\"a\":'"], "not a whole JSON"),
        (["sh", "-c", "echo '{}'"], "holds no data"),
        (["sh", "-c", "echo broken >&2; exit 3"], "ended with 3: broken"),
        (["sleep", "20"], "took longer than 0.5 seconds"),
        (["/nonexistent/export"], "cannot be run: No such file"),
    ],
)
def test_a_command_that_does_not_export(tmp_path: Path, argv: list[str], words: str) -> None:
    partial = str(tmp_path / "x.json.partial")

    def export() -> None:
        exports.run_command(argv, None, partial, 0.5)
        exports.validated(partial, LIMIT, [], own=True)

    with pytest.raises(RunbooksError, match=words):
        export()
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".json")]


def test_nothing_half_is_left_and_two_do_not_export_at_once(tmp_path: Path) -> None:
    """The names of an attempt have its time in them: the next one has others."""
    ours = ["wiki-20261101_000000.json.partial", "wiki-20261121_120000.json.partial"]
    others = ["wiki-20261101_000000.json", "other-20261101_000000.json.partial", "wiki-notes.json.partial"]
    for name in [ours[0], *others]:
        (tmp_path / name).touch()

    def fail() -> None:
        with exports.attempt(str(tmp_path), "wiki"):
            assert sorted(os.listdir(tmp_path)) == sorted(others)
            with pytest.raises(RunbooksError, match="Another process"), exports.attempt(str(tmp_path), "wiki"):
                pass
            (tmp_path / ours[1]).touch()
            raise RunbooksError("not whole")

    with pytest.raises(RunbooksError, match="not whole"):
        fail()
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_killed_anywhere(data: list[dict[str, str]], tmp_path: Path) -> None:
    content = document.to_bytes(document.gather("wiki", data, NOW, LIMIT))
    places = iter(range(1000))

    def work(directory: Path) -> None:
        partial = exports.write(str(directory), "wiki-20261121_120000.json", content)
        exports.validated(partial, LIMIT, exports.named(data), own=False)
        exports.give_name(partial)

    for directory in interruptions(lambda: tmp_path / "out" / str(next(places)), work, 5):
        for path in directory.glob("*.json"):
            assert path.read_bytes() == content
        work(directory)
        assert (directory / "wiki-20261121_120000.json").read_bytes() == content
