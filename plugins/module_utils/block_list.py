# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of security events, ranked, and a block list that expires by itself (DIY-06). Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Sequence

TABLE = "aiops_block"
_SETS = ((4, "blocked4", "ipv4_addr", "ip"), (6, "blocked6", "ipv6_addr", "ip6"))


@dataclass(frozen=True)
class Source:
    """Where events came from.

    Args:
        source: as the log names it.
        count: how many events.
        events: how many of each kind.
        blocked: whether it would be blocked.
        why_not: why it would not be.
    """

    source: str
    count: int
    events: dict[str, int]
    blocked: bool
    why_not: str = ""


def ranked(events: Iterable[tuple[str, str]], at_least: int, never: Sequence[str]) -> list[Source]:
    """Return the sources, those with the most events first.

    Args:
        events: source and kind of each event.
        at_least: events that make a source one to block.
        never: networks whose addresses are never blocked.

    Raises:
        ValueError: a network in ``never`` is none.
    """
    import ipaddress

    networks = [ipaddress.ip_network(each, strict=False) for each in never]
    kinds: dict[str, Counter[str]] = {}
    for source, kind in events:
        kinds.setdefault(source, Counter())[kind] += 1
    sources = []
    for source, counted in kinds.items():
        count = sum(counted.values())
        why_not = _why_not(source, count, at_least, networks)
        sources.append(Source(source, count, dict(sorted(counted.items())), not why_not, why_not))
    return sorted(sources, key=lambda each: (-each.count, each.source))


def addresses_to_block(sources: Iterable[Source]) -> list[str]:
    """Return the addresses that are to be blocked, in their usual form."""
    import ipaddress

    return [str(ipaddress.ip_address(each.source)) for each in sources if each.blocked]


def nft_base() -> str:
    """Return the table that holds the blocked addresses: elements of its sets end by themselves."""
    lines = [f"add table inet {TABLE}"]
    for _version, name, kind, _word in _SETS:
        lines.append(f"add set inet {TABLE} {name} {{ type {kind}; flags timeout; }}")
    lines.append(f"add chain inet {TABLE} input {{ type filter hook input priority -10; policy accept; }}")
    return "\n".join(lines) + "\n"


def nft_rules() -> str:
    """Return the rules of the chain; only for one that is empty."""
    return "".join(f"add rule inet {TABLE} input {word} saddr @{name} drop\n" for _version, name, _kind, word in _SETS)


def nft_elements(addresses: Iterable[str], minutes: int) -> str:
    """Return the commands that block addresses for some minutes."""
    import ipaddress

    lines = []
    for address in addresses:
        version = ipaddress.ip_address(address).version
        name = next(name for number, name, _kind, _word in _SETS if number == version)
        lines.append(f"add element inet {TABLE} {name} {{ {address} timeout {minutes}m }}")
    return "\n".join(lines) + "\n" if lines else ""


def apache_rules(addresses: Iterable[str]) -> str:
    """Return the same as rules for Apache, for a person who would rather use those; they do not end by themselves."""
    denied = "".join(f"    Require not ip {address}\n" for address in addresses)
    return f"<RequireAll>\n    Require all granted\n{denied}</RequireAll>\n" if denied else ""


def _why_not(source: str, count: int, at_least: int, networks: Sequence[Any]) -> str:
    import ipaddress

    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return "no address"
    if any(address.version == network.version and address in network for network in networks):
        return "never blocked"
    return "" if count >= at_least else f"fewer than {at_least} events"
