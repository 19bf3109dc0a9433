# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry of a small line chart: numbers in, coordinates out. What draws them is the page's template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 320
HEIGHT = 84
#: Room for the dot of the last figure and the thickness of the line.
MARGIN = 6


@dataclass(frozen=True)
class Chart:
    """A line chart in a box of `WIDTH` by `HEIGHT`.

    Args:
        line: points of the line, as SVG wants them.
        area: the same closed along the bottom.
        last: coordinates of the last point.
        marks: height of each level within the box, by its name.
        levels_shown: name and figure of those levels.
        lowest, highest: what the bottom and the top of the figures stand for.
    """

    line: str
    area: str
    last: tuple[float, float]
    marks: Sequence[tuple[str, float]]
    levels_shown: Sequence[tuple[str, float]]
    lowest: float
    highest: float


def draw(points: Sequence[tuple[float, float]], levels: Sequence[tuple[str, float]] = ()) -> Chart:
    """Return the chart of some points.

    The box holds the figures; a level is drawn when it lies near enough that the figures can still be told apart.

    Args:
        points: at least one pair of time and figure, in the order of time.
        levels: name and figure of each level.
    """
    figures = [figure for _when, figure in points]
    lowest, highest = min(figures), max(figures)
    reach = max(highest - lowest, abs(highest) * 0.05, abs(lowest) * 0.05, 1e-9)
    shown = [(name, level) for name, level in levels if lowest - 2 * reach <= level <= highest + 2 * reach]
    bottom = min([lowest, *(level for _name, level in shown)])
    top = max([highest, *(level for _name, level in shown)])
    if top - bottom < reach:
        # A figure that hardly moves is a flat line in the middle, not a mountain range of rounding errors.
        middle = (top + bottom) / 2
        bottom, top = middle - reach / 2, middle + reach / 2
    first, last = points[0][0], points[-1][0]
    span = (last - first) or 1.0

    def across(when: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (when - first) / span, 1)

    def down(figure: float) -> float:
        return round(MARGIN + (HEIGHT - 2 * MARGIN) * (top - figure) / (top - bottom), 1)

    corners = [(across(when), down(figure)) for when, figure in points]
    line = " ".join(f"{x:g},{y:g}" for x, y in corners)
    area = f"{corners[0][0]:g},{HEIGHT} {line} {corners[-1][0]:g},{HEIGHT}"
    marks = [(name, down(level)) for name, level in shown]
    return Chart(line, area, corners[-1], marks, shown, lowest, highest)
