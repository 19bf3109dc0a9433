# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on a real PostgreSQL server."""

from __future__ import annotations

import threading

import psycopg
import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import StoreError, open_store, runs_between
from tests.integration.postgresql import PASSWORD, Server
from tests.unit.store.builders import EVER, run, states, take
from tests.unit.store.contracts import contract_tests

# The same behaviour is asked of both databases; tests/unit/store/ asks SQLite.
globals().update(contract_tests())


def refusal_to_open(url: str, *, create: bool = True) -> str:
    """Return the one line with which a store refuses to open; it never shows the password."""
    with pytest.raises(StoreError) as caught:
        open_store(url, create=create)
    line = str(caught.value)
    assert "\n" not in line
    assert PASSWORD not in line
    assert "water" not in line
    return line


def test_the_driver_need_not_be_named(postgresql: Server, database: str) -> None:
    store = open_store(postgresql.url(database).replace("+psycopg", ""))

    assert take(store, [run("r1")]) == {"est1": None}


def test_a_wrong_password_is_named_and_not_shown(postgresql: Server, database: str) -> None:
    line = refusal_to_open(postgresql.url(database, password="muddy-water"))

    assert line.startswith(f"postgresql+psycopg://store:***@127.0.0.1:{postgresql.port}/{database}: ")
    assert "the server refuses the login" in line


def test_a_password_in_the_query_is_not_shown(postgresql: Server, database: str) -> None:
    url = f"postgresql+psycopg://store@127.0.0.1:{postgresql.port}/{database}?password=muddy-water"

    assert "the server refuses the login" in refusal_to_open(url)


def test_a_missing_database_is_named(postgresql: Server) -> None:
    line = refusal_to_open(postgresql.url("nowhere"))

    assert "the server has no such database" in line
    assert "createdb" in line


def test_a_server_that_is_down_is_named(postgresql: Server, store_url: str) -> None:
    store = open_store(store_url)
    postgresql.stop()
    try:
        assert "the server cannot be reached" in refusal_to_open(store_url)
        with pytest.raises(StoreError, match="the server cannot be reached"):
            take(store, [run("r1")])
    finally:
        postgresql.start()
    assert take(store, [run("r1")]) == {"est1": None}


def test_a_user_who_may_not_create_tables_is_told_so(postgresql: Server, store_url: str) -> None:
    postgresql.sql("CREATE DATABASE foreign_store")
    postgresql.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", "foreign_store")

    assert "the user may not do this" in refusal_to_open(postgresql.url("foreign_store"))


def test_reading_only_creates_nothing(postgresql: Server, database: str, store_url: str) -> None:
    view = open_store(store_url, read_only=True)

    assert runs_between(view, None, None, *EVER) == []
    assert postgresql.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database) == "0"


def test_a_reader_sees_what_is_there(store_url: str) -> None:
    take(open_store(store_url), [run("r1")])
    view = open_store(store_url, read_only=True)

    assert states(view) == {"r1": "running"}


def test_without_create_a_missing_store_is_an_error(store_url: str) -> None:
    assert "there is no store yet" in refusal_to_open(store_url, create=False)


def test_a_newer_schema_is_refused(postgresql: Server, database: str, store_url: str) -> None:
    open_store(store_url)
    postgresql.sql("INSERT INTO schema_version VALUES (99)", database)

    assert "its schema is version 99, newer than the" in refusal_to_open(store_url)


def test_tables_of_something_else_are_left_alone(postgresql: Server, database: str, store_url: str) -> None:
    postgresql.sql("CREATE TABLE runs (distance int)", database)

    assert "this is the database of something else, it holds the table 'runs'" in refusal_to_open(store_url)


def test_other_peoples_tables_beside_ours_do_no_harm(postgresql: Server, database: str, store_url: str) -> None:
    postgresql.sql("CREATE TABLE main_job (id int)", database)

    assert take(open_store(store_url), [run("r1")]) == {"est1": None}


def test_a_row_that_somebody_locks_for_a_moment_is_waited_for(postgresql: Server, store_url: str) -> None:
    store = open_store(store_url)
    take(store, [run("r1")])
    with psycopg.connect(store_url.replace("+psycopg", "")) as other:
        other.execute("SELECT * FROM leases FOR UPDATE")
        threading.Timer(0.5, other.rollback).start()

        assert take(store, [run("r1"), run("r2", "est2")]) == {"est1": None, "est2": None}
