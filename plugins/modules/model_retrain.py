#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Train models again when it is due, with the old ones kept until the new ones have proven themselves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: model_retrain
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Train models again when it is due, and keep the old ones until the new ones have proven themselves
description:
  - Decides for each service whether its models are trained again. Reasons are that they are missing or too old, severe
    or persistent drift, a sensitivity that was changed since, and that somebody asks for it. Moderate drift waits.
  - Before a training it asks the source of the data, looks whether there is room, and whether another training is at
    work.
  - It copies the old models and reads the copy back, runs the application's own command within a time limit, and
    believes the result for what it is. Every service needs as many new models as it had, where inference reads them,
    and inference has to accept them by what it prints. Otherwise the old models are put back, entry by entry; the
    directories themselves are never replaced, because they may be mounts of a container.
  - A training that was interrupted is undone by the next call before anything else is decided.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  models:
    description: Where the models and their metadata are, as parameters of the check kind C(model_recency).
    type: dict
    required: true
  timezone:
    description: IANA name of the zone of training times without one.
    type: str
    default: UTC
  copies_directory:
    description: Directory that keeps copies of old models; not below the models.
    type: path
    required: true
  keep_copies:
    description: How many copies stay.
    type: int
    default: 2
  published_directory:
    description: Where inference reads models when that is not where training writes them.
    type: path
  publish_from:
    description: Globs below the models, with C({service}), of the directories that are copied there after a training.
    type: list
    elements: str
    default: []
  inference_layouts:
    description: Globs with C({service}) of the metadata that inference reads, below the directory where it reads.
    type: list
    elements: str
    default: []
  services:
    description: Services to train, whatever is decided; C(all) stands for every one.
    type: list
    elements: str
    default: []
  maximum_age_days:
    description: Age above which models are trained again. Without it, age alone is no reason.
    type: float
  drift:
    description: Where drift is reported, as parameters of the check kind C(drift).
    type: dict
  severe_hours:
    description: How long severe drift has to last. A single high score may be an incident, on whose data nobody trains.
    type: float
    default: 0
  changes_file:
    description: File in which M(aiops.runbooks.model_sensitivity) notes changes.
    type: path
  upstream:
    description: Questions to the source of the data, as parameters of the check kind C(metrics_query); all must be ok.
    type: list
    elements: dict
    default: []
  busy_commands:
    description: Texts in the command lines of other trainings; while such a process runs, none is begun.
    type: list
    elements: str
    default: []
  training:
    description: The application's command.
    type: dict
    required: true
    suboptions: &command
      argv: {description: Program and arguments., type: list, elements: str, required: true}
      service_argv:
        description: The same for one service, with C({service}).
        type: list
        elements: str
        default: []
      chdir: {description: Working directory., type: path}
      environment: {description: Variables that are added., type: dict, default: {}}
      timeout_seconds: {description: How long it may take., type: float, default: 3600}
      stop_argv: {description: What ends it where ending the process does not., type: list, elements: str, default: []}
      log_directory: {description: Directory that keeps what it prints., type: path}
      success_patterns: {description: What only a success prints., type: list, elements: str, default: []}
      failure_patterns: {description: What only a failure prints., type: list, elements: str, default: []}
  inference:
    description: The application's command that proves that it can use the models.
    type: dict
    suboptions: *command
seealso:
  - module: aiops.runbooks.model_sensitivity
"""

EXAMPLES = r"""
- name: Train again what drifts or is older than a week
  aiops.runbooks.model_retrain:
    models:
      models_directory: /srv/detector/models
      layouts: ["{service}/*/metadata.json"]
      services_from: {file: /srv/detector/config.json, keys: [services.critical, services.standard]}
    copies_directory: /srv/detector/model_copies
    maximum_age_days: 7
    training:
      argv: [docker, compose, run, --rm, -T, detector, train]
      service_argv: [docker, compose, run, --rm, -T, detector, train, --service, "{service}"]
      chdir: /srv/detector
    inference:
      argv: [docker, compose, run, --rm, -T, detector, inference, --verbose]
      chdir: /srv/detector
      failure_patterns: ['"error":']
"""

RETURN = r"""
decisions:
  description: For each service C(service), C(verdict) (V(retrain), V(wait) or V(keep)) and C(reasons).
  returned: when it was decided
  type: list
  elements: dict
  sample: [{service: booking, verdict: retrain, reasons: [drift_severe]}]
trained:
  description: Services that were trained, or would be.
  returned: always
  type: list
  elements: str
  sample: [booking]
steps:
  description: What was done, in order.
  returned: always
  type: list
  elements: str
  sample: [kept the old models as 20260301T031500Z, "training of booking: 61.2 s", "inference: 2.1 s", verified]
