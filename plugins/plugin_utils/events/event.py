# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of all events: which system, what has happened, and by what the same event is known again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.redact import redact

FIRING, RESOLVED = "firing", "resolved"
LEVELS = ("P1", "P2", "P3", "P4")
TEXT_CHARACTERS = 500
KEY_CHARACTERS = 200


class EventError(RunbooksError):
    """Somebody has sent what is no event, or has set a source up in a way that cannot work."""


@dataclass(frozen=True)
class Event:
    """Something that may be an incident of a system.

    Args:
        host: inventory host.
        source: ``alertmanager``, ``journal`` or ``runs``.
        status: ``firing``, or ``resolved`` when the sender says that it is over.
        key: the same whenever the same event is sent again: the idempotency key of the incident.
        group: the same for events that say the same: they are throttled together.
        what: in words.
        level: P1 to P4, or empty where the checks alone decide.
    """

    host: str
    source: str
    status: str
    key: str
    group: str
    what: str
    level: str = ""

    def wire(self) -> dict[str, Any]:
        """Return the event as the rule engine gets it; ``meta.hosts`` limits the playbook to the host."""
        incident = {
            "host": self.host,
            "source": self.source,
            "status": self.status,
            "key": harmless(self.key, KEY_CHARACTERS),
            "group": harmless(self.group, KEY_CHARACTERS),
            "what": harmless(self.what, TEXT_CHARACTERS),
            # What is over gives no level: the checks are looked at, and they decide.
            "level": self.level if self.status == FIRING else "",
        }
        return {"incident": incident, "meta": {"hosts": self.host}}


def harmless(text: str, characters: int) -> str:
    """Return text that a playbook may take as a variable, without secrets, on one line, of bounded length.

    Variables of a playbook are templates: without its braces nothing that a sender has written is evaluated.
    """
    line = " ".join(redact(text[: characters * 4].translate(_BRACES)).split())
    return line if len(line) <= characters else line[: characters - 1] + "…"


def levels_of(stated: Any, key: str) -> dict[str, str]:
    """Return a map of a sender's words to levels.

    Raises:
        EventError: names the key and what is wrong.
    """
    if not isinstance(stated, Mapping):
        raise EventError(f"{key} is {stated!r}, not a map", "Write words and levels, such as {critical: P2}.")
    return {str(word): level_of(level, f"{key}.{word}") for word, level in stated.items()}


def level_of(stated: Any, key: str) -> str:
    """Return a level, or nothing for the empty text.

    Raises:
        EventError: names the key and what is wrong.
    """
    if stated not in ("", *LEVELS):
        raise EventError(f"{key} is {stated!r}", "Levels are {} and '' (the checks decide).".format(", ".join(LEVELS)))
    return str(stated)


def number_of(arguments: Mapping[str, Any], key: str, default: float, least: float, most: float) -> float:
    """Return a number that a source was given.

    Raises:
        EventError: names the key and its limits.
    """
    stated = arguments.get(key, default)
    is_number = isinstance(stated, (int, float)) and not isinstance(stated, bool)
    if not is_number or not least <= stated <= most:
        raise EventError(f"{key} is {stated!r}", f"It is a number from {least:g} to {most:g}.")
    return float(stated)


def refuse_unknown(arguments: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse arguments that a source does not have: a misspelt one would silently do nothing.

    Raises:
        EventError: names the arguments.
    """
    # The rule engine adds what it needs itself.
    unknown = sorted(set(arguments) - set(known) - {"eda_feedback_queue"})
    if unknown:
        raise EventError("there is no argument " + ", ".join(unknown), "Arguments: " + ", ".join(known) + ".")


_BRACES = str.maketrans("{}", "()")
#: What may be the name of an inventory host: nothing that Ansible reads as a pattern.
HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
