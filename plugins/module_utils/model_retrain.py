# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Train models again with the old ones kept until the new ones have proven themselves (SBX-08, SBX-09).

The application's own rollback removes what it should restore, so nothing here relies on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping, Sequence

from .application_run import Command, Ended, faults_of, run
from .errors import RunbooksError
from .model_copies import is_whole, keep, prune, put_back, size_of, swap_in, tree_of
from .models import Model
from .retrained_models import model_faults, unread_faults
from .run_figures import lines_with, not_found

_STATE, _LOCK = "retrain.json", "retrain.lock"
#: Clocks of containers and the granularity of file times.
_TOLERANCE_SECONDS = 5.0


@dataclass(frozen=True)
class Places:
    """Where models are.

    Args:
        models_directory: where training writes.
        published_directory: where inference reads, when that is another place; None otherwise.
        publish_from: globs below the models, with {service}, of the directories that inference reads there.
        inference_layouts: globs with {service} of the metadata that inference reads, below the directory it reads.
        copies_directory: where old models are kept, and the state of an unfinished training.
        keep_copies: how many copies stay.
    """

    models_directory: str
    published_directory: str | None
    publish_from: tuple[str, ...]
    inference_layouts: tuple[str, ...]
    copies_directory: str
    keep_copies: int = 2

    @property
    def read_directory(self) -> str:
        """Return where inference reads."""
        return self.published_directory or self.models_directory

    @property
    def directories(self) -> dict[str, str]:
        """Return what is kept, by the name of its copy."""
        found = {"models": self.models_directory}
        if self.published_directory:
            found["published"] = self.published_directory
        return found


@dataclass(frozen=True)
class Judged:
    """A command and what it has to print; ``service_argv`` trains one service, with {service}."""

    command: Command
    service_argv: tuple[str, ...] = ()
    success_patterns: tuple[str, ...] = ()
    failure_patterns: tuple[str, ...] = ()
    success_codes: tuple[int, ...] = (0,)


@dataclass
class Outcome:
    """What happened.

    Attributes:
        steps: what was done, in order.
        tail: the last lines of the command that ended last.
        logs: files that keep what the commands printed.
    """

    steps: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)


