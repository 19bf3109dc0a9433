# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in an HTTP answer: headers that were promised, and values of a JSON body."""

from __future__ import annotations

import json
from typing import Any, Mapping

from .errors import ProfileError
from .http_exchange import Answer
from .model import OK, Reason, Scalar

_OWN_METRICS = ("response_seconds", "status", "body_bytes")


def judge_headers(
    found: Mapping[str, str], expected: Any, url: str, unexpected_state: str
) -> tuple[str, Reason | None]:
    """Tell whether the headers of an answer are those that were promised (DIY-24).

    Args:
        found: headers by their names in lower case.
        expected: names, or names with the value that each must have; null is any value.
        url: for the reason.
        unexpected_state: what a missing or different header means.

    Raises:
        ProfileError: ``expected`` is neither a list nor a dictionary.
    """
    if isinstance(expected, dict):
        wanted = {str(name): None if value is None else str(value) for name, value in expected.items()}
    elif isinstance(expected, (list, tuple)):
        wanted = dict.fromkeys([str(name) for name in expected])
    else:
        raise ProfileError(
            f"expect_headers is {expected!r}", "Write a list of names, or names with the values they must have"
        )
    missing = [name for name in wanted if name.lower() not in found]
    if missing:
        return unexpected_state, Reason("http_headers_missing", {"url": url, "headers": ", ".join(missing)})
    for name, value in wanted.items():
        seen = found[name.lower()].strip()
        if value is not None and seen.lower() != value.strip().lower():
            fields = {"url": url, "header": name, "found": short(seen), "expected": value}
            return unexpected_state, Reason("http_header_unexpected", fields)
    return OK, None


def body_values(answer: Answer, keys: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return the figures that stand at the keys of a JSON body; None for each that is not there or is no figure.

    Raises:
        ProfileError: a name is that of a metric of its own.
    """
    if not keys:
        return {}
    taken = [name for name in keys if name in _OWN_METRICS]
    if taken:
        raise ProfileError(f"values names {taken[0]!r}", "Choose another name: that metric is always there")
    try:
        body = json.loads(answer.body.decode("utf-8")) if answer.complete else None
    except (ValueError, RecursionError):
        body = None
    return {str(name): _figure(value_at(body, str(key))) for name, key in keys.items()}


def _figure(value: Any) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # JSON has no such numbers, but Python reads them.
    return value if abs(value) <= 1e300 else None


def value_at(body: Any, dotted: str) -> Any:
    """Return what stands at a key of a JSON document, dots leading into it; None when nothing does."""
    if isinstance(body, dict) and dotted in body:
        return body[dotted]
    for key in dotted.split("."):
        if isinstance(body, list) and key.isdigit() and int(key) < len(body):
            body = body[int(key)]
        elif isinstance(body, dict) and key in body:
            body = body[key]
        else:
            return None
    return body


def equal(found: Any, expected: Any) -> bool:
    """Compare as JSON does: True equals 1 in Python, but not there."""
    return isinstance(found, bool) == isinstance(expected, bool) and bool(found == expected)


def short(value: Any) -> str:
    """Return a value as it is shown in a sentence."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"
