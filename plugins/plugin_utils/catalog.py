# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for ids: the English and the Japanese of everything that a report or a terminal says.

Records hold ids and fields, never sentences, so both languages are printed from the same figures. An id without an
entry is shown with its fields: a missing translation never hides a fault and never breaks a report.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.yaml import yaml_load

from .report.numbers import FORMAT_OF_UNIT, FORMATS, Quantity, format_of, is_number, quantity
from .report.period import time_text
from .report.width import clean

LANGUAGES = ("en", "ja")
DIRECTORY = Path(__file__).resolve().parents[2] / "roles" / "report" / "files" / "catalog"
#: The file with the texts that belong to no check kind.
COMMON = "common"
_LEVEL = re.compile(r"^\s*(>=|<=|==|!=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$")
_MOST_PLACES = 6

Entry = Mapping[str, Any]


class CatalogError(Exception):
    """A catalogue file that cannot be read; names the file."""


@dataclass(frozen=True)
class Catalog:
    """All entries by group and id.

    Args:
        groups: the groups of the common file: texts, states, units and so on.
        reasons: per check kind (file name), the sentences by reason id.
        metrics: per check kind, the labels by metric name.
        zone: time zone in which a time is printed.
    """

    groups: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    zone: str = "UTC"


@functools.lru_cache(maxsize=4)
def load_catalog(directory: Path = DIRECTORY) -> Catalog:
    """Read every file of the directory.

    Raises:
        CatalogError: a file is missing or is not a YAML mapping; the message names it.
    """
    groups: dict[str, Mapping[str, Entry]] = {}
    reasons: dict[str, Mapping[str, Entry]] = {}
    metrics: dict[str, Mapping[str, Entry]] = {}
    if not (directory / f"{COMMON}.yml").is_file():
        raise CatalogError(f"{directory} has no {COMMON}.yml. Install the collection again.")
    for path in sorted(directory.glob("*.yml")):
        try:
            content = yaml_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise CatalogError(f"{path} is not a readable catalogue: {error}") from error
        if not isinstance(content, dict):
            raise CatalogError(f"{path} is not a catalogue: it must be a mapping")
        reasons[path.stem] = content.get("reasons") or {}
        metrics[path.stem] = content.get("metrics") or {}
        groups.update((name, found or {}) for name, found in content.items() if name not in ("reasons", "metrics"))
    return Catalog(groups=groups, reasons=reasons, metrics=metrics)


def in_language(entry: Any, language: str) -> str:
    """Return an entry's text: a mapping by language, or one string for all languages.

    A text that lacks the language is returned in one that it has.
    """
    if isinstance(entry, Mapping):
        for choice in (language, *LANGUAGES):
            if entry.get(choice):
                return str(entry[choice])
        return ""
    return "" if entry is None else str(entry)


def text(catalog: Catalog, group: str, name: str, language: str, **fields: Any) -> str:
    """Return a text of the common file, or the name itself when there is none."""
    entry = catalog.groups.get(group, {}).get(name)
    if entry is None:
        return clean(name)
    return _filled(catalog, in_language(entry, language), fields, language)


def quantity_text(catalog: Catalog, value: Any, form: str, language: str, places: int | None = None) -> str:
    """Return a figure with its unit, such as ``0.3s`` and ``0.3秒``.

    Args:
        catalog: the sentences and units.
        value: the figure.
        language: ``en`` or ``ja``.
        form: one of the report formats (``percent``, ``seconds``, ``bytes`` ...), or ``state`` or ``text``.
        places: decimals; None takes those of the format.
    """
    if form == "state":
        return text(catalog, "states", str(value), language)
    return _with_unit(catalog, quantity(value, form, places), language)


def _with_unit(catalog: Catalog, amount: Quantity, language: str) -> str:
    entry = catalog.groups.get("units", {}).get(amount.unit, {})
    pattern = in_language(entry, language) or "{n}"
    if language == "en" and amount.digits in ("1", "-1") and entry.get("one"):
        pattern = str(entry["one"])
    return pattern.replace("{n}", clean(amount.digits))


def level_text(catalog: Catalog, level: str | None, form: str, language: str) -> str:
    """Return a level such as ``>= 80`` in words, with the unit of its figure."""
    match = _LEVEL.match(level or "")
    if match is None:
        return clean(level or "")
    limit = quantity_text(catalog, float(match.group(2)), form, language)
    words = in_language(catalog.groups.get("operators", {}).get(match.group(1)), language)
    return words.replace("{limit}", limit) if words else f"{match.group(1)} {limit}"


def metric_label(catalog: Catalog, kind: str, metric: str, language: str) -> str:
    """Return what a metric of a kind is called, or its name in words."""
    entry = catalog.metrics.get(kind, {}).get(metric)
    label = in_language(entry, language) if entry else ""
    return label or clean(metric.replace("_", " "))


def reason_text(catalog: Catalog, reason: Mapping[str, Any] | None, language: str, kind: str = COMMON) -> str:
    """Return the sentence of a reason.

    Args:
        catalog: the sentences.
        language: ``en`` or ``ja``.
        reason: ``{"id": ..., "fields": {...}}`` of a Result.
        kind: the Result's kind, whose own entries win over the common ones.
    """
    if not reason:
        return ""
    identity, fields = str(reason.get("id", "")), _fields_of(reason)
    if identity == "level_reached":
        fields = _level_fields(catalog, fields, language, kind)
    elif isinstance(fields.get("metric"), str):
        fields = {**fields, "metric": metric_label(catalog, kind, fields["metric"], language)}
    entry = find_reason(catalog, identity, kind)
    pattern = in_language(entry, language) if entry else ""
    if not pattern:
        return _bare(identity, fields)
    return _capital(_filled(catalog, pattern, fields, language))


