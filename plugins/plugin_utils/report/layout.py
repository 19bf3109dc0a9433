# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines a system's report has: those of its profile, or a standard layout made from its checks."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

STANDARD_LAYOUT = Path(__file__).resolve().parents[3] / "roles" / "report" / "files" / "standard_layout.yml"

Section = Mapping[str, Any]


@functools.lru_cache(maxsize=2)
def load_standard_layout(path: Path = STANDARD_LAYOUT) -> Mapping[str, Any]:
    """Read the standard layout: order of the sections, lines that always stand, lines per check kind."""
    content = yaml_load(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def sections_of(
    run: Mapping[str, Any], procedure: str, runs: Sequence[Mapping[str, Any]], standard: Mapping[str, Any]
) -> list[Section]:
    """Return the sections of a run's report: ``section``, ``title`` and ``lines``.

    Args:
        run: the report's own run, whose profile is asked for a layout.
        procedure: ``weekly`` and so on.
        runs: all runs of the instance, which know the kinds of the checks.
        standard: the standard layout, see `load_standard_layout`.
    """
    stated = ((run.get("profile") or {}).get("report") or {}).get(procedure)
    if stated:
        return [section for section in stated if isinstance(section, Mapping)]
    return standard_sections(_kinds(run, runs), standard, procedure)


def _kinds(run: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the kind of each check of the profile, in the profile's order, as its newest Result names it."""
    known = {str(result.get("check")): str(result.get("kind")) for each in runs for result in each.get("results") or []}
    checks = (run.get("profile") or {}).get("checks") or {}
    return {check: known[check] for check in [*checks, *known] if check in known and (not checks or check in checks)}


def standard_sections(
    kinds: Mapping[str, str], standard: Mapping[str, Any], procedure: str = "weekly"
) -> list[Section]:
    """Make a layout from the kinds of a system's checks.

    Args:
        kinds: kind per check name.
        standard: the standard layout.
        procedure: whose own lines stand besides those that all procedures have.
    """
    own = (standard.get("procedures") or {}).get(procedure) or {}
    lines: dict[str, list[Mapping[str, Any]]] = {
        name: list(always) for name, always in {**(standard.get("always") or {}), **own}.items()
    }
    for check, kind in kinds.items():
        for line in (standard.get("kinds") or {}).get(kind, [{"section": "checks"}]):
            placed = {key: value for key, value in line.items() if key != "section"}
            lines.setdefault(str(line["section"]), []).append({**placed, "check": check, "standard": True})
    order = [str(name) for name in standard.get("sections") or []]
    return [{"section": name, "lines": lines[name]} for name in order if name in lines]
