# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A functional test: requests one after the other, each using what the answers before it said (EST-30)."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .connection import ExpiredError, RefusedError
from .errors import ProfileError, RunbooksError
from .http_content import value_at
from .http_exchange import Answer, ProtocolError, exchange, parse_url

STEP_KEYS = (
    "name",
    "method",
    "path",
    "json",
    "form",
    "expect_status",
    "expect_body",
    "minimum_bytes",
    "keep",
    "always",
)
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_BOUNDARY = "aiops-runbooks-form-boundary"
_SHOWN_CHARACTERS = 300
_BODY_BYTES = 8 << 20


@dataclass(frozen=True)
class Done:
    """One step that went as expected.

    Args:
        name: of the step.
        status: of its answer.
        seconds: until the answer was read.
        bytes: length of the answer's body.
    """

    name: str
    status: int
    seconds: float
    bytes: int


class SequenceError(RunbooksError):
    """A step that did not go as expected: names the step, what was asked and what came."""


def checked_steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the steps, with what is left out filled in.

    Raises:
        ProfileError: a step without a path, with a key that no step has, or with a placeholder that no step before it
            keeps.
    """
    known: set[str] = set()
    checked = []
    for number, step in enumerate(steps, 1):
        where = "Step {} ({})".format(number, step.get("name") or step.get("path") or "without a name")
        for key in step:
            if key not in STEP_KEYS:
                raise ProfileError(f"{where} has no key {key}", "Keys: {}".format(", ".join(STEP_KEYS)))
        if not step.get("path"):
            raise ProfileError(f"{where} has no path")
        used = set(_PLACEHOLDER.findall(str(step["path"])))
        if not used <= known:
            raise ProfileError(
                "{} uses {}, which no step before it keeps".format(where, ", ".join(sorted(used - known))),
                "Kept so far: {}".format(", ".join(sorted(known)) or "nothing"),
            )
        known |= set(step.get("keep") or {})
        method = step.get("method") or ("POST" if "json" in step or "form" in step else "GET")
        expected = step.get("expect_status") or [200, 201, 202, 204]
        checked.append({**step, "name": step.get("name") or step["path"], "method": method, "expect_status": expected})
    return checked


def run_steps(
    base_url: str, steps: Sequence[Mapping[str, Any]], headers: Mapping[str, str], timeout_seconds: float
) -> list[Done]:
    """Send the requests, and after a failure those that happen in any case.

    Args:
        base_url: scheme, host and port.
        steps: what ``checked_steps`` returned.
        headers: of every request.
        timeout_seconds: for each request.

    Raises:
        SequenceError: the first step that did not go as expected.
    """
    kept: dict[str, str] = {}
    done: list[Done] = []
    failure: SequenceError | None = None
    for step in steps:
        # What cleans up cannot, when the step that made something to clean up never came so far.
        if failure is not None and (not step.get("always") or not _filled(step, kept)):
            continue
        try:
            done.append(_run_step(base_url, step, headers, timeout_seconds, kept))
        except SequenceError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return done


def _filled(step: Mapping[str, Any], kept: Mapping[str, str]) -> bool:
    return set(_PLACEHOLDER.findall(str(step["path"]))) <= set(kept)


def _run_step(
    base_url: str, step: Mapping[str, Any], headers: Mapping[str, str], timeout_seconds: float, kept: dict[str, str]
) -> Done:
    url = base_url.rstrip("/") + fill(step["path"], kept)
    body, content_type = body_of(step, kept)
    sent = {**headers, **({"Content-Type": content_type} if content_type else {})}
    where = "{} ({} {})".format(step["name"], step["method"], url)
    try:
        answer = exchange(
            parse_url(url),
            step["method"],
            sent,
            time.monotonic() + timeout_seconds,
            tls=_tls() if url.startswith("https:") else None,
            body_bytes=_BODY_BYTES,
            body=body,
        )
    except ExpiredError as error:
        raise SequenceError(f"{where}: no answer within {timeout_seconds:g} seconds ({error.phase})") from None
    except (RefusedError, ProtocolError, OSError) as error:
        raise SequenceError(f"{where}: {error}") from None
    fault = fault_of(step, answer)
    if fault:
        raise SequenceError(f"{where}: {fault}")
    said = _document(answer)
    for name, key in (step.get("keep") or {}).items():
        value = value_at(said, key)
        if value is None or isinstance(value, (dict, list)):
            raise SequenceError(f"{where}: the answer has no value at {key}")
        kept[name] = str(value)
    return Done(step["name"], answer.status, round(answer.seconds, 3), len(answer.body))


def fault_of(step: Mapping[str, Any], answer: Answer) -> str | None:
    """Return how an answer differs from what a step expects; None when it does not.

    Args:
        step: with ``expect_status``, ``expect_body`` and ``minimum_bytes``.
        answer: what came.
    """
    shown = " ".join(answer.body[:_SHOWN_CHARACTERS].decode("utf-8", "replace").split())
    if answer.status not in [int(status) for status in step["expect_status"]]:
        return f"status {answer.status}: {shown}"
    if len(answer.body) < (step.get("minimum_bytes") or 0):
        return f"{len(answer.body)} bytes, at least {step['minimum_bytes']} expected"
    expected = step.get("expect_body") or {}
    said = _document(answer) if expected else None
    for key, value in expected.items():
        found = value_at(said, key)
        allowed = value if isinstance(value, list) else [value]
        if found not in allowed:
            return f"{key} is {found!r}, {value!r} expected: {shown}"
    return None


def fill(value: Any, kept: Mapping[str, str]) -> Any:
    """Put what was kept in the place of ``{name}``, in texts at any depth; other braces stay."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: kept.get(match.group(1), match.group(0)), value)
    if isinstance(value, dict):
        return {key: fill(item, kept) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(item, kept) for item in value]
    return value


def body_of(step: Mapping[str, Any], kept: Mapping[str, str]) -> tuple[bytes | None, str | None]:
    """Return what a step sends and its content type: a JSON document, or a form with one part for each field."""
    if step.get("form") is not None:
        parts = [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fill(str(value), kept)}\r\n'
            for name, value in step["form"].items()
        ]
        return ("".join(parts) + f"--{_BOUNDARY}--\r\n").encode(), f"multipart/form-data; boundary={_BOUNDARY}"
    if step.get("json") is not None:
        return json.dumps(fill(step["json"], kept), ensure_ascii=False).encode(), "application/json"
    return (b"", None) if step["method"] in ("POST", "PUT", "PATCH") else (None, None)


def _document(answer: Answer) -> Any:
    try:
        return json.loads(answer.body.decode("utf-8")) if answer.complete else None
    except (ValueError, RecursionError):
        return None


def _tls() -> Any:
    import ssl

    return ssl.create_default_context()
