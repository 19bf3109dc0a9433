# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which systems events are about. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .event import HOST, EventError


@dataclass(frozen=True)
class System:
    """A system that events may be about.

    Args:
        host: inventory host.
        labels: an alert with all of these labels is about it.
        fields: a journal entry with all of these fields is about it.
    """

    host: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]


def systems_of(stated: Any) -> list[System]:
    """Return the systems that a source was given.

    Args:
        stated: a list of maps with ``host`` and, where they differ from the host's name, ``labels`` and ``fields``.

    Raises:
        EventError: names the entry and what is wrong with it.
    """
    if not isinstance(stated, Sequence) or isinstance(stated, str) or not stated:
        raise EventError(f"systems is {stated!r}", "Write a list of systems, each with its inventory `host`.")
    found = [_system(each, number) for number, each in enumerate(stated)]
    names = [each.host for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise EventError(f"systems has {twice} twice", "Remove one of the two.")
    return found


def with_labels(systems: Sequence[System], labels: Mapping[str, str]) -> list[System]:
    """Return the systems that an alert is about: two systems of one machine may have the same label."""
    return [each for each in systems if each.labels.items() <= labels.items()]


def with_fields(systems: Sequence[System], fields: Mapping[str, Any]) -> list[System]:
    """Return the systems that a journal entry is about."""
    return [each for each in systems if all(fields.get(name) == value for name, value in each.fields.items())]


def _system(stated: Any, number: int) -> System:
    where = f"systems[{number}]"
    if not isinstance(stated, Mapping):
        raise EventError(f"{where} is {stated!r}, not a map", "Write `- host: NAME`.")
    unknown = sorted(set(stated) - {"host", "labels", "fields"})
    if unknown:
        raise EventError(f"{where} has {', '.join(unknown)}", "Keys are host, labels and fields.")
    host = stated.get("host")
    if not isinstance(host, str) or not HOST.fullmatch(host):
        raise EventError(f"{where}.host is {host!r}", "Write the name of one inventory host; patterns are refused.")
    return System(
        host=host,
        labels=_texts(stated.get("labels", {"host": host}), f"{where}.labels"),
        fields=_texts(stated.get("fields", {"_HOSTNAME": host}), f"{where}.fields"),
    )


def _texts(stated: Any, where: str) -> Mapping[str, str]:
    is_map = isinstance(stated, Mapping) and stated
    if not is_map or not all(isinstance(part, str) for pair in stated.items() for part in pair):
        raise EventError(f"{where} is {stated!r}", "Write at least one name with its text, such as {host: wiki-1}.")
    return dict(stated)
