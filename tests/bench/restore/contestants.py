# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore a database to serving, in our way and in the others: each starts from what its own backup made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.restore import database

#: Ours as the module does it: verified with its manifest, swapped, the old data kept.
_OURS = """
import sys, time
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_choose import Request
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
sets, target, state = sys.argv[1:]
contents = [{"name": "app.db", "type": "sqlite", "target": target}]
request = Request(sets, "%Y%m%d_%H%M%S", "UTC", contents, seconds=600)
for step in ("stage", "swap", "accept"):
    take(step, request, Settings(state, "", 14, False), time.time())
"""
#: Where this checkout is the collection.
_COLLECTIONS = Path(__file__).resolve().parents[3] / ".cache" / "collections"
_SET = "20261120_030001"


@dataclass(frozen=True)
class Contestant:
    """One way to restore.

    Args:
        key: short name.
        title: what it is, for the table.
        needs: program that must be there.
        prepare: makes its backup of a database in a directory.
        command: gives the command that restores from that directory to a path.
        verified: what is known of the result.
    """

    key: str
    title: str
    needs: str
    prepare: Callable[[Path, Path], None]
    command: Callable[[Path, Path], list[str]]
    verified: str


def _make_set(source: Path, directory: Path) -> None:
    sys.path.insert(0, str(_COLLECTIONS))
    from tests.unit.restore import little_system

    made = directory / "sets" / _SET
    shutil.rmtree(directory / "sets", ignore_errors=True)
    made.mkdir(parents=True)
    shutil.copyfile(source, made / "app.db")
    little_system.sign(made, [{"name": "app.db", "type": "sqlite", "target": "/nowhere/app.db"}])


def _ours(directory: Path, target: Path) -> list[str]:
    return [sys.executable, "-c", _OURS, str(directory / "sets"), str(target), str(directory / "state")]


def _make_dump(source: Path, directory: Path) -> None:
    with (directory / "app.sql").open("wb") as out:
        subprocess.run(["sqlite3", str(source), ".dump"], stdout=out, check=True)


def _replay(directory: Path, target: Path) -> list[str]:
    return ["sh", "-c", f"sqlite3 {target}.new < {directory / 'app.sql'} && mv {target}.new {target}"]


def _make_tar(source: Path, directory: Path) -> None:
    subprocess.run(["tar", "-czf", str(directory / "app.tar.gz"), "-C", str(source.parent), source.name], check=True)


def _untar(directory: Path, target: Path) -> list[str]:
    return [
        "sh",
        "-c",
        f"tar -xzf {directory / 'app.tar.gz'} -C {target.parent} && mv {target.parent}/source.db {target}",
    ]


def _make_repository(source: Path, directory: Path) -> None:
    shutil.rmtree(directory / "repository", ignore_errors=True)
    for words in (["init"], ["backup", str(source)]):
        subprocess.run(_restic(directory, *words), check=True, stdout=subprocess.DEVNULL)


def _restic(directory: Path, *words: str) -> list[str]:
    (directory / "password").write_text("nothing secret")
    return ["restic", "-q", "-r", str(directory / "repository"), "-p", str(directory / "password"), *words]


def _unrestic(directory: Path, target: Path) -> list[str]:
    there = f"{target.parent}{directory}/source.db"
    command = " ".join(_restic(directory, "restore", "latest", "--target", str(target.parent)))
    return ["sh", "-c", f"{command} && mv {there} {target}"]


CONTESTANTS = (
    Contestant("ours", "ours: `restore`", "sqlite3", _make_set, _ours, "SHA-256, every page, rows; old data kept"),
    Contestant("dump", "`sqlite3 app.db < dump.sql`", "sqlite3", _make_dump, _replay, "nothing"),
    Contestant("tar", "`tar -xzf`", "tar", _make_tar, _untar, "the archive's CRC"),
    Contestant("restic", "`restic restore`", "restic", _make_repository, _unrestic, "the repository's SHA-256"),
)


def environment() -> dict[str, str]:
    """Return the environment in which ours finds its library, compiled as an installed one is."""
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PYTHONPATH": str(_COLLECTIONS)}


def serves(target: Path, rows: int) -> bool:
    """Return whether the restored database answers, with all of its rows."""
    return database.answer(target)[0] == rows
