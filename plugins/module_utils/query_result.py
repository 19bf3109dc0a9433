# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a database query as an Observation, the same for every database."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Iterable, Sequence

from .model import Observation, Reason, Scalar

_CELL_CHARACTERS = 200


@dataclass(frozen=True)
class Answer:
    """Columns and the first rows of a query, as plain JSON values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]


def table_answer(columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Answer:
    """Return an answer whose cells are numbers, text or None.

    Args:
        columns: names of the columns.
        rows: cells as a database driver gives them.
    """
    return Answer(tuple(str(name) for name in columns), tuple(tuple(_scalar(cell) for cell in row) for row in rows))


def observe(answers: dict[str, Answer], unit: str, source: str) -> Observation:
    """Turn the answers of a check into its Observation.

    Args:
        answers: ``sql`` always; ``evidence_sql``, ``coverage_sql`` and ``queries.<metric>`` when they were asked.
        unit: of the value.
        source: what was read.

    Returns:
        The first column of the first row as value and the other columns as metrics. No row, or NULL, is no figure:
        the engine makes that ``unknown`` as soon as a level is asked of it.
    """
    answer = answers["sql"]
    first = answer.rows[0] if answer.rows else tuple(None for _name in answer.columns)
    metrics = dict(zip(answer.columns[1:], first[1:]))
    for name, further in answers.items():
        if name.startswith("queries."):
            metrics[name[len("queries.") :]] = _first_cell(further)
    coverage = _first_cell(answers["coverage_sql"]) if "coverage_sql" in answers else None
    evidence = answers.get("evidence_sql", Answer((), ()))
    value = first[0] if first else None
    no_figure = Reason("query_without_figure", {"source": source}) if value is None else None
    return Observation(
        value=value,
        unit=unit,
        reason=no_figure,
        metrics={answer.columns[0] if answer.columns else "value": value, **metrics},
        evidence=[evidence_line(evidence.columns, row) for row in evidence.rows],
        coverage=min(1.0, max(0.0, float(coverage))) if isinstance(coverage, (int, float)) else None,
        source=source,
    )


def evidence_line(columns: Sequence[str], row: Sequence[Scalar]) -> str:
    """Return one row as ``name=value`` pairs; a single column needs no name."""
    cells = ["-" if cell is None else str(cell)[:_CELL_CHARACTERS] for cell in row]
    if len(columns) == 1:
        return cells[0]
    return "  ".join(f"{name}={cell}" for name, cell in zip(columns, cells))


def _first_cell(answer: Answer) -> Scalar:
    return answer.rows[0][0] if answer.rows and answer.rows[0] else None


def _scalar(cell: Any) -> Scalar:
    if cell is None or isinstance(cell, (int, str)):
        return int(cell) if isinstance(cell, bool) else cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return f"{len(bytes(cell))} bytes"
    return str(cell)
