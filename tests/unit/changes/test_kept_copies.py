# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept before a change comes back exactly, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import kept_copies
from ansible_collections.aiops.runbooks.plugins.module_utils.kept_copies import KeptError
from tests.unit.killing import interruptions


def plenty() -> float:
    """Return the seconds that are left: enough."""
    return 60.0


def environment(root: Path) -> list[str]:
    """Make an environment with links, modes and a database beside it, and return the paths that are kept."""
    venv = root / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/usr/bin/python3")
    (venv / "lib.py").write_text("VERSION = 1\n")
    (venv / "lib.py").chmod(0o640)
    (root / "app.db").write_bytes(b"old" * 1000)
    (root / "app.db").chmod(0o600)
    return [str(venv), str(root / "app.db"), str(root / "app.db-wal")]


def change(root: Path) -> None:
    """Do what a release does: replace, add, change modes, leave a log of a newer database."""
    (root / "venv" / "lib.py").write_text("VERSION = 2\n")
    (root / "venv" / "new.py").write_text("")
    (root / "venv" / "bin" / "python").unlink()
    (root / "app.db").write_bytes(b"new" * 1000)
    (root / "app.db-wal").write_bytes(b"log")


def test_everything_comes_back_as_it_was_and_nothing_is_deleted(tmp_path: Path) -> None:
    paths = environment(tmp_path / "app")
    kept = kept_copies.keep(paths, str(tmp_path / "kept"), "one", plenty)
    assert kept[2].digest is None, "what is not there is kept as such"
    assert kept_copies.changed_since(kept, plenty) == []
    change(tmp_path / "app")
    assert kept_copies.changed_since(kept, plenty) == paths
    assert kept_copies.put_back(str(tmp_path / "kept"), "one", plenty) == paths
    assert kept_copies.changed_since(kept, plenty) == []
    assert (tmp_path / "app" / "app.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "app" / "app.db.replaced-one").read_bytes() == b"new" * 1000
    assert (tmp_path / "app" / "app.db-wal.replaced-one").read_bytes() == b"log"
    assert not (tmp_path / "app" / "app.db-wal").exists()
    assert kept_copies.put_back(str(tmp_path / "kept"), "one", plenty) == [], "again, nothing is left to do"


def test_a_file_that_is_kept_already_takes_no_room_again(tmp_path: Path) -> None:
    paths, directory = environment(tmp_path / "app"), tmp_path / "kept"
    kept_copies.keep(paths, str(directory), "state", plenty)
    # As a migration does in the same run: the database with its log, which has another number there.
    database = paths[1:]
    again = kept_copies.keep(database, str(directory), "database", plenty)
    assert (directory / "state" / "1").samefile(directory / "database" / "0")
    change(tmp_path / "app")
    kept_copies.drop(str(directory), "state")
    assert kept_copies.put_back(str(directory), "database", plenty) == database
    assert kept_copies.changed_since(again, plenty) == []
    (tmp_path / "app" / "app.db").write_bytes(b"application")
    assert (directory / "database" / "0").read_bytes() == b"old" * 1000, "what is kept is not what is in place"


def test_a_file_that_changed_or_rotted_is_copied(tmp_path: Path) -> None:
    paths, directory = environment(tmp_path / "app"), tmp_path / "kept"
    kept_copies.keep(paths, str(directory), "state", plenty)
    (directory / "state" / "1").write_bytes(b"rot")
    kept_copies.keep(paths[1:], str(directory), "database", plenty)
    assert (directory / "database" / "0").read_bytes() == b"old" * 1000
    change(tmp_path / "app")
    kept_copies.keep(paths[1:], str(directory), "later", plenty)
    assert (directory / "later" / "0").read_bytes() == b"new" * 1000


def test_a_damaged_copy_touches_nothing(tmp_path: Path) -> None:
    paths = environment(tmp_path / "app")
    kept_copies.keep(paths, str(tmp_path / "kept"), "one", plenty)
    change(tmp_path / "app")
    (tmp_path / "kept" / "one" / "1").write_bytes(b"rot")
    with pytest.raises(KeptError, match="is damaged"):
        kept_copies.put_back(str(tmp_path / "kept"), "one", plenty)
    assert (tmp_path / "app" / "app.db").read_bytes() == b"new" * 1000


def test_a_second_failed_change_keeps_what_the_first_one_had_made(tmp_path: Path) -> None:
    paths = environment(tmp_path / "app")
    kept_copies.keep(paths, str(tmp_path / "kept"), "one", plenty)
    for content in (b"first", b"second"):
        (tmp_path / "app" / "app.db").write_bytes(content)
        kept_copies.put_back(str(tmp_path / "kept"), "one", plenty)
    asides = sorted(path.read_bytes() for path in (tmp_path / "app").glob("app.db.replaced-one*"))
    assert asides == [b"first", b"second"]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeptError, match="no name"):
        kept_copies.keep([], str(tmp_path), name, plenty)


def test_dropping_keeps_whole_copies_only_under_their_names(tmp_path: Path) -> None:
    for name in ("one", "two"):
        kept_copies.keep([], str(tmp_path / "kept"), name, plenty)
    (tmp_path / "kept" / "foreign").mkdir()
    assert sorted(kept_copies.kept_copies(str(tmp_path / "kept"))) == ["one", "two"]
    kept_copies.drop(str(tmp_path / "kept"), "one")
    with pytest.raises(KeptError):
        kept_copies.drop(str(tmp_path / "kept"), "foreign")
    assert sorted(os.listdir(tmp_path / "kept")) == ["foreign", "two"]


def test_killed_at_every_step_of_putting_back_a_path_is_old_or_new_and_the_next_call_ends_it(
    tmp_path: Path,
) -> None:
    root, directory = tmp_path / "app", str(tmp_path / "kept")

    def prepare() -> list[kept_copies.Kept]:
        for path in tmp_path.iterdir():
            shutil.rmtree(path)
        kept = kept_copies.keep(environment(root), directory, "one", plenty)
        change(root)
        return kept

    for kept in interruptions(prepare, lambda _kept: kept_copies.put_back(directory, "one", plenty), 10):
        database = root / "app.db"
        assert database.read_bytes() in (b"old" * 1000, b"new" * 1000)
        kept_copies.put_back(directory, "one", plenty)
        assert kept_copies.changed_since(kept, plenty) == []
        assert any(path.read_bytes() == b"new" * 1000 for path in root.glob("app.db.replaced*"))


def test_killed_at_every_step_of_keeping_there_is_no_copy_or_a_whole_one(tmp_path: Path) -> None:
    root, directory = tmp_path / "app", str(tmp_path / "kept")

    def prepare() -> list[str]:
        for path in tmp_path.iterdir():
            shutil.rmtree(path)
        return environment(root)

    for paths in interruptions(prepare, lambda paths: kept_copies.keep(paths, directory, "one", plenty), 10):
        if kept_copies.kept_copies(directory):
            assert kept_copies.changed_since(kept_copies.read_kept(directory, "one"), plenty) == []
        else:
            kept_copies.keep(paths, directory, "one", plenty)
