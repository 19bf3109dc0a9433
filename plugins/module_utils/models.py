# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services have a trained model, and how old it is; from what training wrote beside the models (SBX-17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Sequence

DAY_SECONDS = 86400.0
#: A training that ended later than now has been timed by another clock or zone.
FUTURE_TOLERANCE_SECONDS = 3600.0


@dataclass(frozen=True)
class Model:
    """One trained model.

    Args:
        service: whose model it is.
        path: the metadata that was read.
        trained: seconds since the epoch; None when the metadata does not say.
        problem: why it does not say.
    """

    service: str
    path: str
    trained: float | None
    problem: str = ""


@dataclass(frozen=True)
class ServiceModels:
    """The models of one service; ages in days, None where nothing could be read."""

    service: str
    models: int
    unreadable: int
    oldest_age_days: float | None
    newest_age_days: float | None
    future: int


def dotted(data: Any, key: str) -> Any:
    """Return what a dotted key leads to in nested mappings; None when it leads nowhere."""
    for part in key.split("."):
        if not isinstance(data, dict) or part not in data:
            return None
        data = data[part]
    return data


def services_in(data: Any, keys: Iterable[str]) -> list[str]:
    """Return the names that lists (or the keys of mappings) of a configuration hold, each once, in their order.

    Args:
        data: the parsed configuration.
        keys: dotted keys; one that is not there is passed over, since categories come and go.
    """
    names: dict[str, None] = {}
    for key in keys:
        found = dotted(data, key)
        if isinstance(found, (list, dict)):
            names.update((str(name), None) for name in found if isinstance(name, (str, int)))
    return list(names)


def owner(candidates: Sequence[str]) -> str:
    """Return whose model a file is, of the services whose pattern it fits: the longest name is the closest."""
    return max(candidates, key=len)


def by_service(services: Sequence[str], models: Sequence[Model], now: float) -> list[ServiceModels]:
    """Sum up the models of each service.

    Args:
        services: all that should have a model.
        models: all that were found.
        now: seconds since the epoch.
    """
    summaries = []
    for service in services:
        own = [model for model in models if model.service == service]
        times = [model.trained for model in own if model.trained is not None]
        ages = [max(0.0, (now - trained) / DAY_SECONDS) for trained in times]
        summaries.append(
            ServiceModels(
                service=service,
                models=len(own),
                unreadable=len(own) - len(times),
                oldest_age_days=round(max(ages), 3) if ages else None,
                newest_age_days=round(min(ages), 3) if ages else None,
                future=sum(trained > now + FUTURE_TOLERANCE_SECONDS for trained in times),
            )
        )
    return summaries
