# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models are trained again for a reason, and the old ones are back whenever that does not work (SBX-08)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.model_copies import keep, put_back, tree_of
from ansible_collections.aiops.runbooks.plugins.module_utils.model_retrain import (
    Judged,
    Outcome,
    Places,
    alone,
    recover,
    retrain,
    unfinished,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.models import Model
from ansible_collections.aiops.runbooks.plugins.module_utils.retrain_decision import decide
from ansible_collections.aiops.runbooks.plugins.module_utils.retrained_models import model_faults
from tests.unit.cases import load_cases
from tests.unit.models.training import command, models_in, places_in
from tests.unit.patience import quickly

WHEN = ("before", "after")
INFERENCE = Judged(command("print('[]')"), failure_patterns=('"error":',))


@pytest.mark.parametrize(("arguments", "expected"), load_cases("decide"))
def test_a_training_has_a_reason(arguments: dict[str, Any], expected: list[Any]) -> None:
    decisions = decide(**arguments)
    assert [[one.service, one.verdict, list(one.reasons)] for one in decisions] == expected


@pytest.mark.parametrize(("arguments", "expected"), load_cases("model_faults"))
def test_new_models_are_believed_when_they_are_there(arguments: dict[str, Any], expected: list[str]) -> None:
    models = {key: [Model(**model) for model in arguments[key]] for key in ("before", "after")}
    assert model_faults(**{**arguments, **models}) == expected


def test_what_was_kept_is_put_back_entry_by_entry_and_the_root_stays(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    models = Path(places.models_directory)
    (models / "link").symlink_to("booking")
    before, root = tree_of(str(models)), models.stat().st_ino
    keep(str(models), str(tmp_path / "copy"))
    (models / "booking" / "booking_night" / "metadata.json").write_text("torn")
    (models / "search" / "search_night" / "metadata.json").unlink()
    (models / "new").mkdir()
    (models / ".coming-x").mkdir()
    assert put_back(str(tmp_path / "copy"), str(models)) == ["booking", "new", "search"]
    assert (tree_of(str(models)), models.stat().st_ino) == (before, root)
    assert put_back(str(tmp_path / "copy"), str(models)) == []
    (tmp_path / "copy" / "content" / "booking" / "booking_night" / "metadata.json").write_text("rotten")
    with pytest.raises(RunbooksError, match="is not what was kept"):
        put_back(str(tmp_path / "copy"), str(models))


def test_a_training_that_works_is_published_and_old_copies_go(tmp_path: Path) -> None:
    places = places_in(tmp_path, published=True)
    for old in ("20200101T000000Z-models", "20200102T000000Z-models"):
        keep(places.models_directory, os.path.join(places.copies_directory, old))
    outcome = Outcome()
    training = Judged(command("train(sys.argv[1], ['booking', 'search'])", places.models_directory))
    retrain(places, [], training, INFERENCE, lambda: models_in(places), outcome)
    assert outcome.steps[-1] == "verified"
    assert "published booking_night" in outcome.steps
    assert unfinished(places) is None
    copies = sorted(os.listdir(places.copies_directory))
    assert sum(name.endswith("Z-models") for name in copies) == places.keep_copies
    assert "20200101T000000Z-models" not in copies


@pytest.mark.parametrize(
    ("program", "inference", "seconds", "fault"),
    [
        ("sys.exit(1)", "print('[]')", 60, "status 1"),
        ("pass", "print('[]')", 60, "no new model"),
        ("print('PROMOTION BLOCKED')", "print('[]')", 60, "It printed: PROMOTION BLOCKED"),
        ("shutil.rmtree(sys.argv[1] + '/booking')", "print('[]')", 60, "booking has no model"),
        ("train(sys.argv[1], ['booking', 'search']); os.abort()", "print('[]')", 60, "SIGABRT"),
        ("train(sys.argv[1], ['booking', 'search'])", 'print(\'{"error": "no_models"}\')', 60, '"error": "no_models"'),
        ("train(sys.argv[1], ['booking', 'search']); time.sleep(600)", "print('[]')", 2, "ended after 2 s"),
    ],
)
def test_a_training_that_does_not_work_leaves_the_old_models(
    tmp_path: Path, program: str, inference: str, seconds: float, fault: str
) -> None:
    places = places_in(tmp_path, published=True)
    before = [tree_of(path) for path in places.directories.values()]
    training = Judged(command(program, places.models_directory, seconds=seconds), failure_patterns=("BLOCKED",))
    outcome = Outcome()
    with pytest.raises(RunbooksError, match="The old models are back") as failure:
        retrain(
            places,
            [],
            training,
            Judged(command(inference), failure_patterns=('"error":',)),
            lambda: models_in(places),
            outcome,
        )
    assert fault in str(failure.value)
    assert [tree_of(path) for path in places.directories.values()] == before
    assert unfinished(places) is None


def test_models_where_inference_does_not_look_are_a_failure(tmp_path: Path) -> None:
    places = places_in(tmp_path, layouts=("{service}_*/metadata.json",))
    training = Judged(command("train(sys.argv[1], ['booking', 'search'])", places.models_directory))
    with pytest.raises(RunbooksError, match="Inference cannot read the models of booking"):
        retrain(places, [], training, INFERENCE, lambda: models_in(places), Outcome())


KILLED = """
import os, signal, sys
from pathlib import Path
from ansible_collections.aiops.runbooks.plugins.module_utils import model_retrain
from tests.unit.models.training import command, models_in, places_in
places, when = places_in(Path(sys.argv[1]), published=True, fresh=False), sys.argv[2]
def killing(name):
    real = getattr(model_retrain, name)
    def kill(*arguments):
        if when == "before " + name: os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments)
        if when == "after " + name: os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(model_retrain, name, kill)
for name in ("keep", "_write_state", "run", "swap_in", "put_back", "prune"):
    killing(name)
fails = "sys.exit(1)" if "put_back" in when else "pass"
training = model_retrain.Judged(command("train(sys.argv[1], ['booking', 'search']); " + fails, places.models_directory))
with model_retrain.alone(places):
    model_retrain.retrain(places, [], training, None, lambda: models_in(places), model_retrain.Outcome())
"""


@pytest.mark.parametrize(
    "when",
    [
        f"{when} {step}"
        for step in ("keep", "_write_state", "run", "swap_in", "put_back")
        for when in ("before", "after")
    ],
)
def test_what_is_killed_at_any_step_is_undone_by_the_next_call(tmp_path: Path, checkout: Path, when: str) -> None:
    places = places_in(tmp_path, published=True)
    before = [tree_of(path) for path in places.directories.values()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout), os.environ["PYTHONPATH"]])}
    argv = [sys.executable, "-c", KILLED, str(tmp_path), when]
    killed = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with alone(places):
        recover(places, Outcome())
    assert [tree_of(path) for path in places.directories.values()] == before
    assert unfinished(places) is None


def test_two_trainings_at_once_are_refused(tmp_path: Path) -> None:
    places = Places(str(tmp_path), None, (), (), str(tmp_path / "copies"))

    def refused() -> None:
        with alone(places), pytest.raises(RunbooksError, match="Another training"), alone(places):
            pass

    quickly(refused, 5)
