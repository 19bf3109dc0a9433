# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an application answers over HTTP, and says that it is well (EST-02, DIY-03)."""

from __future__ import annotations

import json
from typing import Any

from ..errors import CheckError, ProfileError
from ..http_content import body_values, equal, judge_headers, short, value_at
from ..http_exchange import Address, Answer, ExpiredError, ProtocolError, RefusedError, exchange, join_url, parse_url
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason
from ..probe import Context

PARAMETERS = {
    "url": {"type": "str", "required": True, "description": "What to ask for, http or https, without a password."},
    "method": {"type": "str", "default": "GET", "choices": ["GET", "HEAD", "OPTIONS"], "description": "HTTP method."},
    "expect_status": {
        "type": "list",
        "elements": "int",
        "default": [200],
        "description": "Status codes that are right.",
    },
    "expect_body": {
        "type": "dict",
        "description": "Keys of the JSON answer (dots lead into it) and the value each must have, or a list of them.",
    },
    "unexpected_body_state": {
        "type": "str",
        "default": "critical",
        "choices": ["warning", "critical"],
        "description": "What another value than the expected one means: a shortcoming or an outage.",
    },
    "expect_text": {"type": "str", "description": "Text that the body must contain."},
    "expect_headers": {
        "type": "raw",
        "description": "Response headers that must be there: a list of names, or names with the value each must have.",
    },
    "unexpected_headers_state": {
        "type": "str",
        "default": "warning",
        "choices": ["warning", "critical"],
        "description": "What a missing or different header means.",
    },
    "values": {
        "type": "dict",
        "default": {},
        "description": "Figures to read from the JSON answer: a metric's name and its key (dots lead into it).",
    },
    "value_metric": {
        "type": "str",
        "default": "response_seconds",
        "description": "Metric that is the result's value: one of values, or response_seconds.",
    },
    "value_unit": {"type": "str", "description": "Unit of that value."},
    "username": {"type": "str", "description": "User for basic authentication."},
    "password": {"type": "str", "no_log": True, "description": "Password for basic authentication; never shown."},
    "headers": {"type": "dict", "description": "Further request headers; their values are never shown."},
    "ca_file": {"type": "path", "description": "Certificates to trust instead of the host's own."},
    "verify_tls": {"type": "bool", "default": True, "description": "Whether the certificate must be trusted."},
    "follow_redirects": {
        "type": "bool",
        "default": False,
        "description": "Whether to go where a redirect leads, credentials only to the same origin.",
    },
    "address": {"type": "str", "description": "Connect to this host or address instead of the URL's."},
    "max_body_bytes": {"type": "int", "default": 65536, "description": "How much of the body to read, in bytes."},
    "no_answer_state": {
        "type": "str",
        "default": "unknown",
        "choices": ["unknown", "critical"],
        "description": "What it means that a connection is taken but not answered in time. Unknown, because it may be "
        "the check that is slow; critical where the runbook says so (EST-02).",
    },
}
METRICS = {"response_seconds": "s", "status": "", "body_bytes": "B"}
#: The parameter values adds metrics of its own.
OPEN_METRICS = True
_REFUSALS = {"refused": "http_refused", "unreachable": "http_unreachable", "name": "http_name_unresolved"}
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_SHOWN_CHARACTERS = 300


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Ask once and judge the answer."""
    allowed = round(context.remaining(), 1)
    # Early enough to say what was waited for, and what that means here, before the engine speaks for the check.
    deadline = context.deadline - min(0.2, context.remaining() / 10)
    address = parse_url(parameters["url"])
    try:
        answer, hops = _ask(address, parameters, deadline)
    except ExpiredError as late:
        if parameters["no_answer_state"] == CRITICAL:
            fields = {"url": parameters["url"], "seconds": allowed, "phase": late.phase}
            raise CheckError("http_no_answer", state=CRITICAL, **fields) from None
        raise CheckError("timed_out", evidence=[f"waited for: {late.phase}"], seconds=allowed) from None
    except RefusedError as refusal:
        # Only a refusal says something about the application; the others say that nobody could ask it.
        state = CRITICAL if refusal.cause == "refused" else UNKNOWN
        raise CheckError(_REFUSALS[refusal.cause], state=state, url=parameters["url"], error=refusal.error) from None
    except ProtocolError as error:
        raise CheckError("http_no_http", state=CRITICAL, url=parameters["url"], error=str(error)) from None
    except OSError as error:
        raise _tls_fault(parameters["url"], error) from None
    seen = observe(answer, parameters, hops)
    return Observation(**dict(seen.__dict__, evidence=_without_secrets(seen.evidence, parameters)))


def _ask(address: Address, parameters: dict[str, Any], deadline: float) -> tuple[Answer, list[str]]:
    """Return the last answer and where each redirect led."""
    own = {str(name): str(value) for name, value in (parameters.get("headers") or {}).items()}
    if parameters.get("username") is not None:
        own["Authorization"] = "Basic " + _basic(parameters)
    origin, headers, spent = address.origin, own, 0.0
    hops: list[str] = []
    while True:
        tls = _tls_context(parameters) if address.scheme == "https" else None
        connect_to = parameters.get("address") if address.origin == origin else None
        answer = exchange(
            address, parameters["method"], headers, deadline, connect_to, tls, parameters["max_body_bytes"]
        )
        spent += answer.seconds
        location = answer.headers.get("location")
        last = not parameters["follow_redirects"] or answer.status not in _REDIRECTS or not location
        if last or len(hops) == _MOST_REDIRECTS:
            return Answer(**dict(answer.__dict__, seconds=spent)), hops
        hops.append(f"{answer.status} to {location}")
        address = parse_url(join_url(address, str(location)))
        headers = own if address.origin == origin else {}


def observe(answer: Answer, parameters: dict[str, Any], hops: list[str]) -> Observation:
    """Judge an answer.

    Args:
        answer: what the server said.
        parameters: those of the check.
        hops: redirects that were followed.

    Raises:
        ProfileError: ``value_metric`` or a name in ``values`` cannot be used.
    """
    state, reason = _judge(answer, parameters)
    if reason is None:
        state, reason = judge_headers(
            answer.headers,
            parameters.get("expect_headers") or (),
            parameters["url"],
            parameters.get("unexpected_headers_state") or WARNING,
        )
    figures = body_values(answer, parameters.get("values") or {})
    absent = sorted(name for name, figure in figures.items() if figure is None)
    if reason is None and absent:
        state, reason = UNKNOWN, Reason("http_value_missing", {"url": parameters["url"], "values": ", ".join(absent)})
    chosen = parameters.get("value_metric") or "response_seconds"
    seconds = round(answer.seconds, 3)
    if chosen != "response_seconds" and chosen not in figures:
        choices = ", ".join(["response_seconds", *figures])
        raise ProfileError(f"value_metric is {chosen!r}", f"Choices: {choices}")
    evidence = [f"{parameters['method']} {parameters['url']}: {answer.status} in {answer.seconds:.3f} s", *hops]
    evidence += [f"{name}: {figure}" for name, figure in figures.items()]
    if reason is not None and answer.body:
        evidence.append(answer.body[: _SHOWN_CHARACTERS * 4].decode("utf-8", "replace")[:_SHOWN_CHARACTERS])
    return Observation(
        value=seconds if chosen == "response_seconds" else figures[chosen],
        unit=parameters.get("value_unit") or ("s" if chosen == "response_seconds" else ""),
        state=state,
        reason=reason,
        metrics={"response_seconds": seconds, "status": answer.status, "body_bytes": len(answer.body), **figures},
        evidence=evidence,
        source=parameters["url"],
    )


def _judge(answer: Answer, parameters: dict[str, Any]) -> tuple[str, Reason | None]:
    expected = parameters["expect_status"]
    url = parameters["url"]
    if answer.status not in expected:
        if answer.status == 429:
            # It may be the checks themselves that use up the limit: the application has not said that it is ill.
            retry = answer.headers.get("retry-after", "")
            return UNKNOWN, Reason(
                "http_rate_limited", {"url": url, "retry_after": int(retry) if retry.isdigit() else None}
            )
        if answer.status in _REDIRECTS:
            location = answer.headers.get("location", "")
            return CRITICAL, Reason("http_redirected", {"url": url, "status": answer.status, "location": location})
        wanted = ", ".join(str(status) for status in expected)
        return CRITICAL, Reason("http_status_unexpected", {"url": url, "status": answer.status, "expected": wanted})
    text = parameters.get("expect_text")
    if text is not None and text.encode("utf-8") not in answer.body:
        return CRITICAL, Reason("http_text_missing", {"url": url, "text": text})
    expected_body = parameters.get("expect_body") or {}
    return _judge_body(answer, expected_body, url, parameters.get("unexpected_body_state") or CRITICAL)


def _judge_body(answer: Answer, expected: dict[str, Any], url: str, unexpected: str) -> tuple[str, Reason | None]:
    if not expected:
        return OK, None
    if not answer.complete:
        return UNKNOWN, Reason("http_body_too_large", {"url": url})
    try:
        body = json.loads(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return CRITICAL, Reason("http_body_not_json", {"url": url})
    for key, accepted in expected.items():
        found = value_at(body, str(key))
        if not any(equal(found, one) for one in (accepted if isinstance(accepted, list) else [accepted])):
            wanted = ", ".join(short(one) for one in accepted) if isinstance(accepted, list) else short(accepted)
            fields = {"url": url, "key": str(key), "found": short(found), "expected": wanted}
            return unexpected, Reason("http_body_unexpected", fields)
    return OK, None


def _basic(parameters: dict[str, Any]) -> str:
    import binascii

    pair = f"{parameters['username']}:{parameters.get('password') or ''}"
    return binascii.b2a_base64(pair.encode("utf-8"), newline=False).decode("ascii")


def _tls_context(parameters: dict[str, Any]) -> Any:
    import ssl

    try:
        context = ssl.create_default_context(cafile=parameters.get("ca_file"))
    except OSError as error:
        raise CheckError("http_ca_file_unusable", path=parameters.get("ca_file"), error=str(error)) from None
    # Python 3.13 refuses authorities that every other client takes; one server must not be judged by the host's Python.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not parameters["verify_tls"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _tls_fault(url: str, error: OSError) -> CheckError:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return CheckError("http_tls_untrusted", state=CRITICAL, url=url, error=error.verify_message)
    if isinstance(error, ssl.SSLError):
        return CheckError("http_tls_failed", state=CRITICAL, url=url, error=error.reason or str(error))
    return CheckError("http_unreachable", url=url, error=str(error))


def _without_secrets(lines: list[str], parameters: dict[str, Any]) -> list[str]:
    """Take the check's own credentials out of lines that a server may have echoed them into."""
    secrets = [str(value) for value in (parameters.get("headers") or {}).values()]
    if parameters.get("password"):
        secrets += [parameters["password"], _basic(parameters)]
    for secret in secrets:
        if len(secret) >= 3:
            lines = [line.replace(secret, "********") for line in lines]
    return lines
