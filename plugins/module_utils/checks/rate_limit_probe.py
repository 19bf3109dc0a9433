# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a rate limit takes effect (DIY-25).

It sends requests until it is refused: a profile asks for it where it wants that, and only against the system itself.
"""

from __future__ import annotations

from typing import Any, Mapping

from ..errors import CheckError, ProfileError
from ..http_exchange import Address, ExpiredError, ProtocolError, RefusedError, exchange, parse_url
from ..model import CRITICAL, OK, UNKNOWN, WARNING, Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True, "description": "What to ask for, on this host or one of own_hosts."},
    "own_hosts": {
        "type": "list",
        "elements": "str",
        "default": [],
        "description": "Names of the system itself; besides them only the loopback address is asked.",
    },
    "maximum_requests": {"type": "int", "default": 120, "description": "Most requests to send, at most 1000."},
    "headers": {
        "type": "dict",
        "default": {},
        "description": "Further request headers, such as the one that tells the clients apart: the probe then uses up "
        "its own limit and nobody else's.",
    },
    "limited_status": {"type": "int", "default": 429, "description": "Status code that refuses a request."},
}
METRICS = {"requests_until_limited": "count", "requests_sent": "count"}
_MOST_REQUESTS = 1000
_LOOPBACK = ("localhost", "::1")


def look(parameters: Mapping[str, Any], context: Context) -> Observation:
    """Ask until it is refused, until the most requests are sent, or until the time is up.

    Raises:
        CheckError: ``probe_host_foreign``, ``http_refused`` and the others of an application that does not answer.
        ProfileError: ``maximum_requests`` is out of bounds.
    """
    most = parameters["maximum_requests"]
    if not 1 <= most <= _MOST_REQUESTS:
        raise ProfileError(f"maximum_requests is {most}", f"Write a number from 1 to {_MOST_REQUESTS}")
    address = parse_url(parameters["url"])
    if not is_own(address.host, parameters["own_hosts"]):
        raise CheckError("probe_host_foreign", host=address.host)
    return observe(_ask(address, parameters, context), parameters)


def is_own(host: str, own_hosts: list[str]) -> bool:
    """Tell whether a host may be asked many times: the loopback address, or a name that the profile calls its own."""
    octets = host.split(".")
    loopback = len(octets) == 4 and octets[0] == "127" and all(part.isdigit() and int(part) < 256 for part in octets)
    return loopback or host in _LOOPBACK or host in [name.lower() for name in own_hosts]


def _ask(address: Address, parameters: Mapping[str, Any], context: Context) -> list[int]:
    headers = {str(name): str(value) for name, value in parameters["headers"].items()}
    tls = None
    if address.scheme == "https":
        import ssl

        tls = ssl.create_default_context()
    # Early enough to say how far it got, before the engine speaks for the check.
    deadline = context.deadline - min(0.5, context.remaining() / 10)
    statuses: list[int] = []
    while len(statuses) < parameters["maximum_requests"]:
        try:
            answer = exchange(address, "GET", headers, deadline, None, tls, 4096)
        except ExpiredError:
            return statuses
        except RefusedError as refusal:
            fields = {"url": parameters["url"], "error": refusal.error}
            raise CheckError("http_refused", state=CRITICAL, **fields) from None
        except (ProtocolError, OSError) as error:
            raise CheckError("http_no_http", state=CRITICAL, url=parameters["url"], error=str(error)) from None
        statuses.append(answer.status)
        if answer.status == parameters["limited_status"]:
            break
    return statuses


def observe(statuses: list[int], parameters: Mapping[str, Any]) -> Observation:
    """Judge the answers; pure.

    Args:
        statuses: status codes in the order of the requests.
        parameters: url, limited_status and maximum_requests of the check.
    """
    limited = bool(statuses) and statuses[-1] == parameters["limited_status"]
    fields = {"url": parameters["url"], "requests": len(statuses), "maximum": parameters["maximum_requests"]}
    state, reason = OK, None
    if not limited and len(statuses) < parameters["maximum_requests"]:
        state, reason = UNKNOWN, Reason("probe_not_finished", fields)
    elif not limited:
        state, reason = WARNING, Reason("rate_limit_absent", fields)
    seen = ", ".join(f"{statuses.count(status)} x {status}" for status in sorted(set(statuses)))
    return Observation(
        value=len(statuses) if limited else None,
        unit="count",
        state=state,
        reason=reason,
        metrics={"requests_until_limited": len(statuses) if limited else None, "requests_sent": len(statuses)},
        evidence=[f"{len(statuses)} requests: {seen}"] if statuses else [],
        source=parameters["url"],
    )
