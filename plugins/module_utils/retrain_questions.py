# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be asked before models are trained: their age, their drift, the source of the data, the room."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping

from .application_run import Command
from .checks import drift as drift_kind
from .checks import metrics_query, model_recency
from .checks.parameters import validated
from .errors import CheckError, RunbooksError
from .logs.files import Reading
from .model import OK
from .model_retrain import Judged, Places, free_room, room_needed
from .models import Model, by_service
from .probe import Context
from .retrain_decision import Decision, decide

ALL = "all"


def models_of(given: Mapping[str, Any], context: Context) -> tuple[list[str], list[Model]]:
    """Return the services that need models, and the models that there are.

    Args:
        given: parameters of the check kind ``model_recency``.
        context: clock, deadline and zone.

    Raises:
        CheckError: they cannot be read.
        ProfileError: a parameter is wrong.
    """
    return model_recency.found_models(validated("models", model_recency.PARAMETERS, given), context)


def decisions_of(given: Mapping[str, Any], context: Context) -> list[Decision]:
    """Decide about every service.

    Args:
        given: parameters of the module ``model_retrain``.
        context: clock, deadline and zone.

    Raises:
        CheckError: the models or the drift cannot be read: nothing is decided then.
        RunbooksError: a service that is asked for is not configured.
    """
    services, models = models_of(given["models"], context)
    wanted = given["services"]
    for name in wanted:
        if name != ALL and name not in services:
            raise RunbooksError(f"There is no service {name}", "Services: {}".format(", ".join(services)))
    drifting, levels = _drift(given["drift"], context)
    changed = changed_since(given["changes_file"])
    facts = []
    for summary in by_service(services, models, context.now):
        trained = [model.trained for model in models if model.service == summary.service and model.trained is not None]
        facts.append(
            {
                "name": summary.service,
                "models": summary.models,
                "unreadable": summary.unreadable,
                "oldest_age_days": summary.oldest_age_days,
                "drift": drifting.get(summary.service),
                "changed": changed.get(summary.service, 0.0) > min(trained, default=0.0),
                "requested": ALL in wanted or summary.service in wanted,
            }
        )
    return decide(
        facts, {"maximum_age_days": given["maximum_age_days"], "severe_hours": given["severe_hours"], **levels}
    )


def changed_since(path: str | None) -> dict[str, float]:
    """Return when the sensitivity of each service was changed last, seconds since the epoch.

    Args:
        path: of the file that notes changes; None or none there means no changes.

    Raises:
        RunbooksError: it cannot be read.
    """
    if not path or not os.path.lexists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            changes = json.load(file)["changes"]
        found: dict[str, float] = {}
        for change in changes:
            found[change["service"]] = max(found.get(change["service"], 0.0), float(change["made"]))
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunbooksError(
            f"{path} cannot be read: {error}", "It is written by model_sensitivity; look at it"
        ) from None


def refusals(given: Mapping[str, Any], places: Places, context: Context) -> list[str]:
    """Say why a training cannot begin now; empty when it can.

    Args:
        given: parameters of the module ``model_retrain``.
        places: of the models.
        context: clock, deadline and zone.
    """
    found = []
    for question in given["upstream"]:
        parameters = validated("upstream", metrics_query.PARAMETERS, question)
        try:
            seen = metrics_query.look(parameters, context)
        except CheckError as fault:
            found.append("the source of the data does not answer: {} ({})".format(fault.reason_id, parameters["url"]))
            continue
        if seen.state != OK:
            days = parameters["days_ago"]
            found.append(f"the source of the data has nothing of {days:g} days ago for {parameters['query']}")
    needed, free = room_needed(places), free_room(places)
    if free < needed:
        found.append(f"{needed} bytes of room are needed and {free} are free")
    inside = os.path.realpath(places.copies_directory) + "/"
    if any(inside.startswith(os.path.realpath(path) + "/") for path in places.directories.values()):
        found.append(f"{places.copies_directory} is among the models")
    busy = busy_with(given["busy_commands"])
    if busy:
        found.append(f"another training is at work: {busy}")
    return found


def judged(given: Mapping[str, Any]) -> Judged:
    """Return a command of the module's parameters."""
    return Judged(
        command=Command(
            argv=tuple(given["argv"]),
            chdir=given["chdir"],
            environment={name: str(value) for name, value in given["environment"].items()},
            timeout_seconds=given["timeout_seconds"],
            stop_argv=tuple(given["stop_argv"]),
            log_directory=given["log_directory"],
            log_name="train",
        ),
        service_argv=tuple(given["service_argv"]),
        success_patterns=tuple(given["success_patterns"]),
        failure_patterns=tuple(given["failure_patterns"]),
    )


def _drift(given: Mapping[str, Any] | None, context: Context) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    parameters = validated("drift", drift_kind.PARAMETERS, given or {"path": ["/dev/null"]})
    levels = {key: parameters[key] for key in ("monitor", "retrain", "persistent_hours")}
    if not given:
        return {}, levels
    try:
        found, _scores = drift_kind.drifting(parameters, context, Reading())
    except CheckError as fault:
        if fault.reason_id == "file_missing":
            # Detection has not run yet: that is a fault of its own, and no drift.
            return {}, levels
        raise
    return {one.subject: {"score": one.latest, "hours": one.hours} for one in found}, levels


def busy_with(texts: list[str]) -> str:
    """Return the command line of another training, a container's included; empty when there is none.

    Args:
        texts: of which one is in such a command line.
    """
    ours = os.getpid()
    for name in os.listdir("/proc") if texts else ():
        if not name.isdigit() or int(name) == ours:
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        if any(text in command for text in texts) and "ansible" not in command:
            return f"process {name}, {command[:200]}"
    return ""
