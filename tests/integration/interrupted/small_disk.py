# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that work on a small file system of their own, while it fills up and when it becomes read-only.

They run in a mount namespace of their own, see :mod:`tests.integration.mount_namespace`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils import backup_make
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention import Keep
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention_apply import Question, make_plan, remove
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, list_sets
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import verify_set
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.retention_apply import explain
from ansible_collections.aiops.runbooks.plugins.module_utils.rows_prune import prune
from tests.unit.backup import little_wiki as wiki
from tests.unit.databases import making
from tests.unit.databases import test_rows_prune as pruning

DAY = 86400
FULL = "No space left on device"


@contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    """Mount a small file system there for as long as the block lasts."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    yield place


def remount(place: Path, how: str) -> None:
    """Make a file system read-only (``ro``) or writable again (``rw``)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


@contextmanager
def filled(place: Path, free: int) -> Iterator[None]:
    """Leave so many bytes free on a file system for as long as the block lasts."""
    there, filler = os.statvfs(place), place / "filler"
    filler.write_bytes(bytes(max(0, there.f_bavail * there.f_frsize - free)))
    try:
        yield
    finally:
        filler.unlink()


def said(work: Callable[[], object]) -> str:
    """Do the work and return with which words it failed; nothing when it did not."""
    try:
        work()
    except (OSError, RunbooksError, CheckError) as error:
        return explain(error)
    return ""


def whole(sets: Path) -> list[str]:
    """Return the names of the sets; each of them is whole."""
    names = []
    for one in list_sets(str(sets), NAME_FORMAT, "Asia/Tokyo"):
        assert one.manifest is not None, one.name
        assert verify_set(one.path, one.manifest, "contents", wiki.plenty, sys.executable).whole, one.name
        names.append(one.name)
    return names


def contents_of(root: Path, types: str) -> dict[str, Any]:
    """Make a system outside of the small file system, and return what of it is backed up."""
    contents = wiki.make(root)
    making.make_database(root / "big.db", "wal", 400)
    contents["big.db"] = {"type": "sqlite", "source": str(root / "big.db")}
    if types == "duckdb":
        import duckdb

        database = str(root / "runs.duckdb")
        with duckdb.connect(database) as connection:
            connection.execute("CREATE TABLE runs AS SELECT range AS id, md5(range::VARCHAR) AS note FROM range(3000)")
        common = {"type": "duckdb", "source": database, "python": sys.executable}
        return {f"runs-{method}": {**common, "method": method} for method in ("copy", "export")}
    return contents


def back_up(root: Path, types: str) -> None:
    """Back up onto a file system that fills up meanwhile, at every moment, or that is suddenly read-only."""
    contents, before = contents_of(root / "wiki", types), wiki.content_of(root / "wiki")
    # The look at the free space would refuse at once; what others write after that look is what this is about.
    backup_make.require_space = lambda *_arguments: None
    with disk(root / "small", "4m") as place:
        sets = place / "sets"
        wiki.back_up(contents, sets, wiki.NOW - DAY)
        (old,) = whole(sets)
        size = sum(path.stat().st_size for path in sets.rglob("*") if path.is_file())
        failures = 0
        for free in range(0, size, max(4096, size // 20)):
            with filled(place, free):
                words = said(lambda: wiki.back_up(contents, sets))
                assert not words or (FULL in words and str(sets) in words and "damaged" not in words), (free, words)
                failures += bool(words)
                assert (whole(sets) == [old]) == bool(words), (free, words)
                assert not list(sets.glob(".*")), "nothing half is left"
            for path in sets.iterdir():
                if path.name != old:
                    shutil.rmtree(path)
        assert failures > 10, failures
        original, calls = backup_make.make_item, []

        def make_item(*arguments: Any) -> Any:
            calls.append(arguments)
            if len(calls) == 2:
                remount(place, "ro")
            return original(*arguments)

        backup_make.make_item = make_item
        words = said(lambda: wiki.back_up(contents, sets))
        assert "Read-only file system" in words, words
        assert whole(sets) == [old]
        words = said(lambda: remove_old(sets))
        assert "Read-only file system" in words, words
        assert whole(sets) == [old]
        remount(place, "rw")
        wiki.back_up(contents, sets)
        assert whole(sets)[1:] == [old]
        assert not list(sets.glob(".*")), "what was left half on the read-only disk is gone"
        with filled(place, 0):
            remove_old(sets)
        assert len(whole(sets)) == 1, "removing needs no space"
    assert wiki.content_of(root / "wiki") == before
    print("failures", failures)


def remove_old(sets: Path) -> None:
    """Remove all sets but the newest."""
    question = Question(str(sets), NAME_FORMAT, "Asia/Tokyo", python=sys.executable)
    planned = make_plan(question, Keep(delete_after_days=0.5, last=0), wiki.NOW + 2 * DAY, wiki.plenty)
    remove(question, planned.due)


def prune_rows(root: Path, mode: str) -> None:
    """Prune a database on a file system that is full to different degrees, and on one that is read-only."""
    with disk(root / "small", "2m") as place:
        path, failures, done = place / "state.db", 0, 0
        settings = replace(pruning.how(path), copy_directory=str(root / "copies"), vacuum_free_percent=5)
        for free in range(0, 60 * 4096, 3 * 4096):
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            pruning.make(path, 300, f"journal_mode = {mode}")
            with filled(place, free):
                words = said(partial(prune, str(path), [pruning.RULE], settings, pruning.NOW + free))
            # A database in WAL mode cannot even be opened without room for its shared memory.
            with closing(sqlite3.connect(path)) as connection:
                rows = connection.execute("SELECT count(*) FROM incidents").fetchone()[0]
            assert not words or "bytes are free" in words, words
            assert rows == (308 if words else 8), (free, words, rows)
            failures, done = failures + bool(words), done + (not words)
            prune(str(path), [pruning.RULE], settings, pruning.NOW + free + 1)
            assert pruning.counts(path) == pruning.AFTER
        assert failures > 1, (failures, done)
        assert done > 1, (failures, done)
        path.unlink()
        pruning.make(path, 300, f"journal_mode = {mode}")
        remount(place, "ro")
        words = said(lambda: prune(str(path), [pruning.RULE], settings, pruning.NOW))
        assert "Read-only file system" in words, words
        remount(place, "rw")
        prune(str(path), [pruning.RULE], settings, pruning.NOW)
        assert pruning.counts(path) == pruning.AFTER
    print("failures", failures, "done", done)


if __name__ == "__main__":
    {"back_up": back_up, "prune_rows": prune_rows}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
