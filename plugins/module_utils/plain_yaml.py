# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plain part of YAML that configuration files are written in, read without a library.

Block mappings and sequences, flow lists and mappings on one line, quoted and plain scalars, literal and folded text.
Whatever else YAML can say - anchors, tags, several documents, scalars over several lines - is refused with its line:
what is read here is read as any YAML reader does, or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .plain_yaml_values import DEEPEST, NotPlainYamlError, flow, key_of, quoted, scalar

_KEY = re.compile(
    r"""^(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[\]{},#&*!|>%@`:?-][^:#]*?|[-?:][^\s:#][^:#]*?)"""
    r"[ ]*:(?:[ ]+|$)"
)
#: Breaks of lines that readers of YAML 1.1 and 1.2 take for different things, and what YAML does not allow at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class _Line:
    number: int
    indent: int
    text: str


class _Source:
    """The lines that say something, and where the reader is."""

    def __init__(self, text: str) -> None:
        self.raw = text.replace("\r\n", "\n").split("\n")
        self.at = 0

    def peek(self) -> _Line | None:
        while self.at < len(self.raw):
            raw = self.raw[self.at]
            stripped = raw.strip(" ")
            if stripped and not stripped.startswith("#"):
                if "\t" in raw:
                    raise NotPlainYamlError(self.at + 1, "a tab")
                return _Line(self.at + 1, len(raw) - len(raw.lstrip(" ")), raw.strip(" "))
            self.at += 1
        return None

    def take(self) -> _Line:
        line = self.peek()
        if line is None:
            raise NotPlainYamlError(len(self.raw), "the end")
        self.at += 1
        return line


def read_plain_yaml(text: str) -> Any:
    """Return what a text says, in lists, dicts, strings, numbers, booleans and None; dates stay text.

    Raises:
        NotPlainYamlError: names the line.
    """
    source = _Source(text[1:] if text.startswith("\ufeff") else text)
    for number, raw in enumerate(source.raw, 1):
        if _FORBIDDEN.search(raw):
            raise NotPlainYamlError(number, "a character that no plain text has")
    first = source.peek()
    if first is not None and first.text == "---" and first.indent == 0:
        source.take()
        first = source.peek()
    if first is None:
        return None
    if not (_KEY.match(first.text) or first.text == "-" or first.text.startswith("- ")):
        raise NotPlainYamlError(first.number, f"{first.text[:40]!r} begins neither a mapping nor a list")
    found = _node(source, first.indent, 0)
    rest = source.peek()
    if rest is not None:
        raise NotPlainYamlError(rest.number, f"{rest.text[:40]!r} does not belong to what is above it")
    return found


def _node(source: _Source, indent: int, depth: int) -> Any:
    line = source.peek()
    if line is None:
        return None
    if depth > DEEPEST:
        raise NotPlainYamlError(line.number, "nested too deeply")
    _refuse_special(line)
    if line.text == "-" or line.text.startswith("- "):
        return _sequence(source, indent, depth)
    if _KEY.match(line.text):
        return _mapping(source, indent, depth)
    source.take()
    return _value(line.text, line, source, indent - 1)


