# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every input that a person needs has a question, or a reason why it has none."""

from __future__ import annotations

import re

import pytest

from tests.conftest import CHECKOUT
from tests.unit.awx import inputs

SURVEYS = inputs.loaded("awx/surveys.yml")["awx_surveys"]
REASONS = inputs.loaded("awx/surveys.yml")["awx_not_asked"]
PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))
#: Roles that ask by themselves whether a person has named the host.
CONFIRMED = {
    path.parents[1].name
    for path in (CHECKOUT / "roles").glob("*/*/main.yml")
    if path.parent.name in ("tasks", "vars", "defaults") and "run_confirm" in path.read_text(encoding="utf-8")
} - {"run"}


def asked_by(playbook: str) -> set[str]:
    """Return the variables that a playbook's template asks for."""
    return {question["variable"] for question in SURVEYS.get(playbook, [])}


def reason_of(name: str) -> str:
    """Return why a variable is not asked for, or nothing."""
    return next((why for pattern, why in REASONS.items() if re.fullmatch(pattern, name)), "")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_input_of_a_playbook_is_asked_or_has_a_reason(playbook: str) -> None:
    own = inputs.own_inputs_of(playbook)
    assert own, playbook
    assert {name for name in own - asked_by(playbook) if not reason_of(name)} == set()


def test_what_texts_tell_a_person_to_type_is_asked_or_has_a_reason() -> None:
    asked = {variable for playbook in SURVEYS for variable in asked_by(playbook)}
    typed = inputs.typed_in_texts()
    assert {"run_confirm", "recover_by", "restore_undo", "aimo_run_input", "window"} <= set(typed)
    assert {f"{name} ({where})" for name, where in typed.items() if name not in asked and not reason_of(name)} == set()


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_question_leads_to_something(playbook: str) -> None:
    known = inputs.words_of(playbook)
    assert asked_by(playbook) <= known


def test_what_destroys_something_asks_for_the_hosts_name() -> None:
    needed = {
        playbook
        for playbook in PLAYBOOKS
        for action in inputs.profile_actions()
        if playbook in action["every"] and (action.get("confirm") or action["type"] in CONFIRMED)
    }
    assert {"restore", "recover", "data_import", "retention", "unlock"} <= needed
    # A step of an incident is confirmed by its approval.
    assert needed - {"incident"} == {playbook for playbook in PLAYBOOKS if "run_confirm" in asked_by(playbook)}


def test_every_reason_is_needed() -> None:
    names = set(inputs.typed_in_texts())
    for playbook in PLAYBOOKS:
        names |= inputs.own_inputs_of(playbook)
    assert [pattern for pattern in REASONS if not any(re.fullmatch(pattern, name) for name in names)] == []
