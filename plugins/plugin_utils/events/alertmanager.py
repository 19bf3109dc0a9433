# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Alertmanager sends to a webhook (its version 4), as events: one for each system that it is about. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .event import FIRING, LEVELS, RESOLVED, Event, EventError
from .systems import System, with_labels

VERSION = "4"
ARGUMENTS = (
    "systems", "token", "port", "address", "certfile", "keyfile", "levels", "severity_label", "path",
)  # fmt: skip
#: What a site's severities mean unless it says otherwise; a severity that is not here gives no level.
SEVERITIES: Mapping[str, str] = {"critical": "P2", "warning": "P3"}
ALERTS_AT_MOST = 1000
ALERTS_NAMED = 3
#: An alert that fires is repeated, every four hours by default: one that was not is taken for over.
FORGOTTEN_SECONDS = 24 * 3600.0
_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.:Z+-]{1,20}")


@dataclass(frozen=True)
class Alert:
    """One alert of a notification.

    Args:
        fingerprint: names the alert, whatever group it comes in.
        status: ``firing`` or ``resolved``.
        started: when it began to fire, as it was written: with the fingerprint it names this time of firing.
        labels, annotations: as they are.
    """

    fingerprint: str
    status: str
    started: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass
class Known:
    """What a source remembers: when it last heard that an alert of a host fires, over all groups."""

    firing: dict[str, dict[str, float]] = field(default_factory=dict)

    def hear(self, host: str, alerts: Sequence[Alert], now: float) -> bool:
        """Take what a notification says of a host, and tell whether an alert of it still fires."""
        still = self.firing.setdefault(host, {})
        for alert in alerts:
            if alert.status == FIRING:
                still[alert.fingerprint] = now
            else:
                still.pop(alert.fingerprint, None)
        for fingerprint in [name for name, heard in still.items() if now - heard > FORGOTTEN_SECONDS]:
            del still[fingerprint]
        return bool(still)


def alerts_of(body: bytes) -> list[Alert]:
    """Return the alerts of a notification.

    Raises:
        EventError: names the key and what is wrong with it.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise EventError("the body is no JSON", "Send what Alertmanager's webhook_configs sends.") from None
    if not isinstance(payload, dict):
        raise EventError("the body is no JSON object", "Send what Alertmanager's webhook_configs sends.")
    if payload.get("version") != VERSION:
        raise EventError(
            "version is {}".format(_shown(payload.get("version"))), f'Alertmanager\'s "{VERSION}" is understood.'
        )
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        raise EventError(f"alerts is {_shown(alerts)}, not a list")
    if len(alerts) > ALERTS_AT_MOST:
        raise EventError(f"{len(alerts)} alerts in one notification", f"Set max_alerts to at most {ALERTS_AT_MOST}.")
    return [_alert(each, f"alerts[{number}]") for number, each in enumerate(alerts)]


def events_of(
    alerts: Sequence[Alert],
    systems: Sequence[System],
    known: Known,
    now: float,
    severities: Mapping[str, str] | None = None,
    severity_label: str = "severity",
) -> tuple[list[Event], list[Alert]]:
    """Return an event for each system that the alerts are about, and the alerts that are about none.

    Alerts that still fire make one event together: its level is the worst. Only when no alert of a system fires any
    more, in any group, is there an event that it is over.

    Args:
        alerts: of one notification.
        systems: those that are looked after.
        known: what still fires; brought up to date.
        now: a clock that only goes forward, in seconds.
        severities: levels by the value of the severity's label; without it those of `SEVERITIES`.
        severity_label: name of that label.
    """
    by_host: dict[str, list[Alert]] = {}
    strange = []
    for alert in alerts:
        about = with_labels(systems, alert.labels)
        for system in about:
            by_host.setdefault(system.host, []).append(alert)
        if not about:
            strange.append(alert)
    events = []
    for host, own in by_host.items():
        still = known.hear(host, own, now)
        firing = [each for each in own if each.status == FIRING]
        if firing or not still:
            events.append(_event(host, firing or own, SEVERITIES if severities is None else severities, severity_label))
    return events, strange


def _event(host: str, alerts: Sequence[Alert], severities: Mapping[str, str], severity_label: str) -> Event:
    status = alerts[0].status
    names = sorted(f"{each.fingerprint}/{each.started}" for each in alerts)
    joined = names[0] if len(names) == 1 else hashlib.sha256(" ".join(names).encode()).hexdigest()[:32]
    key = f"alertmanager/{joined}" + ("" if status == FIRING else "/resolved")
    levels = [severities.get(each.labels.get(severity_label, ""), "") for each in alerts]
    named = [_words(each) for each in alerts[:ALERTS_NAMED]]
    more = len(alerts) - len(named)
    return Event(
        host=host,
        source="alertmanager",
        status=status,
        key=key,
        group=key,
        what="Alertmanager: " + "; ".join(named) + (f"; and {more} more" if more else ""),
        level=min(filter(None, levels), key=LEVELS.index, default=""),
    )


def _words(alert: Alert) -> str:
    name = alert.labels.get("alertname", alert.fingerprint)
    said = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    return f"{name}: {said[:200]}" if said else name


def _alert(stated: Any, where: str) -> Alert:
    if not isinstance(stated, dict):
        raise EventError(f"{where} is {_shown(stated)}, not an object")
    texts = {}
    for key, pattern in (("fingerprint", _FINGERPRINT), ("startsAt", _MOMENT), ("status", _STATUS)):
        value = stated.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise EventError(f"{where}.{key} is {_shown(value)}")
        texts[key] = value
    for key in ("labels", "annotations"):
        values = stated.get(key)
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise EventError(f"{where}.{key} is {_shown(values)}, not an object of texts")
    return Alert(
        fingerprint=texts["fingerprint"],
        status=texts["status"],
        started=texts["startsAt"],
        labels=stated["labels"],
        annotations=stated["annotations"],
    )


_STATUS = re.compile(f"{FIRING}|{RESOLVED}")


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:80]