def _mapping(source: _Source, indent: int, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while True:
        line = source.peek()
        if line is None or line.indent < indent:
            return found
        _refuse_special(line)
        match = _KEY.match(line.text)
        if line.indent > indent or match is None:
            raise NotPlainYamlError(line.number, f"{line.text[:40]!r} is no key of this mapping")
        key = key_of(match.group("key"), line.number)
        if key in found:
            raise NotPlainYamlError(line.number, f"the key {key!r} for the second time")
        source.take()
        found[key] = _after_key(line.text[match.end() :].strip(" "), line, source, indent, depth)


def _after_key(rest: str, line: _Line, source: _Source, indent: int, depth: int) -> Any:
    if rest and not rest.startswith("#"):
        return _value(rest, line, source, indent)
    following = source.peek()
    if following is None or following.indent < indent:
        return None
    # A sequence may stand right below its key, without further indentation.
    if following.indent == indent and not (following.text == "-" or following.text.startswith("- ")):
        return None
    return _node(source, following.indent, depth + 1)


def _sequence(source: _Source, indent: int, depth: int) -> list[Any]:
    found: list[Any] = []
    while True:
        line = source.peek()
        if line is None or line.indent < indent:
            return found
        if line.indent == indent and not (line.text == "-" or line.text.startswith("- ")):
            return found
        if line.indent > indent:
            raise NotPlainYamlError(line.number, f"{line.text[:40]!r} is no item of this list")
        rest = line.text[1:].lstrip(" ")
        if not rest or rest.startswith("#"):
            source.take()
            following = source.peek()
            inner = following is not None and following.indent > indent
            found.append(_node(source, following.indent, depth + 1) if inner and following else None)
            continue
        inside = _Line(line.number, indent + len(line.text) - len(rest), rest)
        _refuse_special(inside)
        if _KEY.match(rest) or rest == "-" or rest.startswith("- "):
            # The item's first line, as if it stood in a line of its own.
            source.raw[source.at] = " " * inside.indent + rest
            found.append(_node(source, inside.indent, depth + 1))
        else:
            source.take()
            found.append(_value(rest, inside, source, indent))


def _value(text: str, line: _Line, source: _Source, indent: int) -> Any:
    """Return the value that begins in a line, below something of this indentation."""
    if text[0] in "|>":
        return _block_text(text, line, source, indent)
    if text[0] in "[{":
        value, end = flow(text, 0, line.number, 0)
    elif text[0] in "\"'":
        value, end = quoted(text, 0, line.number)
    else:
        plain = re.split(" +#", text, maxsplit=1)[0].rstrip(" ")
        following = source.peek()
        if following is not None and following.indent > indent and following.number > line.number:
            raise NotPlainYamlError(following.number, "text over several lines")
        if re.search(r":(?: |$)", plain):
            raise NotPlainYamlError(line.number, "a colon within plain text")
        return scalar(plain, line.number)
    rest = text[end:].strip(" ")
    if rest and not (rest.startswith("#") and text[end] in " \t"):
        raise NotPlainYamlError(line.number, f"{rest[:40]!r} after the end of a value")
    return value


def _block_text(text: str, line: _Line, source: _Source, indent: int) -> str:
    if not re.match(r"^[|>][-+]?(?: +#.*)?$", text):
        raise NotPlainYamlError(line.number, "a block of text with an indentation of its own")
    lines: list[str] = []
    inner: int | None = None
    while source.at < len(source.raw):
        raw = source.raw[source.at]
        own = len(raw) - len(raw.lstrip(" "))
        if raw.strip(" "):
            if inner is None and own > indent:
                inner = own
            if inner is None or own < inner:
                if own > indent:
                    raise NotPlainYamlError(source.at + 1, "text that is indented less than its first line")
                break
        lines.append(raw)
        source.at += 1
    kept = [raw[inner or 0 :] if raw.strip(" ") else "" for raw in lines]
    while kept and not kept[-1]:
        kept.pop()
    if text[0] == ">" and any(raw.startswith((" ", "\t")) or not raw for raw in kept):
        raise NotPlainYamlError(line.number, "folded text with paragraphs")
    joined = ("\n" if text[0] == "|" else " ").join(kept)
    if text[1:2] == "+":
        raise NotPlainYamlError(line.number, "a block of text that keeps its empty lines")
    return joined + ("\n" if joined and text[1:2] != "-" else "")


def _refuse_special(line: _Line) -> None:
    if line.text.startswith(("&", "*", "!", "? ", "%", "@", "`")) or line.text in ("?", "---", "..."):
        raise NotPlainYamlError(line.number, f"{line.text[:40]!r}")
    if line.text.startswith(("--- ", "<<:")):
        raise NotPlainYamlError(line.number, f"{line.text[:40]!r}")