tail:
  description: The last lines of the command that ended last.
  returned: always
  type: list
  elements: str
  sample: ["PROMOTION SUCCESSFUL"]
logs:
  description: Files that keep what the commands printed.
  returned: always
  type: list
  elements: str
  sample: []
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.model_retrain import (
    Outcome,
    Places,
    alone,
    recover,
    retrain,
    unfinished,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.retrain_questions import (
    busy_with,
    decisions_of,
    judged,
    models_of,
    refusals,
)

_LOOK_SECONDS = 120


def main() -> None:
    """Recover, decide, ask, and outside of check mode train."""
    texts: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
    command: dict[str, Any] = {
        "argv": {"type": "list", "elements": "str", "required": True},
        "service_argv": texts,
        "chdir": {"type": "path"},
        "environment": {"type": "dict", "default": {}},
        "timeout_seconds": {"type": "float", "default": 3600},
        "stop_argv": texts,
        "log_directory": {"type": "path"},
        "success_patterns": texts,
        "failure_patterns": texts,
    }
    module = AnsibleModule(
        argument_spec={
            "models": {"type": "dict", "required": True},
            "timezone": {"type": "str", "default": "UTC"},
            "copies_directory": {"type": "path", "required": True},
            "keep_copies": {"type": "int", "default": 2},
            "published_directory": {"type": "path"},
            "publish_from": texts,
            "inference_layouts": texts,
            "services": texts,
            "maximum_age_days": {"type": "float"},
            "drift": {"type": "dict"},
            "severe_hours": {"type": "float", "default": 0},
            "changes_file": {"type": "path"},
            "upstream": {"type": "list", "elements": "dict", "default": []},
            "busy_commands": texts,
            "training": {"type": "dict", "required": True, "options": command},
            "inference": {"type": "dict", "options": command},
        },
        supports_check_mode=True,
    )
    outcome = Outcome()
    result: dict[str, Any] = {"trained": [], "decisions": []}
    try:
        changed = act(module, result, outcome)
    except CheckError as fault:
        shown = ", ".join(f"{name}: {value}" for name, value in sorted(fault.fields.items()))
        module.fail_json(msg=f"{fault.reason_id} ({shown})", **result, **outcome.__dict__)
    except (RunbooksError, OSError) as error:
        module.fail_json(msg=str(error), changed=bool(outcome.steps), **result, **outcome.__dict__)
    module.exit_json(changed=changed, **result, **outcome.__dict__)


def act(module: AnsibleModule, result: dict[str, Any], outcome: Outcome) -> bool:
    """Do it, or plan it; return whether anything was or would be changed.

    Args:
        module: with its parameters.
        result: takes what is decided.
        outcome: takes what is done.

    Raises:
        RunbooksError: it cannot be done.
        CheckError: what has to be looked at cannot be looked at.
    """
    given = module.params
    places = Places(
        models_directory=given["models"]["models_directory"],
        published_directory=given["published_directory"],
        publish_from=tuple(given["publish_from"]),
        inference_layouts=tuple(given["inference_layouts"]),
        copies_directory=given["copies_directory"],
        keep_copies=given["keep_copies"],
    )
    if module.check_mode:
        if unfinished(places) is not None:
            outcome.steps.append("put back the models of an interrupted training")
        return _decide(given, places, result) or bool(outcome.steps)
    with alone(places):
        busy = busy_with(given["busy_commands"]) if unfinished(places) is not None else ""
        if busy:
            raise RunbooksError(f"The training that was interrupted is still at work: {busy}", "Wait, or stop it")
        recover(places, outcome)
        if not _decide(given, places, result):
            return bool(outcome.steps)
        everything = len(result["trained"]) == len(result["decisions"])
        retrain(
            places,
            [] if everything else result["trained"],
            judged(given["training"]),
            judged(given["inference"]) if given["inference"] else None,
            lambda: models_of(given["models"], _context(given))[1],
            outcome,
        )
    return True


def _decide(given: dict[str, Any], places: Places, result: dict[str, Any]) -> bool:
    decisions = decisions_of(given, _context(given))
    result["decisions"] = [
        {"service": one.service, "verdict": one.verdict, "reasons": list(one.reasons)} for one in decisions
    ]
    result["trained"] = [one.service for one in decisions if one.verdict == "retrain"]
    if not result["trained"]:
        return False
    found = refusals(given, places, _context(given))
    if found:
        raise RunbooksError("{} would be trained, but {}".format(", ".join(result["trained"]), "; ".join(found)))
    return True


def _context(given: dict[str, Any]) -> Context:
    return Context(now=time.time(), deadline=time.monotonic() + _LOOK_SECONDS, timezone=given["timezone"])


if __name__ == "__main__":
    main()
