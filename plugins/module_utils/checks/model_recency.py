# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind ``model_recency``: does every configured service have a model, and how old is the oldest (SBX-17)?"""

from __future__ import annotations

import os
from typing import Any, Sequence

from ..errors import CheckError
from ..file_tree import expand
from ..logs.timestamps import TimestampReader
from ..model import CRITICAL, OK, UNKNOWN, Observation, Reason
from ..models import Model, ServiceModels, by_service, dotted, owner, services_in
from ..probe import Context
from ..zones import zone

PARAMETERS: dict[str, dict[str, Any]] = {
    "models_directory": {"type": "path", "required": True, "description": "Directory that holds all models."},
    "layouts": {
        "type": "list",
        "elements": "str",
        "required": True,
        "description": "Where the metadata of a service lie below it: globs with {service}.",
    },
    "trained_at_key": {
        "type": "str",
        "default": "trained_at",
        "description": "Dotted key of the training time; a time without zone is in the system's zone.",
    },
    "services": {"type": "list", "elements": "str", "default": [], "description": "Services that need a model."},
    "services_from": {
        "type": "dict",
        "description": "A JSON configuration that lists further services.",
        "options": {
            "file": {"type": "path", "required": True, "description": "The configuration."},
            "keys": {"type": "list", "elements": "str", "required": True, "description": "Dotted keys of its lists."},
        },
    },
    "maximum_bytes": {
        "type": "int",
        "default": 16777216,
        "description": "Largest metadata file that is read; the published ones hold statistics as well.",
    },
}
METRICS = {
    "oldest_age_days": "days",
    "newest_age_days": "days",
    "services_expected": "count",
    "services_without_model": "count",
    "models": "count",
    "models_unreadable": "count",
}


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the metadata of all models.

    Raises:
        CheckError: as :func:`found_models`.
    """
    services, models = found_models(parameters, context)
    return observe(by_service(services, models, context.now), models, parameters["models_directory"])


def found_models(parameters: dict[str, Any], context: Context) -> tuple[list[str], list[Model]]:
    """Return the services that need a model, and all models that they have.

    Raises:
        CheckError: ``models_directory_missing``, ``models_config_unreadable``, ``models_no_services`` or
            ``models_not_all_read`` when the time is up.
    """
    root = parameters["models_directory"]
    if not os.path.isdir(root):
        raise CheckError("models_directory_missing", state="critical", path=root)
    services = configured_services(parameters, context)
    reader = TimestampReader(zone(context.timezone))
    models: list[Model] = []
    for path, service in sorted(_files(root, parameters["layouts"], services, context).items()):
        if context.remaining() <= 0:
            raise CheckError("models_not_all_read", path=root, models=len(models))
        models.append(_model(service, path, parameters, reader, context))
    return services, models


def observe(summaries: Sequence[ServiceModels], models: Sequence[Model], root: str) -> Observation:
    """Turn the models of all services into an Observation.

    Args:
        summaries: one per service.
        models: all that were found.
        root: names the place.
    """
    missing = [summary.service for summary in summaries if summary.models == 0]
    unreadable = [model for model in models if model.trained is None]
    future = [summary.service for summary in summaries if summary.future]
    ages = [summary.oldest_age_days for summary in summaries if summary.oldest_age_days is not None]
    newest = [summary.newest_age_days for summary in summaries if summary.newest_age_days is not None]
    state, reason = OK, None
    if missing:
        state = CRITICAL
        reason = Reason("model_missing", {"services": ", ".join(missing[:10]), "count": len(missing)})
    elif unreadable:
        first = unreadable[0]
        fields = {"count": len(unreadable), "path": first.path, "problem": first.problem}
        state, reason = UNKNOWN, Reason("model_metadata_unreadable", fields)
    elif future:
        state, reason = UNKNOWN, Reason("model_from_the_future", {"services": ", ".join(future[:10])})
    figures = {
        "oldest_age_days": max(ages) if ages else None,
        "newest_age_days": min(newest) if newest else None,
        "services_expected": len(summaries),
        "services_without_model": len(missing),
        "models": len(models),
        "models_unreadable": len(unreadable),
    }
    return Observation(
        value=figures["oldest_age_days"],
        state=state,
        reason=reason,
        metrics=dict(figures),
        evidence=_evidence(summaries, unreadable),
        coverage=round(1 - len(unreadable) / len(models), 4) if models else None,
        source=root,
    )


def _evidence(summaries: Sequence[ServiceModels], unreadable: Sequence[Model]) -> list[str]:
    lines = [f"{summary.service}: no model" for summary in summaries if summary.models == 0]
    lines += [f"{model.path}: {model.problem}" for model in unreadable[:5]]
    aged = [summary for summary in summaries if summary.oldest_age_days is not None]
    for summary in sorted(aged, key=lambda found: -(found.oldest_age_days or 0.0)):
        lines.append(
            f"{summary.service}: {summary.models} models, oldest {summary.oldest_age_days:.1f} days, "
            f"newest {summary.newest_age_days:.1f} days"
        )
    return lines


def configured_services(parameters: dict[str, Any], context: Context) -> list[str]:
    """Return the services that need a model: those named, and those that a configuration lists.

    Raises:
        CheckError: ``models_config_unreadable`` or ``models_no_services``.
    """
    services: dict[str, None] = dict.fromkeys(parameters["services"])
    source = parameters["services_from"]
    if source:
        data, problem = _json(source["file"], parameters["maximum_bytes"], context)
        if problem:
            raise CheckError("models_config_unreadable", path=source["file"], problem=problem)
        services.update(dict.fromkeys(services_in(data, source["keys"])))
    if not services:
        raise CheckError("models_no_services", path=source["file"] if source else "services")
    return list(services)


def _files(root: str, layouts: Sequence[str], services: Sequence[str], context: Context) -> dict[str, str]:
    """Return whose model each metadata file is."""
    found: dict[str, list[str]] = {}
    for service in services:
        for layout in layouts:
            # A service is a name, not a pattern; one with a slash in it would leave the directory.
            if "/" in service or any(sign in service for sign in "*?["):
                raise CheckError("models_no_services", path=service)
            pattern = os.path.join(root, layout.replace("{service}", service))
            try:
                paths = expand(pattern, lambda: context.remaining() <= 0)
            except CheckError as fault:
                if fault.reason_id == "file_missing":
                    continue
                raise
            for path in paths:
                if os.path.lexists(path):
                    found.setdefault(path, []).append(service)
    return {path: owner(candidates) for path, candidates in found.items()}


def _model(service: str, path: str, parameters: dict[str, Any], reader: TimestampReader, context: Context) -> Model:
    data, problem = _json(path, parameters["maximum_bytes"], context)
    if problem:
        return Model(service, path, None, problem)
    value = dotted(data, parameters["trained_at_key"])
    trained = reader.epoch(value)
    if trained is None:
        problem = "no " + parameters["trained_at_key"] if value is None else f"no time: {str(value)[:60]}"
    return Model(service, path, trained, problem)


def _json(path: str, maximum_bytes: int, context: Context) -> tuple[Any, str]:
    import json

    try:
        with context.open(path) as file:
            text = file.read(maximum_bytes + 1)
    except CheckError as fault:
        return None, fault.reason_id
    except OSError as error:
        return None, str(error)
    if len(text) > maximum_bytes:
        return None, f"larger than {maximum_bytes} bytes"
    try:
        return json.loads(text.decode("utf-8")), ""
    except (ValueError, RecursionError) as error:
        return None, f"no JSON: {error}"[:200]
