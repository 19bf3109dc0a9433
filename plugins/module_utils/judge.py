# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels: the one place where a figure is compared with a limit."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from typing import Callable

from .errors import ProfileError
from .model import CRITICAL, OK, UNKNOWN, WARNING, Scalar

# The operator is part of the level: "80 %+" and "> 80 %" differ by exactly one figure, and both stand in runbooks.
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_LEVEL = re.compile(r"^\s*(>=|<=|==|!=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$")


@dataclass(frozen=True)
class Level:
    """A limit with its operator, such as ``>= 80``."""

    sign: str
    limit: float
    text: str

    def reached(self, value: float) -> bool:
        """Tell whether the figure is at this level."""
        return _OPERATORS[self.sign](value, self.limit)


def parse_level(text: str | None, where: str = "level") -> Level | None:
    """Read a level such as ``">= 80"``; None stays None.

    Raises:
        ProfileError: names ``where`` and shows how a level is written.
    """
    if text is None:
        return None
    match = _LEVEL.match(str(text))
    if match is None:
        raise ProfileError(
            f"{where} is {text!r}, which is not a level",
            'Write an operator and a number, such as ">= 80" or "< 30"',
        )
    return Level(match.group(1), float(match.group(2)), f"{match.group(1)} {match.group(2)}")


def judge(value: Scalar, warning: Level | None, critical: Level | None) -> tuple[str, Level | None]:
    """Compare a figure with its levels.

    Returns:
        The state and the level that was reached. A figure that is missing or not a number is ``unknown`` as soon as
        a level is asked of it, never ``ok``.
    """
    if warning is None and critical is None:
        return OK, None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return UNKNOWN, None
    if critical is not None and critical.reached(value):
        return CRITICAL, critical
    if warning is not None and warning.reached(value):
        return WARNING, warning
    return OK, None
