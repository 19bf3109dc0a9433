# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a check can say has a sentence in both languages, with figures that the check gives."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import registry

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOG = CHECKOUT / "roles" / "report" / "files" / "catalog"
#: Where Results come from: the library of the checks, and what is computed from the store.
SOURCES = (CHECKOUT / "plugins" / "module_utils", CHECKOUT / "plugins" / "plugin_utils" / "trends")


@dataclass(frozen=True)
class Emitted:
    """A reason that the library names: where, its id, and its fields unless they are computed."""

    place: str
    identity: str
    fields: frozenset[str] | None


def emitted_reasons() -> list[Emitted]:
    """Return every reason whose id is written out in the library."""
    found = []
    for path in sorted(path for source in SOURCES for path in source.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            first = call.args[0]
            if name in ("Reason", "CheckError") and isinstance(first, ast.Constant):
                place = f"{path.relative_to(CHECKOUT)}:{call.lineno}"
                fields = _reason_fields(call) if name == "Reason" else _error_fields(call)
                found.append(Emitted(place, str(first.value), fields))
    return found


def _reason_fields(call: ast.Call) -> frozenset[str] | None:
    values = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "fields")]
    if not values:
        return frozenset()
    keys = values[0].keys if isinstance(values[0], ast.Dict) else [None]
    names = [key.value for key in keys if isinstance(key, ast.Constant)]
    return frozenset(map(str, names)) if len(names) == len(keys) else None


def _error_fields(call: ast.Call) -> frozenset[str] | None:
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else frozenset(filter(None, names)) - {"state", "evidence", "reason_id"}


def catalogs() -> dict[str, dict[str, Any]]:
    """Return every catalogue file by the kind it belongs to."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CATALOG.glob("*.yml"))}


def placeholders(text: str) -> set[str]:
    """Return the fields that a sentence prints."""
    return {name for _literal, name, _form, _conversion in string.Formatter().parse(text) if name is not None}


def sentences(node: Any, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every text that has an English or a Japanese form, with its place in the file."""
    if isinstance(node, dict):
        if isinstance(node.get("en", node.get("ja")), str):
            yield path, node
        for key, value in node.items():
            yield from sentences(value, f"{path}.{key}")


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_kind_has_a_catalogue_with_a_label_for_each_metric(kind: str) -> None:
    metrics = registry.load(kind).METRICS
    labels = catalogs().get(kind, {}).get("metrics") or {}
    assert set(metrics) <= set(labels)


def test_every_reason_that_the_library_names_has_a_sentence() -> None:
    known = {identity for catalog in catalogs().values() for identity in (catalog.get("reasons") or {})}
    assert not [f"{reason.place}: {reason.identity}" for reason in emitted_reasons() if reason.identity not in known]


def test_a_sentence_prints_only_fields_that_the_check_gives() -> None:
    entries = {
        identity: entry for catalog in catalogs().values() for identity, entry in (catalog.get("reasons") or {}).items()
    }
    wrong = []
    for reason in emitted_reasons():
        if reason.fields is None or reason.identity not in entries:
            continue
        for where, texts in sentences(entries[reason.identity], reason.identity):
            used = placeholders(texts.get("en", "")) | placeholders(texts.get("ja", ""))
            missing = used - reason.fields
            if missing:
                wrong.append(f"{reason.place}: {where} prints {sorted(missing)}, given {sorted(reason.fields)}")
    assert not wrong


@pytest.mark.parametrize("kind", sorted(path.stem for path in CATALOG.glob("*.yml")))
def test_both_languages_say_the_same_figures(kind: str) -> None:
    wrong = []
    for where, texts in sentences(catalogs()[kind], kind):
        if not texts.get("en") or not texts.get("ja"):
            wrong.append(f"{where}: one language is missing")
        elif placeholders(texts["en"]) != placeholders(texts["ja"]):
            wrong.append(f"{where}: {sorted(placeholders(texts['en']) ^ placeholders(texts['ja']))}")
    assert not wrong
