# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys as AWX 24.6.1 judges them: what may be asked, and what is an answer."""

from __future__ import annotations

from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "multiplechoice": (str,),
    "multiselect": (str,),
    "integer": (int,),
    "float": (float, int),
}
SECRET = "$encrypted$"


def judged(spec: Any) -> None:
    """Accept a survey and bring its choices into AWX's form.

    Raises:
        ValueError: AWX refuses it, with this message.
    """
    for name, kind, label in (("name", str, "string"), ("description", str, "string"), ("spec", list, "list of items")):
        if name not in spec:
            raise ValueError(f"Field '{name}' is missing from survey spec.")
        if not isinstance(spec[name], kind):
            raise ValueError(f"Expected {label} for field '{name}', received {type(spec[name]).__name__} type.")
    if not spec["spec"]:
        raise ValueError("'spec' doesn't contain any items.")
    seen: set[str] = set()
    for index, question in enumerate(spec["spec"]):
        _question(index, question)
        if question["variable"] in seen:
            raise ValueError(f"'variable' '{question['variable']}' duplicated in survey question {index}.")
        seen.add(question["variable"])


def _question(index: int, question: Any) -> None:
    if not isinstance(question, dict):
        raise ValueError(f"Survey question {index} is not a json object.")
    for name in ("type", "question_name", "variable", "required"):
        if name not in question:
            raise ValueError(f"'{name}' missing from survey question {index}")
        kind, label = (bool, "boolean") if name == "required" else (str, "string")
        if not isinstance(question[name], kind):
            raise ValueError(f"'{name}' in survey question {index} expected to be {label}.")
    asked = question["type"]
    if asked not in KINDS:
        raise ValueError(
            f"'{asked}' in survey question {index} is not one of '{', '.join(KINDS)}' allowed question types."
        )
    default = question.get("default", "")
    if default != "" and not isinstance(default, KINDS[asked]):
        label = asked if asked in ("integer", "float") else "string"
        raise ValueError(f"Default value {default} in survey question {index} expected to be {label}.")
    for name in ("min", "max"):
        if question.get(name) is not None and not isinstance(question[name], int):
            raise ValueError(f"The {name} limit in survey question {index} expected to be integer.")
    if isinstance(default, str) and default.startswith(SECRET) and asked != "password":
        raise ValueError(
            f"{SECRET} is a reserved keyword for password question defaults, survey question {index} is type {asked}."
        )
    if asked in ("multiselect", "multiplechoice"):
        _choices(index, question)


def _choices(index: int, question: dict[str, Any]) -> None:
    if "choices" not in question:
        raise ValueError(f"Survey question {index} of type {question['type']} must specify choices.")
    if isinstance(question["choices"], str):
        question["choices"] = "\n".join(line for line in question["choices"].splitlines() if line.strip())
    defaults = [line for line in question.get("default", "").splitlines() if line.strip()]
    if "default" in question:
        question["default"] = "\n".join(defaults)
    if question["type"] == "multiplechoice" and len(defaults) > 1:
        raise ValueError("Multiple Choice (Single Select) can only have one default value.")
    if any(line not in question["choices"] for line in defaults):
        raise ValueError("Default choice must be answered from the choices listed.")


def faults(question: dict[str, Any], answers: dict[str, Any], *, required: bool = True) -> list[str]:
    """Return what is wrong with the answer to one question."""
    name, kind = question["variable"], question["type"]
    if name not in answers:
        return [f"'{name}' value missing"] if question["required"] and required else []
    value = answers[name]
    if kind in ("text", "textarea", "password"):
        if not isinstance(value, str):
            return [f"Value {value} for '{name}' expected to be a string."]
        return _limits(question, value, len(value))
    if kind in ("integer", "float"):
        if isinstance(value, bool) or not isinstance(value, KINDS[kind]):
            label = "an integer" if kind == "integer" else "a numeric type"
            return [f"Value {value} for '{name}' expected to be {label}."]
        return _limits(question, value, value)
    choices = question["choices"]
    choices = choices.split("\n") if isinstance(choices, str) else list(choices)
    if kind == "multiselect" and not isinstance(value, list):
        return [f"'{name}' value is expected to be a list."]
    given = value if kind == "multiselect" else [value]
    return [f"Value {each} for '{name}' expected to be one of {choices}." for each in given if each not in choices]


def _limits(question: dict[str, Any], value: Any, size: float) -> list[str]:
    name, low, high = question["variable"], question.get("min"), question.get("max")
    if low not in ("", None) and size < int(low):
        if isinstance(value, str):
            return [f"'{name}' value {value} is too small (length is {size} must be at least {low})."]
        return [f"'{name}' value {value} is too small (must be at least {low})."]
    if high not in ("", None) and size > int(high):
        return [f"'{name}' value {value} is too large (must be no more than {high})."]
    return []


def defaults(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what a job is given for questions nobody answered: every default that is an answer, the empty text too."""
    given = {}
    for question in spec.get("spec", []):
        default = question.get("default")
        if default is not None and not faults(question, {question["variable"]: default}):
            given[question["variable"]] = default
    return given


def shown(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a survey as AWX shows it: no password."""
    questions = [
        {**question, "default": SECRET} if question["type"] == "password" and question.get("default") else question
        for question in spec.get("spec", [])
    ]
    return {**spec, "spec": questions} if spec else {}