def remedy_text(catalog: Catalog, reason: Mapping[str, Any] | None, language: str, kind: str = COMMON) -> str:
    """Return what to do about a reason; empty when the catalogue knows nothing.

    For a level that was reached the remedy stands with the metric.
    """
    if not reason:
        return ""
    fields = _fields_of(reason)
    entry = find_reason(catalog, str(reason.get("id", "")), kind)
    remedy = entry.get("remedy") if isinstance(entry, Mapping) else None
    if reason.get("id") == "level_reached":
        metric = catalog.metrics.get(kind, {}).get(str(fields.get("metric")))
        remedy = metric.get("remedy") if isinstance(metric, Mapping) else None
        fields = _level_fields(catalog, fields, language, kind)
    return _filled(catalog, in_language(remedy, language), fields, language) if remedy else ""


def find_reason(catalog: Catalog, identity: str, kind: str = COMMON) -> Entry | None:
    """Return the entry of a reason: the kind's own, the common one, or that of any other kind."""
    for name in (kind, COMMON, *catalog.reasons):
        entry = catalog.reasons.get(name, {}).get(identity)
        if entry is not None:
            return entry
    return None


def contradiction_text(catalog: Catalog, contradiction: Mapping[str, Any], language: str) -> str:
    """Return the sentence about two figures that cannot both be true."""
    fields = _fields_of(contradiction)
    for name in ("state", "verdict", "worst"):
        if name in fields:
            fields[name] = text(catalog, "states", str(fields[name]), language)
    return text(catalog, "contradictions", str(contradiction.get("id")), language, **fields)


def _fields_of(reason: Mapping[str, Any]) -> dict[str, Any]:
    fields = reason.get("fields")
    return dict(fields) if isinstance(fields, Mapping) else {}


def _level_fields(catalog: Catalog, fields: Mapping[str, Any], language: str, kind: str) -> dict[str, Any]:
    """Return the fields of ``level_reached`` as they are said: label, figures with units, the level in words."""
    metric = str(fields.get("metric") or "value")
    form = format_of(metric, FORMAT_OF_UNIT.get(str(fields.get("unit"))) and str(fields.get("unit")))
    level = str(fields.get("limit") or "")
    return {
        "metric": metric_label(catalog, kind, metric, language),
        "value": "?"
        if fields.get("value") is None
        else beside_levels(catalog, fields["value"], [level], form, language),
        "level": text(catalog, "states", str(fields.get("level")), language).lower(),
        "limit": level_text(catalog, level, form, language),
    }


def beside_levels(catalog: Catalog, value: Any, levels: Iterable[str | None], form: str, language: str) -> str:
    """Return a figure with as many decimals as it takes to differ from its limits: "7 days" is not below 7 days.

    Args:
        value: the figure.
        levels: its levels, such as ``< 7``; None and unreadable ones are left out.
        form: how it is printed.
        catalog: the units.
        language: ``en`` or ``ja``.
    """
    said = quantity_text(catalog, value, form, language)
    if not is_number(value):
        return said
    matches = [match for level in levels if (match := _LEVEL.match(level or ""))]
    limits = [float(match.group(2)) for match in matches if float(match.group(2)) != float(value)]
    for places in range(1, _MOST_PLACES + 1):
        if said not in (quantity_text(catalog, limit, form, language) for limit in limits):
            break
        said = quantity_text(catalog, value, form, language, places)
    return said


def _bare(identity: str, fields: Mapping[str, Any]) -> str:
    """Return an id and its fields, for a reason that has no sentence."""
    shown = ", ".join(f"{name}={value}" for name, value in fields.items())
    return clean(f"{identity} ({shown})" if shown else identity)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:] if sentence.isascii() and sentence.endswith((".", "!")) else sentence


def _filled(catalog: Catalog, pattern: str, fields: Mapping[str, Any], language: str) -> str:
    """Return the pattern with its fields; a pattern that cannot be filled is returned with its fields behind it."""
    try:
        return _Sentence(catalog, language).vformat(pattern, (), fields)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return _bare(pattern, fields)


class _Sentence(string.Formatter):
    """Fills a sentence: ``{name}`` plainly, ``{name:seconds}`` as a figure with its unit in the language."""

    def __init__(self, catalog: Catalog, language: str) -> None:
        super().__init__()
        self._catalog = catalog
        self._language = language

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        """Return a field by its plain name; what a record lacks is said to be missing."""
        return kwargs.get(field_name), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return one field as text."""
        if format_spec == "time":
            return time_text(str(value), self._catalog.zone)
        if format_spec == "share":
            value, format_spec = (value * 100 if is_number(value) else value), "percent"
        if value is None or not format_spec:
            return self._plain(value)
        if format_spec in FORMATS:
            return quantity_text(self._catalog, value, format_spec, self._language)
        if format_spec in self._catalog.groups.get("units", {}):
            return _with_unit(self._catalog, Quantity(quantity(value, "number").digits, format_spec), self._language)
        return format(value, format_spec)

    def _plain(self, value: Any) -> str:
        if value is None:
            return "?"
        if isinstance(value, bool):
            return text(self._catalog, "texts", "yes" if value else "no", self._language)
        if isinstance(value, (list, tuple)):
            return ("、" if self._language == "ja" else ", ").join(self._plain(item) for item in value)
        if isinstance(value, Mapping):
            return clean(in_language(value, self._language))
        if isinstance(value, float) and is_number(value):
            return quantity(value, "number").digits.replace(",", "")
        return clean(value)
