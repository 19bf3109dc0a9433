# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server for whoever needs one, and which worker runs which test."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.conftest import CHECKOUT
from tests.integration.postgresql import Server, server

#: What the tests of a file have in common, so that one worker runs them all.
_SHARED = re.compile(r'scope="module"')
#: What the tests of several files have in common, such as a directory.
_GROUP = re.compile(r'^pytestmark = pytest\.mark\.xdist_group\("(\w+)"\)', re.MULTILINE)


class _Balanced(LoadScopeScheduling):
    """Give workers one test after the other, and a file as a whole where its tests share what a fixture has made.

    The files come first, the one with the most tests first of all. With whole files only, those with the fewest tests
    come last: the longest tests are in them, and one worker waits for the other's.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _group(file) or nodeid


@functools.cache
def _group(file: str) -> str:
    """Return what a file's tests are kept together by; empty when nothing does."""
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    named = _GROUP.search(text)
    return named.group(1) if named else file if _SHARED.search(text) else ""


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Balanced:
    """Return what says which worker runs which test."""
    return _Balanced(config, log)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Run a server, one for all tests of a worker."""
    with server(in_memory=True) as running:
        yield running


@pytest.fixture
def database(postgresql: Server) -> Iterator[str]:
    """Create an empty database for a test and return its name."""
    name = postgresql.create_database()
    yield name
    postgresql.drop_database(name)


@pytest.fixture
def store_url(postgresql: Server, database: str) -> str:
    """Return the URL of a store on PostgreSQL that does not exist yet."""
    return postgresql.url(database)
