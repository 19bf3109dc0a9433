# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names a metrics database knows and a configuration does not list, and the reverse (SBX-20)."""

from __future__ import annotations

import json
from typing import Any, Sequence

from ..errors import CheckError
from ..http_exchange import ExpiredError, ProtocolError, RefusedError, exchange, parse_url
from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..models import services_in
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True, "description": "Where the database is, without /api/v1, http only."},
    "label": {"type": "str", "required": True, "description": "Label whose values are the names."},
    "selector": {"type": "str", "description": "Series selector; only names of these series."},
    "listed_in": {
        "type": "dict",
        "required": True,
        "description": "A JSON configuration that lists the names.",
        "options": {
            "file": {"type": "path", "required": True, "description": "The configuration."},
            "keys": {"type": "list", "elements": "str", "required": True, "description": "Dotted keys of its lists."},
        },
    },
    "ignore": {"type": "list", "elements": "str", "default": [], "description": "Names that need no listing."},
    "maximum_bytes": {
        "type": "int",
        "default": 1048576,
        "description": "Most that is read of the answer and of the file.",
    },
}
METRICS = {"unlisted": "count", "without_series": "count", "known": "count", "listed": "count"}
_SHOWN = 10


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Ask for the values of the label and read the configuration.

    Raises:
        CheckError: ``metrics_unreachable`` or ``metrics_query_failed`` (critical), ``metrics_answer_unreadable``,
            ``http_url_invalid``, ``http_body_too_large``, ``timed_out``; ``models_config_unreadable`` and the faults of
            a file.
    """
    listed = _listed(parameters, context)
    body, url = _answer(parameters, context)
    return observe(body, listed, url, parameters["ignore"])


def observe(body: bytes, listed: Sequence[str], url: str, ignore: Sequence[str] = ()) -> Observation:
    """Compare the names of both sides; pure.

    Args:
        body: the answer on the values of a label.
        listed: names of the configuration.
        url: names the database.
        ignore: names that need no listing.

    Raises:
        CheckError: ``metrics_answer_unreadable``.
    """
    try:
        data = json.loads(body.decode("utf-8"))
        values = data["data"]
        if data["status"] != "success" or not isinstance(values, list):
            raise ValueError("no list")
    except (ValueError, KeyError, TypeError, RecursionError):
        shown = body[:300].decode("utf-8", "replace")
        raise CheckError("metrics_answer_unreadable", evidence=[shown], url=url) from None
    known = {str(value) for value in values}
    unlisted = sorted(known - set(listed) - set(ignore))
    silent = sorted(set(listed) - known)
    state, reason = OK, None
    if not known:
        state, reason = UNKNOWN, Reason("metrics_names_none", {"url": url})
    elif unlisted:
        reason = Reason("metrics_names_unlisted", {"names": _names(unlisted)})
    elif silent:
        reason = Reason("metrics_names_silent", {"names": _names(silent)})
    return Observation(
        value=len(unlisted) if known else None,
        state=state,
        reason=reason,
        metrics={"without_series": len(silent) if known else None, "known": len(known), "listed": len(set(listed))},
        evidence=[
            *(f"metrics, but not listed: {name}" for name in unlisted[:_SHOWN]),
            *(f"listed, but no metrics: {name}" for name in silent[:_SHOWN]),
        ],
        source=url,
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name[:60] for name in names[:_SHOWN]) + more


def _listed(parameters: dict[str, Any], context: Context) -> list[str]:
    source = parameters["listed_in"]
    with context.open(source["file"]) as stream:
        text = stream.read(parameters["maximum_bytes"] + 1)
    try:
        if len(text) > parameters["maximum_bytes"]:
            raise ValueError("it is too large")
        return services_in(json.loads(text.decode("utf-8")), source["keys"])
    except (ValueError, RecursionError) as error:
        fields = {"path": source["file"], "problem": str(error)[:200]}
        raise CheckError("models_config_unreadable", **fields) from None


def _answer(parameters: dict[str, Any], context: Context) -> tuple[bytes, str]:
    from urllib.parse import quote

    url = parameters["url"].rstrip("/")
    target = f"{url}/api/v1/label/{quote(parameters['label'], safe='')}/values"
    if parameters["selector"]:
        target += f"?match[]={quote(parameters['selector'], safe='')}"
    address = parse_url(target)
    if address.scheme != "http":
        raise CheckError("http_url_invalid", url=url)
    allowed = round(context.remaining(), 1)
    deadline = context.deadline - min(0.2, context.remaining() / 10)
    try:
        answer = exchange(address, "GET", {}, deadline, None, None, parameters["maximum_bytes"])
    except ExpiredError as late:
        raise CheckError("timed_out", evidence=[f"waited for: {late.phase}"], seconds=allowed) from None
    except RefusedError as refusal:
        raise CheckError("metrics_unreachable", state=CRITICAL, url=url, error=refusal.error or refusal.cause) from None
    except (ProtocolError, OSError) as error:
        raise CheckError("metrics_unreachable", state=CRITICAL, url=url, error=str(error)) from None
    if not answer.complete:
        raise CheckError("http_body_too_large", url=url)
    if answer.status != 200:
        shown = answer.body[:200].decode("utf-8", "replace")
        fields = {"url": url, "status": answer.status, "problem": shown[:100]}
        raise CheckError("metrics_query_failed", state=CRITICAL, evidence=[shown], **fields)
    return answer.body, url
