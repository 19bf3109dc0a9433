# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values within one line of plain YAML: words, numbers, quoted text, lists and mappings in brackets."""

from __future__ import annotations

import re
from typing import Any

_INTEGER = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_NUMBER = re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?$")
#: Numbers in other notations, which readers of YAML 1.1 and 1.2 take for different things.
_DOUBTFUL = re.compile(
    r"^[-+]?(?:0[0-9_]+|0[xob][0-9a-fA-F_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9][0-9_,]*_[0-9_,.]*|\.(?:inf|nan))$",
    re.I,
)
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\", "/": "/", " ": " ", "e": "\x1b"}
DEEPEST = 50


class NotPlainYamlError(Exception):
    """Text that is not YAML, or YAML that is not plain.

    Args:
        line: its line, from 1.
        problem: what is there.
    """

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        self.problem = problem
        super().__init__(f"line {line}: {problem}")


def flow(text: str, at: int, number: int, depth: int) -> tuple[Any, int]:
    """Return a flow list or mapping and where it ends.

    Args:
        text: a line.
        at: where the bracket stands.
        number: of the line.
        depth: how deeply it is nested.

    Raises:
        NotPlainYamlError: it is not plain, or does not end in its line.
    """
    if depth > DEEPEST:
        raise NotPlainYamlError(number, "nested too deeply")
    opening, closing = text[at], {"[": "]", "{": "}"}[text[at]]
    items: list[Any] = []
    pairs: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != closing:
        if opening == "{":
            match = re.compile(
                r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[\]{},#&*!|>%@`:?-][^:,\[\]{}#]*?)[ ]*:[ ]+"""
            ).match(text, at)
            if match is None:
                raise NotPlainYamlError(number, "a mapping in braces that is not plain")
            key = key_of(match.group(1), number)
            if key in pairs:
                raise NotPlainYamlError(number, f"the key {key!r} for the second time")
            pairs[key], at = _flow_item(text, match.end(), number, depth)
        else:
            item, at = _flow_item(text, at, number, depth)
            items.append(item)
        at = _skip(text, at)
        if at < len(text) and text[at] == ",":
            at = _skip(text, at + 1)
        elif at < len(text) and text[at] != closing:
            raise NotPlainYamlError(number, "a list that is not plain")
    if at >= len(text):
        raise NotPlainYamlError(number, "a list that does not end in its line")
    return (items if opening == "[" else pairs), at + 1


def _flow_item(text: str, at: int, number: int, depth: int) -> tuple[Any, int]:
    if at < len(text) and text[at] in "[{":
        return flow(text, at, number, depth + 1)
    if at < len(text) and text[at] in "\"'":
        return quoted(text, at, number)
    match = re.compile(r"[^,\[\]{}]*").match(text, at)
    plain = match.group(0).strip(" ") if match else ""
    if not plain or re.search(r":(?: |$)|(?:^| )#", plain):
        raise NotPlainYamlError(number, "an item of a list that is not plain")
    return scalar(plain, number), match.end() if match else at


def quoted(text: str, at: int, number: int) -> tuple[str, int]:
    """Return quoted text and where it ends.

    Args:
        text: a line.
        at: where the quotation mark stands.
        number: of the line.

    Raises:
        NotPlainYamlError: it does not end, or has an escape that is not known.
    """
    if text[at] == "'":
        match = re.compile(r"'((?:[^']|'')*)'").match(text, at)
        if match is None:
            raise NotPlainYamlError(number, "a quotation that does not end in its line")
        return match.group(1).replace("''", "'"), match.end()
    match = re.compile(r'"((?:[^"\\]|\\.)*)"').match(text, at)
    if match is None:
        raise NotPlainYamlError(number, "a quotation that does not end in its line")
    return re.sub(
        r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", lambda found: _escape(found.group(1), number), match.group(1)
    ), match.end()


def _escape(name: str, number: int) -> str:
    if len(name) > 1:
        return chr(int(name[1:], 16))
    if name not in _ESCAPES:
        raise NotPlainYamlError(number, f"the escape \\{name}")
    return _ESCAPES[name]


def key_of(text: str, number: int) -> str:
    """Return a key; one that is no text is refused."""
    if text[0] in "\"'":
        return quoted(text, 0, number)[0]
    if text == "<<" or not isinstance(scalar(text, number), str):
        raise NotPlainYamlError(number, f"the key {text!r}, which is no text")
    return text


def scalar(text: str, number: int) -> Any:
    """Return what a plain word means; one that readers take for different things is refused."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _NUMBER.match(text):
        return float(text)
    if _DOUBTFUL.match(text):
        raise NotPlainYamlError(number, f"the number {text!r}, which readers take for different things")
    if text[0] in "&*!|>%@`\"'[]{},#?" or text.startswith("- ") or text in ("-", "=", "<<"):
        raise NotPlainYamlError(number, f"{text[:40]!r}")
    return text


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at
