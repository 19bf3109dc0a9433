# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host returns becomes JSON that both databases take."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.wire import canonical_json, storable, to_json

TEXT = some.text(some.characters(codec=None, exclude_categories=()))
LEAVES = some.none() | some.booleans() | some.integers() | some.floats() | TEXT | some.binary()
VALUES: some.SearchStrategy[Any] = some.recursive(
    LEAVES, lambda inner: some.lists(inner) | some.dictionaries(TEXT | some.integers(), inner), max_leaves=10
)


@settings(deadline=None)
@given(VALUES)
def test_any_value_becomes_json_without_nul_in_utf_8(value: Any) -> None:
    written = to_json(storable(value))

    assert "\\u0000" not in written.replace("\\\\", "")
    assert json.loads(written.encode("utf-8")) == storable(value)


@settings(deadline=None)
@given(VALUES)
def test_what_is_storable_stays_as_it_is(value: Any) -> None:
    assert storable(storable(value)) == storable(value)


@settings(deadline=None)
@given(some.dictionaries(TEXT, LEAVES))
def test_the_order_of_keys_does_not_change_a_digest(value: dict[str, Any]) -> None:
    plain = storable(value)

    assert canonical_json(plain) == canonical_json(dict(reversed(plain.items())))
