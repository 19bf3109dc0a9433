# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set, what is added, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.config_edit import AtMost, EditError, edit, format_of
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("config_edit"))
def test_an_edit_changes_what_is_asked_or_says_why_not(arguments: dict[str, Any], expected: Any) -> None:
    content = arguments["latin1"].encode("latin-1") if "latin1" in arguments else arguments["content"].encode()
    settings = list(arguments["settings"])
    if isinstance(expected, dict):
        with pytest.raises(EditError) as caught:
            edit(content, arguments["form"], settings)
        assert caught.value.message.startswith(expected["error"])
        assert caught.value.way_out
        return
    new, _changes = edit(content, arguments["form"], settings)
    assert new.decode() == expected
    assert edit(new, arguments["form"], settings) == (new, [])


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/a/config.json", "json"),
        ("b.YAML", "yaml"),
        ("c.yml", "yaml"),
        (".env", "env"),
        ("x/.env.local", "env"),
        ("p.env", "env"),
    ],
)
def test_the_name_says_the_format(path: str, form: str) -> None:
    assert format_of(path) == form


def test_a_name_that_says_no_format_is_refused() -> None:
    with pytest.raises(RunbooksError, match="does not say its format"):
        format_of("/etc/settings")


@pytest.mark.parametrize(
    ("before", "limit", "after"),
    [("100000", 50000.0, "50000"), ("50.0", 5.0, "5.0"), ("9", 2.5, "2.5"), ("4.0", 5.0, "4.0"), (None, 5.0, "5")],
)
def test_a_limit_is_a_whole_number_where_a_whole_number_was(before: str | None, limit: float, after: str) -> None:
    content = b"A=1\n" + (b"" if before is None else f"LIMIT={before}\n".encode())
    assert edit(content, "env", [(["LIMIT"], AtMost(limit))])[0] == f"A=1\nLIMIT={after}\n".encode()
