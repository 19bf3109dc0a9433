# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table at the end of a run: systems, verdicts, the reason that matters most, and where the report is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog import Catalog, in_language, load_catalog, reason_text, text
from ..store import NOT_RUN
from .notes import SEVERITY, check_title, findings
from .period import local_day
from .view_rows import action_name
from .width import cells, clean, cut, pad, wrap

#: ANSI colours of the states; bold, so that they also differ where colours are few.
_COLOURS = {"critical": "1;31", "unknown": "1;35", "warning": "1;33", "ok": "1;32"}
_COUNTED = ("ok", "warning", "unknown", "critical")
_GAP = "  "
#: Columns before it hold names, it and those behind it counts.
_FIRST_COUNT = 3
_NARROWEST = 40
_LONGEST_NAME = 28


def render_table(
    runs: Sequence[Mapping[str, Any]],
    *,
    reports: Sequence[str] = (),
    attestations: Sequence[Mapping[str, Any]] = (),
    language: str = "en",
    width: int = 100,
    colour: bool = False,
    catalog: Catalog | None = None,
) -> str:
    """Return the table of the runs, the worst first.

    Args:
        runs: the runs of this play, one per system instance.
        reports: paths of the files that were written.
        attestations: what a person has yet to look at: ``host``, ``title``, ``state`` and ``due``.
        language: ``en`` or ``ja``.
        width: cells of the terminal; what does not fit is wrapped, never cut off.
        colour: whether the output goes to a terminal that shows colours.
        catalog: sentences; None loads the collection's own.
    """
    sentences = catalog or load_catalog()
    width = max(width, _NARROWEST)
    ordered = sorted(runs, key=lambda run: (-SEVERITY[_state(run)], str(run.get("system")), str(run.get("host"))))
    rows = [_row(run, sentences, language) for run in ordered]
    header = [text(sentences, "texts", name, language) for name in ("system", "host", "verdict")]
    header += [text(sentences, "states", state, language) for state in _COUNTED]
    header += [text(sentences, "texts", name, language) for name in ("planned", "done")]
    widths = [max(cells(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [_line(header, widths, None, colour=False)]
    lines.append("─" * min(width, cells(lines[0])))
    said: set[str] = set()
    for run, row in zip(ordered, rows, strict=True):
        lines.append(_line(row, widths, _state(run), colour=colour))
        # All that was not run was not run for the same reason.
        why = str((run.get("failure") or {}).get("message")) if run.get("state") == NOT_RUN else ""
        lines += [] if why in said else _reason_lines(run, sentences, language, width)
        said |= {why} - {""}
        lines += _plan_lines(run, sentences, language, width)
        waiting = [item for item in attestations if item.get("host") == run.get("host")]
        lines += _attestation_lines(run, waiting, sentences, language, width)
    for number, path in enumerate(reports):
        label = text(sentences, "texts", "reports", language) + ":"
        lines.append(("" if number else "\n") + pad(label if number == 0 else "", cells(label)) + " " + clean(path))
    return "\n".join(lines) + "\n"


def terminal_table(
    runs: Sequence[Mapping[str, Any]],
    reports: Sequence[str] = (),
    language: str = "en",
    attestations: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the table as this terminal shows it: in its width, and in colour where Ansible uses colour.

    Args:
        runs: the runs of this play.
        reports: paths of the files that were written.
        language: ``en`` or ``ja``.
        attestations: what a person has yet to look at.
    """
    # Imported here: the rest of this file is usable without Ansible.
    from ansible.utils.color import ANSIBLE_COLOR

    width = shutil.get_terminal_size((100, 24)).columns
    return render_table(
        runs, reports=reports, attestations=attestations, language=language, width=width, colour=bool(ANSIBLE_COLOR)
    )


def _state(run: Mapping[str, Any]) -> str:
    state = str(run.get("state"))
    return state if state in SEVERITY else "unknown"


def _row(run: Mapping[str, Any], catalog: Catalog, language: str) -> list[str]:
    counts, actions = run.get("counts") or {}, run.get("actions") or []
    shown = NOT_RUN if run.get("state") == NOT_RUN else _state(run)
    verdict = text(catalog, "states", shown, language)
    priority = run.get("priority")
    return [
        cut(clean(run.get("system")), _LONGEST_NAME),
        cut(clean(run.get("host")), _LONGEST_NAME),
        f"{verdict} {clean(priority)}" if priority else verdict,
        *(str(int(counts.get(state) or 0)) for state in _COUNTED),
        *(str(sum(1 for action in actions if action.get("state") == state)) for state in ("planned", "done")),
    ]


def _line(row: Sequence[str], widths: Sequence[int], state: str | None, *, colour: bool) -> str:
    """Return a row in its columns: names to the left, counts to the right, the verdict in its colour."""
    columns = enumerate(zip(row, widths, strict=True))
    fields = [pad(value, width, right=column >= _FIRST_COUNT) for column, (value, width) in columns]
    if colour and state:
        fields[2] = f"\x1b[{_COLOURS[state]}m{fields[2]}\x1b[0m"
    return _GAP.join(fields).rstrip()


def _reason_lines(run: Mapping[str, Any], catalog: Catalog, language: str, width: int) -> list[str]:
    """Return the most important fault, wrapped under its system, and how many more there are."""
    found = findings(run)
    if not found:
        return []
    first = found[0]
    title = clean(in_language(check_title(run, first.check), language)) if first.check else ""
    stage = text(catalog, "stages", first.stage, language) if first.stage else ""
    if stage:
        stage = text(catalog, "texts", "failed", language, stage=stage)
    why = reason_text(catalog, first.reason, language, first.kind)
    said = " ".join(part for part in (why, clean(first.message)) if part)
    sentence = ": ".join(part for part in (title, stage, said) if part)
    if len(found) > 1:
        sentence += f" (+{len(found) - 1})"
    first_line, *rest = wrap(sentence, width - 4)
    return [f"  └ {first_line}", *(f"    {line}" for line in rest)]


def _plan_lines(run: Mapping[str, Any], catalog: Catalog, language: str, width: int) -> list[str]:
    """Return what was planned but not done: with ``--check`` that is what a real run would do."""
    actions = [action for action in run.get("actions") or [] if action.get("state") == "planned"]
    planned = [action_name(action, catalog, language) for action in actions]
    if not planned:
        return []
    first_line, *rest = wrap(f"{text(catalog, 'texts', 'planned', language)}: {', '.join(planned)}", width - 4)
    return [f"  → {first_line}", *(f"    {line}" for line in rest)]


def _attestation_lines(
    run: Mapping[str, Any], waiting: Sequence[Mapping[str, Any]], catalog: Catalog, language: str, width: int
) -> list[str]:
    """Return what a person has yet to look at, the overdue ones first, each with its day."""
    zone = str((run.get("profile") or {}).get("timezone") or "UTC")
    lines: list[str] = []
    for item in sorted(waiting, key=lambda each: str(each.get("due"))):
        state = text(catalog, "attestation_states", str(item.get("state")), language)
        title = clean(in_language(item.get("title"), language))
        day = local_day(str(item["due"]), zone)
        said = f"{state}: {text(catalog, 'texts', 'plan_attest', language, title=title, day=day)}"
        first_line, *rest = wrap(f"{said} [{clean(item.get('name'))}]", width - 4)
        lines += [f"  □ {first_line}", *(f"    {line}" for line in rest)]
    return lines
