# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore that is killed before every single step that touches the disk: whole data, and the next run finishes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import restore_exchange
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.unit import killing
from tests.unit.restore import little_system as little

NOW = 1795000000.0
#: Exchanging two directories is a system call of its own; what SQLite writes is another test's.
STEPS = killing.Steps(further=((restore_exchange, "exchange"),), statements=False)
OLD, NEW = [("old", 3), ("old in the log", 1)], [("backup", 5)]
FORWARD = ("stage", "swap", "accept")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a system with old data and a set, to be copied."""
    root = tmp_path_factory.mktemp("template")
    little.make_set(root, little.production(root))
    return root


def fresh(template: Path, root: Path) -> Path:
    """Copy the system, as it is after a power failure: without the shared memory of its databases."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("*-shm"))
    return root / "production"


def step(root: Path, name: str, now: float = NOW) -> dict[str, Any]:
    """Take one step."""
    return take(name, little.request(root, root / "production"), Settings(str(root / "state"), "", 14, False), now)


def run(root: Path, now: float) -> None:
    """Do what the role does around the service: finish what was interrupted, then restore."""
    if step(root, "status", now)["unfinished"]:
        step(root, "put_back", now)
    for name in FORWARD:
        step(root, name, now)


def seen(place: Path, aside: Path) -> str:
    """Return what each item is, ``o``ld or ``n``ew; anything else, and anything in between, is an error."""
    aside.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-journal"):
        source, copy = place / f"app.db{suffix}", aside / f"app.db{suffix}"
        copy.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, copy)
    rows = little.names(aside / "app.db")
    uploads = {path.name: path.read_text() for path in (place / "uploads").rglob("*.txt")}
    old_files = {"a.txt": "old a", "new-since.txt": "made after the backup"}
    new_files = {"a.txt": "backup a", "b.txt": "backup b"}
    items = (
        {str(OLD): "o", str(NEW): "n"}[str(rows)],
        {"KEY=old\n": "o", "KEY=backup\n": "n"}[(place / ".env").read_text()],
        {str(sorted(old_files.items())): "o", str(sorted(new_files.items())): "n"}[str(sorted(uploads.items()))],
    )
    return "".join(items)


def interruptions(template: Path, root: Path, before: tuple[str, ...], work: tuple[str, ...]) -> Iterator[Path]:
    """Yield the system after each interruption of the work, until one is not reached any more."""

    def prepare() -> Path:
        place = fresh(template, root)
        for name in before:
            step(root, name)
        return place

    return killing.interruptions(prepare, lambda _place: [step(root, name) for name in work], 20, STEPS)


@pytest.mark.parametrize("way", ["exchange", "rename"])
def test_killed_anywhere_in_a_restore(
    template: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "rename":
        monkeypatch.setattr(restore_exchange, "exchange", lambda _first, _second: False)
    root, states = tmp_path / "root", set()
    for place in interruptions(template, root, (), FORWARD):
        if way == "rename" and not (place / "uploads").exists():
            states.add("gap")  # Between two renames a directory has only its kept name; the record says so.
            assert step(root, "status")["unfinished"]
        else:
            states.add(seen(place, tmp_path / "aside"))
        run(root, NOW + 60)
        assert seen(place, tmp_path / "aside") == "nnn"
        kept = step(root, "status")["kept"]
        olds = [Path(one["path"]) for one in kept if one["target"].endswith("app.db")]
        assert [little.names(path) for path in olds] in ([OLD], [NEW]), "NEW when it was in place before the second run"
        assert any(little.names(path) == OLD for path in place.glob("app.db.before-restore-*[0-9]"))
        assert not list(place.glob(".*.restore-*")), "nothing half is left"
    assert {"ooo", "ono", "nno", "nnn"} - states == set(), "it was killed in every stage"


def test_killed_anywhere_on_the_way_back(template: Path, tmp_path: Path) -> None:
    root, states = tmp_path / "root", set()
    for place in interruptions(template, root, FORWARD, ("put_back",)):
        states.add(seen(place, tmp_path / "aside"))
        step(root, "put_back")
        assert seen(place, tmp_path / "aside") == "ooo"
        assert not list(place.glob("*.before-restore-*")), "the old data is in place"
        aside = list(place.glob("app.db.undone-restore-*[0-9]"))
        assert [little.names(path) for path in aside] == [NEW], "what was in place is kept"
    assert {"nnn", "ooo"} - states == set()
