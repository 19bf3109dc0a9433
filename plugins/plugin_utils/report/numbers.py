# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers as a report prints them: no float noise, thousands separators, one unit chosen by size.

Nothing here knows a language: every function returns the digits and the name of a unit, so that an English and a
Japanese report cannot differ in a figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, TypeGuard

#: Formats that a report line may ask for.
FORMATS = (
    "count",
    "number",
    "percent",
    "change",
    "seconds",
    "milliseconds",
    "minutes",
    "bytes",
    "days",
    "usd",
    "text",
    "state",
)
#: What a Result's unit is printed as.
FORMAT_OF_UNIT = {
    "%": "percent",
    "s": "seconds",
    "ms": "milliseconds",
    "B": "bytes",
    "days": "days",
    "count": "count",
    "USD": "usd",
}
_FORMAT_OF_SUFFIX = {
    "percent": "percent",
    "seconds": "seconds",
    "ms": "milliseconds",
    "bytes": "bytes",
    "days": "days",
    "usd": "usd",
}
_BYTE_UNITS = ("bytes", "kib", "mib", "gib", "tib", "pib")
#: Seconds up to which a duration stays in seconds: response times are read in seconds, ages are not.
_SECONDS_LIMIT = 120
_MINUTES_LIMIT = 2 * 3600
_HOURS_LIMIT = 72 * 3600
#: Beyond it a figure is a mistake somewhere, but still no reason to lose a report.
_DIGITS_LIMIT = 18


@dataclass(frozen=True)
class Quantity:
    """The digits of a figure and the name of its unit (``percent``, ``seconds``, ``gib``, ...)."""

    digits: str
    unit: str


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether the value is a finite number; a boolean is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    return Decimal(str(value)).is_finite()


def format_of(metric: str | None, unit: str | None) -> str:
    """Return the format of a metric from the unit of its Result, or from the unit in its name.

    Args:
        metric: name such as ``p95_seconds``; None for a Result's own value.
        unit: the Result's unit, when the metric is the Result's value.
    """
    if unit in FORMAT_OF_UNIT:
        return FORMAT_OF_UNIT[unit]
    suffix = (metric or "").rsplit("_", 1)[-1]
    if suffix in _FORMAT_OF_SUFFIX:
        return _FORMAT_OF_SUFFIX[suffix]
    if "days" in (metric or "").split("_"):
        return "days"
    return "number"


def decimal_text(value: Any, places: int = 2, *, floor: bool = False) -> str:
    """Return a number with thousands separators and at most ``places`` decimals, without trailing zeros.

    Args:
        value: a finite number.
        places: decimals kept.
        floor: cut instead of rounding, so that 99.999 never reads as 100.
    """
    exact = Decimal(str(value))
    if exact.adjusted() > _DIGITS_LIMIT:
        return f"{exact:.3g}"
    step = Decimal(1).scaleb(-places)
    rounded = exact.quantize(step, rounding=ROUND_FLOOR if floor else ROUND_HALF_UP)
    if rounded == 0 and exact != 0 and not floor:
        # A small figure is not zero: keep its first significant digit.
        rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted()), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def quantity(value: Any, form: str, places: int | None = None) -> Quantity:
    """Return a figure's digits and unit.

    Args:
        value: the figure; anything but a finite number is passed through as text.
        form: one of `FORMATS`.
        places: decimals kept; None takes those of the format.
    """
    if not is_number(value):
        return Quantity("" if value is None else str(value), "text")
    if form == "bytes":
        return _bytes_quantity(value, places)
    if form == "seconds":
        return _duration_quantity(value, places)
    if form == "change":
        digits = decimal_text(value, 1 if places is None else places)
        return Quantity(digits if digits == "0" or digits.startswith("-") else f"+{digits}", "percent")
    if form == "usd":
        return Quantity(_money_text(value, places), "usd")
    if form == "milliseconds":
        return Quantity(decimal_text(value, 1 if places is None else places), "milliseconds")
    if form == "days":
        return Quantity(decimal_text(value, 1 if places is None else places), "days")
    if form in ("count", "percent", "minutes"):
        return Quantity(decimal_text(value, 2 if places is None else places), form)
    return Quantity(decimal_text(value, 2 if places is None else places), "number")


def _bytes_quantity(value: Any, places: int | None) -> Quantity:
    """Return a size in the largest binary unit that keeps it at one or more."""
    amount = Decimal(str(value))
    index = 0
    while abs(amount) >= 1024 and index < len(_BYTE_UNITS) - 1:
        amount /= 1024
        index += 1
    return Quantity(decimal_text(amount, 1 if places is None else places), _BYTE_UNITS[index])


def _duration_quantity(value: Any, places: int | None) -> Quantity:
    """Return a duration in seconds, minutes, hours or days, whichever a person would say."""
    amount = Decimal(str(value))
    if abs(amount) <= _SECONDS_LIMIT:
        return Quantity(decimal_text(amount, 2 if places is None else places), "seconds")
    if abs(amount) <= _MINUTES_LIMIT:
        return Quantity(decimal_text(amount / 60, 1 if places is None else places), "minutes")
    if abs(amount) <= _HOURS_LIMIT:
        return Quantity(decimal_text(amount / 3600, 1 if places is None else places), "hours")
    return Quantity(decimal_text(amount / 86400, 1 if places is None else places), "days")


def _money_text(value: Any, places: int | None) -> str:
    """Return an amount with two decimals, or four when it is below one cent."""
    amount = Decimal(str(value))
    if amount.adjusted() > _DIGITS_LIMIT:
        return f"{amount:.3g}"
    if places is None:
        places = 2 if amount == 0 or abs(amount) >= Decimal("0.01") else 4
    return f"{amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP):,f}"
