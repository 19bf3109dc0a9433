# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In any document only the bytes of the value change, and what is read back is the document with that value."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils.config_edit import edit, locate

WORDS = st.sampled_from(
    ["alpha", "be ta", "gamma_1", "d-e", "limits", "x.y", "on", "7", "é", "#hash", "a: b", "'q'", '"']
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.sampled_from([0.5, 1.0, -2.25, 1e20, 1e-7]),
    WORDS,
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=6),
)
DOCUMENTS = st.dictionaries(
    WORDS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.dictionaries(WORDS, inner, min_size=1, max_size=4), st.lists(inner, min_size=1, max_size=3)
        ),
        max_leaves=12,
    ),
    min_size=1,
    max_size=5,
)


def leaves(value: Any, key: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the keys of all values that hold no others."""
    if isinstance(value, dict):
        return [one for name, inner in value.items() for one in leaves(inner, (*key, name))]
    if isinstance(value, list):
        return [one for index, inner in enumerate(value) for one in leaves(inner, (*key, index))]
    return [key]


def with_value(document: Any, key: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a document with one value replaced."""
    changed = inner = copy.deepcopy(document)
    for part in key[:-1]:
        inner = inner[part]
    inner[key[-1]] = value
    return changed


def as_json(value: Any, draw: Any) -> str:
    """Write JSON with blanks and line ends wherever they are allowed."""

    def gap() -> str:
        return str(draw(st.sampled_from(["", " ", "\n  ", "\t", "\r\n"])))

    if isinstance(value, dict):
        inner = ",".join(
            f"{gap()}{json.dumps(name)}{gap()}:{gap()}{as_json(item, draw)}{gap()}" for name, item in value.items()
        )
        return "{" + (inner or gap()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(f"{gap()}{as_json(item, draw)}{gap()}" for item in value) or gap()) + "]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


def as_yaml_scalar(value: Any, draw: Any) -> str:
    """Write a value in one of the ways in which YAML may write it."""
    if isinstance(value, str):
        ways = [json.dumps(value, ensure_ascii=False), "'" + value.replace("'", "''") + "'"]
        if value.isalpha() and value.isascii() and value != "on":
            ways.append(value)
        return draw(st.sampled_from(ways))
    if isinstance(value, float):
        return yaml.safe_dump(value).split("\n")[0]
    return json.dumps(value)


def as_yaml(value: Any, indent: int, draw: Any) -> list[str]:
    """Write lines of block-style YAML with comments and blank lines between them."""
    lines = []
    named = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in named:
        lines += draw(st.sampled_from([[], [], [""], [" " * indent + "# key: not a key"], ["# - 'left"]]))
        head = " " * indent + (as_yaml_scalar(name, draw) + ":" if isinstance(value, dict) else "-")
        tail = draw(st.sampled_from(["", "", "  # kept", " # 'kept: \"too"]))
        if isinstance(item, (dict, list)):
            step = draw(st.sampled_from([1, 2, 4]))
            if isinstance(value, dict) and isinstance(item, list) and draw(st.booleans()):
                step = 0
            below = as_yaml(item, indent + max(step, 0 if isinstance(value, dict) else 2), draw)
            if isinstance(value, list) and below[0].lstrip() and not below[0].lstrip().startswith("#"):
                width = len(below[0]) - len(below[0].lstrip())
                if draw(st.booleans()) and width > indent + 1:
                    below[0] = head + " " * (width - indent - 1) + below[0].lstrip()
                    lines += below
                    continue
            lines += [head + tail, *below]
        else:
            lines.append(head + " " + as_yaml_scalar(item, draw) + tail)
    return lines


@settings(max_examples=120, deadline=None)
@given(document=DOCUMENTS, value=SCALARS, mark=st.booleans(), data=st.data())
def test_json_keeps_every_other_byte(document: dict[str, Any], value: Any, mark: bool, data: Any) -> None:
    old = (("\ufeff" if mark else "") + as_json(document, data.draw) + data.draw(st.sampled_from(["", "\n"]))).encode()
    key = data.draw(st.sampled_from(leaves(document)))
    new, changes = edit(old, "json", [(key, value)])
    assert json.loads(new.decode("utf-8-sig")) == with_value(document, key, value)
    assert edit(new, "json", [(key, value)]) == (new, [])
    if changes:
        text = old.decode("utf-8-sig")
        place = locate(text, "json", key)
        assert json.loads(text[place.start : place.end]) == changes[0].before
        expected = text[: place.start] + json.dumps(value, ensure_ascii=False) + text[place.end :]
        assert new.decode("utf-8-sig") == expected
        assert new.startswith(b"\xef\xbb\xbf") == mark


@settings(max_examples=200, deadline=None)
@given(document=DOCUMENTS, value=SCALARS, newline=st.sampled_from(["\n", "\r\n"]), mark=st.booleans(), data=st.data())
def test_yaml_keeps_every_other_byte(document: dict[str, Any], value: Any, newline: str, mark: bool, data: Any) -> None:
    text = newline.join(as_yaml(document, 0, data.draw)) + data.draw(st.sampled_from(["", newline]))
    assume(yaml.safe_load(text) == document)
    old = (("\ufeff" if mark else "") + text).encode()
    key = data.draw(st.sampled_from(leaves(document)))
    new, changes = edit(old, "yaml", [(key, value)])
    assert yaml.safe_load(new.decode("utf-8-sig")) == with_value(document, key, value)
    assert edit(new, "yaml", [(key, value)]) == (new, [])
    assert new.count(b"\n") == old.count(b"\n")
    differing = [(one, other) for one, other in zip(old.split(b"\n"), new.split(b"\n"), strict=True) if one != other]
    assert len(differing) == (1 if changes else 0)
    for one, other in differing:
        for comment in (b"  # kept", b" # 'kept: \"too"):
            assert one.rstrip(b"\r").endswith(comment) == other.rstrip(b"\r").endswith(comment)


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(["# A=1", "", "export B='x y'", 'C = "q # r"', "D=plain  # why", "E=", "F=a#b", "  G=1  "]),
        max_size=8,
        unique=True,
    ),
    value=st.sampled_from(["1", "two words", "a#b", "it's", "$HOME", 'say "x"', "", "back\\slash", 5.0, True]),
    newline=st.sampled_from(["\n", "\r\n"]),
    name=st.sampled_from(["B", "C", "D", "E", "F", "G", "NEW"]),
    ends=st.booleans(),
)
def test_an_environment_file_keeps_every_other_line(
    lines: list[str], value: Any, newline: str, name: str, ends: bool
) -> None:
    old = (newline.join(lines) + (newline if ends and lines else "")).encode()
    assume(newline == "\n" or b"\r\n" in old)
    new, _changes = edit(old, "env", [([name], value)])
    assert edit(new, "env", [([name], value)]) == (new, [])
    kept = [
        line
        for line in old.split(newline.encode())
        if not line.strip().removeprefix(b"export ").startswith(name.encode())
    ]
    assert [line for line in kept if line] == [
        line
        for line in new.split(newline.encode())
        if line and not line.strip().removeprefix(b"export ").startswith(name.encode())
    ]
    assert (b"  # why" in old) == (b"  # why" in new)