@contextlib.contextmanager
def alone(places: Places) -> Iterator[None]:
    """Keep every other training of these models out.

    Raises:
        RunbooksError: one is at work.
    """
    os.makedirs(places.copies_directory, mode=0o700, exist_ok=True)
    with open(os.path.join(places.copies_directory, _LOCK), "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunbooksError("Another training of these models is at work", "Wait until it is done") from None
        yield


def unfinished(places: Places) -> dict[str, Any] | None:
    """Return the state of a training that was interrupted; None when there is none."""
    try:
        with open(os.path.join(places.copies_directory, _STATE), encoding="utf-8") as file:
            state = json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunbooksError(f"{places.copies_directory}/{_STATE} cannot be read: {error}", "Look at it") from None
    return state if isinstance(state, dict) else None


def recover(places: Places, outcome: Outcome) -> None:
    """Put the old models back after a training that was interrupted; nothing else is done before that."""
    state = unfinished(places)
    if state is None:
        return
    changed = _put_back(places, str(state["copy"]))
    outcome.steps.append(
        "put back the models of an interrupted training: {}".format(", ".join(changed) or "all the same")
    )
    os.unlink(os.path.join(places.copies_directory, _STATE))


def room_needed(places: Places) -> int:
    """Return the bytes that copies and new models take at most."""
    return int(sum(size_of(path) for path in places.directories.values()) * 2.2)


def free_room(places: Places) -> int:
    """Return the bytes that are free where it is least, of the directories concerned."""
    free = []
    for directory in (places.copies_directory, *places.directories.values()):
        present = directory
        while not os.path.isdir(present):
            present = os.path.dirname(present)
        room = os.statvfs(present)
        free.append(room.f_bavail * room.f_frsize)
    return min(free)


def retrain(
    places: Places,
    services: Sequence[str],
    training: Judged,
    inference: Judged | None,
    models_now: Callable[[], Sequence[Model]],
    outcome: Outcome,
) -> None:
    """Keep, train, verify, publish, try; or put everything back.

    Args:
        places: of the models.
        services: to train; empty trains all at once.
        training: the application's command.
        inference: the application's command, to prove that it can use the models; None leaves that out.
        models_now: reads the models that there are.
        outcome: grows with every step.

    Raises:
        RunbooksError: says what failed; the old models are back.
    """
    before = models_now()
    copy = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for name, path in places.directories.items():
        os.makedirs(path, exist_ok=True)
        keep(path, os.path.join(places.copies_directory, f"{copy}-{name}"))
    outcome.steps.append(f"kept the old models as {copy}")
    _write_state(places, {"copy": copy, "services": list(services), "began": time.time()})
    began = time.time()
    try:
        _train(services, training, outcome)
        faults = model_faults(before, models_now(), services, began - _TOLERANCE_SECONDS)
        if faults:
            raise RunbooksError(". ".join(faults), "See what the training printed")
        _publish(places, services or sorted({model.service for model in before}), outcome)
        trained = list(services) or sorted({model.service for model in models_now()})
        faults = unread_faults(places.read_directory, places.inference_layouts, trained, began - _TOLERANCE_SECONDS)
        if faults:
            raise RunbooksError(". ".join(faults), "See inference_layouts and publish_from")
        if inference is not None:
            _judge("inference", inference, inference.command, outcome)
    except (RunbooksError, OSError) as error:
        changed = _put_back(places, copy)
        os.unlink(os.path.join(places.copies_directory, _STATE))
        outcome.steps.append("put the old models back: {}".format(", ".join(changed) or "nothing was different"))
        raise RunbooksError(f"{error}. The old models are back") from None
    os.unlink(os.path.join(places.copies_directory, _STATE))
    outcome.steps.append("verified")
    for name in places.directories:
        prune(places.copies_directory, places.keep_copies, _copies(places, name))


def _train(services: Sequence[str], training: Judged, outcome: Outcome) -> None:
    if not services or not training.service_argv:
        _judge("training", training, training.command, outcome)
        return
    for service in services:
        argv = tuple(part.replace("{service}", service) for part in training.service_argv)
        command = Command(**{**training.command.__dict__, "argv": argv})
        _judge(f"training of {service}", training, command, outcome)


def _judge(what: str, judged: Judged, command: Command, outcome: Outcome) -> Ended:
    ended = run(command)
    outcome.tail, outcome.logs = ended.tail(), [*outcome.logs, *ended.logs]
    faults = faults_of(
        {
            "returncode": ended.returncode,
            "success_codes": list(judged.success_codes),
            "timed_out": ended.timed_out,
            "timeout_seconds": command.timeout_seconds,
            "failure_lines": lines_with(ended.output, judged.failure_patterns, "failure_patterns"),
            "success_missing": not_found(ended.output, judged.success_patterns, "success_patterns"),
            "produces": [],
            "produced": None,
            "missing": [],
        }
    )
    if faults:
        raise RunbooksError("The {} failed: {}".format(what, ". ".join(faults)))
    outcome.steps.append(f"{what}: {ended.seconds:g} s")
    return ended


def _publish(places: Places, services: Sequence[str], outcome: Outcome) -> None:
    """Copy what inference reads elsewhere: a training may write a layout that inference does not look into."""
    if not places.published_directory:
        return
    for service in services:
        for pattern in places.publish_from:
            for path in sorted(glob.glob(os.path.join(places.models_directory, pattern.replace("{service}", service)))):
                name = os.path.basename(path)
                swap_in(path, places.published_directory, name)
                if tree_of(path) != tree_of(os.path.join(places.published_directory, name)):
                    raise RunbooksError(f"{name} changed while it was published")
                outcome.steps.append(f"published {name}")


def _put_back(places: Places, copy: str) -> list[str]:
    changed = []
    for name, path in places.directories.items():
        target = os.path.join(places.copies_directory, f"{copy}-{name}")
        if not is_whole(target):
            raise RunbooksError(f"The copy {target} is not whole", "Restore the models from a backup")
        changed += put_back(target, path)
    return changed


def _copies(places: Places, name: str) -> list[str]:
    return sorted(one for one in os.listdir(places.copies_directory) if one.endswith(f"Z-{name}"))


def _write_state(places: Places, state: Mapping[str, Any]) -> None:
    path = os.path.join(places.copies_directory, _STATE)
    with open(path + ".partial", "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".partial", path)
