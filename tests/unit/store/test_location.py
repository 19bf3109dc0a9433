# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of stores: what is accepted, and that no password is ever shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    default_url,
    open_store,
    state_directory,
)


@pytest.mark.parametrize(
    "url",
    [
        "no url at all",
        "mysql://store:hush@server/db",
        "postgresql+psycopg://store:hu@sh@server:port/db",
        "postgresql+nosuchdriver://store:hush@server/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file.db?mode=ro",
        "oracle://store:hush@server/db",
    ],
)
def test_a_url_that_names_no_store_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)

    line = str(caught.value)
    assert "\n" not in line
    assert "hush" not in line
    assert "hu@sh" not in line
    assert "sqlite:////directory/store.sqlite" in line


def test_a_server_that_does_not_exist_is_named_without_the_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql+psycopg://store:h%2Fush@127.0.0.1:1/db?connect_timeout=2")

    line = str(caught.value)
    assert line.startswith("postgresql+psycopg://store:***@127.0.0.1:1/db?connect_timeout=2: ")
    assert "the server cannot be reached" in line
    assert "ush" not in line


def test_the_state_directory_follows_the_environment() -> None:
    assert state_directory({"AIOPS_STATE_DIR": "/srv/state/"}) == "/srv/state"
    assert state_directory({"XDG_STATE_HOME": "/home/aki/state"}) == "/home/aki/state/aiops-runbooks"
    assert state_directory({}) == str(Path.home() / ".local/state/aiops-runbooks")
    assert default_url({"AIOPS_STATE_DIR": "/srv/state"}) == "sqlite:////srv/state/store.sqlite"


def test_a_path_with_odd_characters_is_an_ordinary_path(tmp_path: Path) -> None:
    directory = tmp_path / "a b#c%20見積;d"
    directory.mkdir()

    open_store(f"sqlite:///{directory}/store.sqlite")

    assert [path.name for path in directory.iterdir()] == ["store.sqlite"]


@pytest.mark.parametrize(
    ("library", "way_out"),
    [("sqlalchemy", "Run pip install 'SQLAlchemy>=2.0.30'."), ("psycopg", "Run pip install 'psycopg[binary]>=3.2'.")],
)
def test_a_library_that_is_not_installed_is_named(library: str, way_out: str) -> None:
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import StoreError, open_store\n"
        "try:\n    open_store('postgresql://store:hush@server/db')\n"
        "except StoreError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.stdout.endswith(f"is missing on the controller. {way_out}\n")
    assert "hush" not in done.stdout
