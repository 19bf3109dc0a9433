# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and retention that are killed before every single step that touches the disk, or find it full or read-only."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention import Keep
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_retention_apply import Question, make_plan, remove
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_root import NAME_FORMAT, list_sets
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_verify import verify_set
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.unit.backup import little_wiki as wiki
from tests.unit.killing import CHANGES, Steps, happens_at, interruptions

DAY = 86400
#: A backup counts them in several threads. What SQLite writes is another test's.
STEPS = Steps(tuple(name for name in CHANGES if name != "write"), statements=False)
#: What a child answers when it failed with a sentence of the library.
NAMED = 200
KEEP = Keep(delete_after_days=60, last=0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a little system lies."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def contents(place: Path) -> dict[str, Any]:
    """Return the contents of the little system."""
    return wiki.make(place / "wiki")


@pytest.fixture(scope="module")
def earlier(place: Path, contents: dict[str, Any]) -> Path:
    """Return where a set of the day before is, to be copied to where sets are made."""
    wiki.back_up(contents, place / "earlier", wiki.NOW - DAY)
    return place / "earlier"


def said_by_child(work: Callable[[], object]) -> int:
    """Do the work in a child and return the error number that it failed with; 0 when it did not fail."""
    child = os.fork()
    if child == 0:
        status = 255
        try:
            work()
            status = 0
        except OSError as error:
            status = error.errno or 254
        except RunbooksError:
            status = NAMED
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def good_sets(sets: Path) -> list[str]:
    """Return the names of the sets; every one of them is whole, or this is an error."""
    names = []
    for one in list_sets(str(sets), NAME_FORMAT, "Asia/Tokyo"):
        assert one.manifest is not None, f"{one.name} is listed and half"
        assert verify_set(one.path, one.manifest, "integrity", wiki.plenty).whole
        names.append(one.name)
    return names[::-1]


def interrupted(sets: Path, fresh: Callable[[], object], work: Callable[[], object], least: int) -> Iterator[None]:
    """Yield after each interruption of the work, until one is not reached any more."""

    def prepare() -> None:
        shutil.rmtree(sets, ignore_errors=True)
        fresh()

    return interruptions(prepare, lambda _none: work(), least, STEPS)


def test_a_backup_that_is_killed_anywhere(place: Path, contents: dict[str, Any], earlier: Path) -> None:
    sets, before, seen = place / "sets", wiki.content_of(place / "wiki"), set()
    for _none in interrupted(
        sets, lambda: shutil.copytree(earlier, sets, symlinks=True), lambda: wiki.back_up(contents, sets), 60
    ):
        assert wiki.content_of(place / "wiki") == before, "production is whole"
        seen.add(tuple(good_sets(sets)))
        made = wiki.back_up(contents, sets, wiki.NOW + 60)
        assert not list(sets.glob(".*")), "running again leaves nothing half"
        assert Path(made.path).name in good_sets(sets)
    one, two = "20261120_120000", "20261121_120000"
    assert seen == {(one,), (one, two)}, "the new set is there or it is not"


def test_a_retention_that_is_killed_anywhere(place: Path, contents: dict[str, Any]) -> None:
    sets, seen = place / "sets", set()
    template = place / "template"
    for age in (90, 80, 1):
        wiki.back_up(contents, template, wiki.NOW - age * DAY)
    question = Question(str(sets), NAME_FORMAT, "Asia/Tokyo")

    def work() -> None:
        planned = make_plan(question, KEEP, wiki.NOW, wiki.plenty)
        remove(question, planned.due)

    for _none in interrupted(sets, lambda: shutil.copytree(template, sets, symlinks=True), work, 30):
        seen.add(tuple(good_sets(sets)))
        work()
        assert [path.name for path in sets.iterdir()] == ["20261120_120000"], "running again finishes the job"
    old, older, newest = "20260902_120000", "20260823_120000", "20261120_120000"
    assert seen == {(older, old, newest), (old, newest), (newest,)}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_fails_anywhere(place: Path, contents: dict[str, Any], earlier: Path, code: int) -> None:
    """From some step on nothing can be written; the child says what it said and ends."""
    sets, before, failed = place / "sets", wiki.content_of(place / "wiki"), 0

    def fail() -> None:
        raise OSError(code, os.strerror(code))

    def work(number: int) -> None:
        happens_at(number, fail, STEPS)
        wiki.back_up(contents, sets)

    for number in range(1, 400, 7):
        shutil.rmtree(sets, ignore_errors=True)
        shutil.copytree(earlier, sets, symlinks=True)
        status = said_by_child(partial(work, number))
        assert status in (0, code, NAMED), "it ends with a sentence"
        if status == 0:
            break
        failed += 1
        assert wiki.content_of(place / "wiki") == before
        assert good_sets(sets)[0] == "20261120_120000"
        wiki.back_up(contents, sets, wiki.NOW + 60)
        assert not list(sets.glob(".*"))
    assert failed > 8


def test_a_database_that_does_not_fit(place: Path, contents: dict[str, Any]) -> None:
    """SQLite writes by itself; here it may not write files of more than two pages."""
    sets = place / "sets"
    shutil.rmtree(sets, ignore_errors=True)

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        wiki.back_up({"app.db": contents["app.db"]}, sets)

    assert said_by_child(work) == errno.EIO
    assert list(sets.iterdir()) == []
