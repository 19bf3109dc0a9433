# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a metrics database with the Prometheus query interface answers a query, and with what (SBX-10, SBX-16)."""

from __future__ import annotations

import json
import math
from typing import Any

from ..errors import CheckError
from ..http_exchange import Answer, ExpiredError, ProtocolError, RefusedError, exchange, parse_url
from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True, "description": "Where the database is, without /api/v1, http only."},
    "query": {"type": "str", "required": True, "description": "Expression to evaluate."},
    "days_ago": {"type": "float", "default": 0, "description": "Evaluate it as of so many days ago."},
    "value_unit": {"type": "str", "default": "", "description": "Unit of the value."},
    "empty_state": {
        "type": "str",
        "choices": ["ok", "warning", "critical"],
        "default": "critical",
        "description": "What an answer without any series means.",
    },
    "max_body_bytes": {"type": "int", "default": 1048576, "description": "How much of the answer to read, in bytes."},
}
METRICS = {"value": "", "series": "count", "response_seconds": "s"}
_DAY_SECONDS = 86400


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Ask once.

    Raises:
        CheckError: the database does not answer, or not with what was asked.
    """
    from urllib.parse import quote

    url = parameters["url"].rstrip("/")
    target = f"{url}/api/v1/query?query={quote(parameters['query'], safe='')}"
    if parameters["days_ago"]:
        target += f"&time={context.now - parameters['days_ago'] * _DAY_SECONDS:.0f}"
    address = parse_url(target)
    if address.scheme != "http":
        raise CheckError("http_url_invalid", url=url)
    allowed = round(context.remaining(), 1)
    deadline = context.deadline - min(0.2, context.remaining() / 10)
    try:
        answer = exchange(address, "GET", {}, deadline, None, None, parameters["max_body_bytes"])
    except ExpiredError as late:
        raise CheckError("timed_out", evidence=[f"waited for: {late.phase}"], seconds=allowed) from None
    except RefusedError as refusal:
        raise CheckError("metrics_unreachable", state=CRITICAL, url=url, error=refusal.error or refusal.cause) from None
    except (ProtocolError, OSError) as error:
        raise CheckError("metrics_unreachable", state=CRITICAL, url=url, error=str(error)) from None
    return observe(answer, parameters)


def observe(answer: Answer, parameters: dict[str, Any]) -> Observation:
    """Judge an answer; pure.

    Args:
        answer: what the database said.
        parameters: url, query, days_ago, value_unit and empty_state of the check.

    Raises:
        CheckError: ``metrics_answer_unreadable`` or ``metrics_query_failed`` (critical).
    """
    url = parameters["url"].rstrip("/")
    shown = answer.body[:1200].decode("utf-8", "replace")[:300]
    try:
        body = json.loads(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):
        body = None
    if not answer.complete:
        raise CheckError("http_body_too_large", url=url)
    if answer.status != 200 or not isinstance(body, dict) or body.get("status") != "success":
        problem = str(body.get("error") or "") if isinstance(body, dict) else ""
        fields = {"url": url, "status": answer.status, "problem": problem[:200] or shown[:100]}
        raise CheckError("metrics_query_failed", state=CRITICAL, evidence=[shown], **fields)
    data = body.get("data")
    samples = _samples(data.get("result") if isinstance(data, dict) else None)
    if samples is None:
        raise CheckError("metrics_answer_unreadable", evidence=[shown], url=url)
    state, reason = OK, None
    if not samples:
        state = parameters["empty_state"]
        fields = {"query": parameters["query"], "days": parameters["days_ago"]}
        reason = Reason("metrics_no_data", fields)
    elif body.get("isPartial") is True:
        state, reason = UNKNOWN, Reason("metrics_answer_partial", {"url": url})
    return Observation(
        value=samples[0][1] if samples else None,
        unit=parameters["value_unit"],
        state=state,
        reason=reason,
        metrics={"series": len(samples), "response_seconds": round(answer.seconds, 3)},
        evidence=[f"{name or parameters['query']}: {value}" for name, value in samples[:5]],
        source=f"{url}: {parameters['query']}",
        nothing_to_measure=not samples,
    )


def _samples(result: Any) -> list[tuple[str, float | None]] | None:
    """Return name and value of each series; a scalar has no name. None when it is not understood."""
    if not isinstance(result, list):
        return None
    if len(result) == 2 and isinstance(result[0], (int, float)):
        return [("", _number(result[1]))]
    samples = []
    for one in result:
        pair = one.get("value") if isinstance(one, dict) else None
        if not isinstance(pair, list) or len(pair) != 2:
            return None
        labels = one.get("metric")
        name = ", ".join(f"{key}={text}" for key, text in labels.items()) if isinstance(labels, dict) else ""
        samples.append((name, _number(pair[1])))
    return samples


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
