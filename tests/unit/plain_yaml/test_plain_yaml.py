# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read is read as PyYAML reads it; everything else is refused with its line."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.plain_yaml import read_plain_yaml
from ansible_collections.aiops.runbooks.plugins.module_utils.plain_yaml_values import NotPlainYamlError

CHECKOUT = Path(__file__).resolve().parents[3]
MAPPING = """\
# Traffic log
vendor: wiki      # the product
product: "pan-os: 11"
timestamp:
  candidates: ["start", 'receive_time', 日時, a b]
  parse:
    start:
      type: epoch
bytes: {sent: [bytes_sent], limit: 1.5}
action:
  map:
    allow:
    - allow
    - "alert"
    block: []
  default: ~
  since: 2026-11-25
lists:
  - name: a
    value: -3
  -
    - 1
    - [2, 3]
  - plain text
  - {}
notes: |
  Two lines: kept
    as they are.

  # not a comment
short: >-
  folded
  text
empty:
last: true
"""


def _plain(value: Any) -> Any:
    """Return what PyYAML read with dates as text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


def test_a_mapping_is_read_as_others_read_it() -> None:
    assert read_plain_yaml(MAPPING) == _plain(yaml.safe_load(MAPPING))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &anchor 1\n", 1),
        ("a: *anchor\n", 1),
        ("a: !tag 1\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\na: 2\n", 2),
        ("a:\n\tb: 1\n", 2),
        ("a: [1,\n  2]\n", 1),
        ("a: text\n  that goes on\n", 2),
        ("a: 'open\n", 1),
        ("a: 0x1F\n", 1),
        ("a: 010\n", 1),
        ("a: 12:30\n", 1),
        ("a: 1_000\n", 1),
        ("? a\n: b\n", 1),
        ("<<: {a: 1}\n", 1),
        ("a: b: c\n", 1),
        ("a: |2\n  x\n", 1),
        ("a: 1\n b: 2\n", 2),
        ("- a\nb: 1\n", 2),
        ("1: a\n", 1),
        ("a: {b}\n", 1),
        ("{% raw %}\n", 1),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotPlainYamlError) as caught:
        read_plain_yaml(text)
    assert caught.value.line == line


def test_the_files_of_this_repository_are_read_alike_or_refused() -> None:
    read = refused = 0
    for path in [
        *CHECKOUT.glob("roles/*/meta/*.yml"),
        *CHECKOUT.glob("docs/*.yml"),
        *CHECKOUT.glob("inventories/**/*.yml"),
    ]:
        text = path.read_text(encoding="utf-8")
        try:
            found = read_plain_yaml(text)
        except NotPlainYamlError:
            refused += 1
            continue
        read += 1
        assert found == _plain(yaml.safe_load(text)), path
    assert read > 10


SCALARS = st.none() | st.booleans() | st.integers(-9999, 9999) | st.floats(-1e6, 1e6) | st.text(max_size=20)
KEYS = st.text("abcdefgh_ ", min_size=1, max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from([False, True, None]))
@settings(max_examples=100)
def test_what_pyyaml_writes_is_read_back_or_refused(value: Any, flow: bool | None) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    try:
        found = read_plain_yaml(text)
    except NotPlainYamlError:
        return
    assert found == _plain(yaml.safe_load(text))


@given(st.text("ab:-#[]{},'\"|>&*!?~01. \n\t", max_size=60))
@example("a: [b, c]  # d")
@settings(max_examples=4000)
def test_any_text_is_read_as_pyyaml_reads_it_or_refused(text: str) -> None:
    try:
        found = read_plain_yaml(text)
    except NotPlainYamlError:
        return
    assert found == _plain(yaml.safe_load(text)), text
