# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first bytes of a file say."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.sqlite_header import MAGIC, looks_like, parse_header
from tests.unit.cases import load_cases


def header_bytes(fields: dict[str, int]) -> bytes:
    """Build a header of the given figures, healthy where nothing else is said."""
    values = {
        "page_size": 4096,
        "write_version": 1,
        "read_version": 1,
        "change_counter": 7,
        "page_count": 3,
        "freelist_count": 0,
        "encoding": 1,
        "user_version": 0,
        "valid_for": 7,
        **fields,
    }
    data = bytearray(512)
    data[:16] = MAGIC
    for name, offset, size in (
        ("page_size", 16, 2),
        ("write_version", 18, 1),
        ("read_version", 19, 1),
        ("change_counter", 24, 4),
        ("page_count", 28, 4),
        ("freelist_count", 36, 4),
        ("encoding", 56, 4),
        ("user_version", 60, 4),
        ("valid_for", 92, 4),
    ):
        data[offset : offset + size] = values[name].to_bytes(size, "big", signed=name == "user_version")
    return bytes(data)


@pytest.mark.parametrize(("arguments", "expected"), load_cases("sqlite_header"))
def test_a_header_is_believed_as_far_as_it_can_be_true(arguments: dict[str, int], expected: Any) -> None:
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            parse_header(header_bytes(arguments))
        return
    header = parse_header(header_bytes(arguments))
    found = dict(dataclasses.asdict(header), expected_bytes=header.expected_bytes())
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("looks_like"))
def test_a_foreign_file_is_named(arguments: dict[str, str], expected: str) -> None:
    assert looks_like(bytes.fromhex(arguments["hex"])) == expected
