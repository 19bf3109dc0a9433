# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema goes forward, never back; a reader sees an older store as it will be."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    attest,
    attestations,
    finish,
    maintenance_windows,
    migrations,
    open_store,
    plan_maintenance,
)
from tests.unit.store.builders import EVER, attested, finished, maintenance, run, states, take

if TYPE_CHECKING:
    from sqlalchemy import Connection

FORK = multiprocessing.get_context("fork")
TABLES_OF_THE_FIRST_VERSION = {"schema_version", "profiles", "runs", "results", "actions", "leases"}


def mark_runs(connection: Connection) -> None:
    """Migrate as a later version of the collection might."""
    connection.exec_driver_sql("UPDATE runs SET state = 'warning'")


def drop_jobs(connection: sqlite3.Connection) -> None:
    """Take away what version 5 has added to the table of runs."""
    connection.execute("DROP INDEX runs_job")
    connection.execute("ALTER TABLE runs DROP COLUMN job")


def versions(path: Path) -> list[int]:
    """Return the versions that a store has gone through."""
    with sqlite3.connect(path) as connection:
        return [version for (version,) in connection.execute("SELECT version FROM schema_version ORDER BY version")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store of the present version with one run in it."""
    path = tmp_path / "store.sqlite"
    finish(open_store(f"sqlite:///{path}"), [finished("r1")])
    return path


def test_a_new_store_has_the_newest_version(path: Path) -> None:
    assert versions(path) == [migrations.newest_version()]


def test_an_older_store_is_brought_forward_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, mark_runs))

    assert states(open_store(f"sqlite:///{path}")) == {"r1": "warning"}
    take(open_store(f"sqlite:///{path}"), [run("r2")])

    assert states(open_store(f"sqlite:///{path}")) == {"r1": "warning", "r2": "running"}
    assert versions(path) == [migrations.newest_version() - 1, migrations.newest_version()]


def test_a_reader_sees_the_migrated_store_and_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, mark_runs))
    before = path.read_bytes()

    assert states(open_store(f"sqlite:///{path}", read_only=True)) == {"r1": "warning"}

    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["store.sqlite"]


def test_a_step_that_fails_leaves_the_store_at_its_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection) -> None:
        mark_runs(connection)
        connection.exec_driver_sql("UPDATE no_such_table SET x = 1")

    with monkeypatch.context() as later:
        later.setattr(migrations, "STEPS", (*migrations.STEPS, fail))
        with pytest.raises(StoreError, match="no_such_table"):
            open_store(f"sqlite:///{path}")

    assert states(open_store(f"sqlite:///{path}")) == {"r1": "ok"}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_store_is_refused(path: Path, read_only: bool) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")

    with pytest.raises(StoreError) as caught:
        open_store(f"sqlite:///{path}", read_only=read_only)

    assert str(caught.value) == (
        f"{path}: its schema is version 99, newer than the {migrations.newest_version()} that this collection "
        "knows. Upgrade aiops.runbooks on this controller."
    )


def test_two_controllers_that_migrate_at_once_do_it_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add_column(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN later TEXT")

    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, add_column))
    openers = [FORK.Process(target=open_store, args=(f"sqlite:///{path}",)) for _number in range(6)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()

    assert [opener.exitcode for opener in openers] == [0] * 6
    assert versions(path) == [migrations.newest_version() - 1, migrations.newest_version()]


def test_a_store_of_the_first_version_gets_its_attestations(tmp_path: Path) -> None:
    path = tmp_path / "first.sqlite"
    finish(open_store(f"sqlite:///{path}"), [finished("r1")])
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in TABLES_OF_THE_FIRST_VERSION:
                connection.execute(f"DROP TABLE {table}")
        drop_jobs(connection)
        connection.execute("UPDATE schema_version SET version = 1")
        connection.commit()

    assert attestations(open_store(f"sqlite:///{path}", read_only=True)) == []
    store = open_store(f"sqlite:///{path}")
    attest(store, [attested("a1")])

    assert attestations(store) == [attested("a1")]
    assert states(store) == {"r1": "ok"}
    assert versions(path) == list(range(1, migrations.newest_version() + 1))
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT sql FROM sqlite_master WHERE name = 'attestations_host_item_attested'"
        assert "(host, item, attested)" in connection.execute(query).fetchone()[0]


def test_a_store_of_the_second_version_gets_its_maintenance_windows(tmp_path: Path) -> None:
    path = tmp_path / "second.sqlite"
    attest(open_store(f"sqlite:///{path}"), [attested("a1")])
    with closing(sqlite3.connect(path)) as connection:
        created = connection.execute("SELECT sql FROM sqlite_master WHERE name LIKE 'maintenance%' ORDER BY name")
        fresh = [" ".join(text.replace("( ", "(").split()) for (text,) in created]
        later = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in later:
            if table not in TABLES_OF_THE_FIRST_VERSION | {"attestations"}:
                connection.execute(f"DROP TABLE {table}")
        drop_jobs(connection)
        connection.execute("UPDATE schema_version SET version = 2")
        connection.commit()

    store = open_store(f"sqlite:///{path}")
    plan_maintenance(store, [maintenance("m1")])

    assert [window["id"] for window in maintenance_windows(store, None, *EVER)] == ["m1"]
    assert attestations(store) == [attested("a1")]
    with closing(sqlite3.connect(path)) as connection:
        migrated = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'maintenance_windows_host_ends'")
        assert migrated.fetchone()[0] == fresh[1]
