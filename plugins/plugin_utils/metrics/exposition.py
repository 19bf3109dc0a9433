# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text format of Prometheus, version 0.0.4: families of samples, escaped as the format wants it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Family:
    """One metric with all of its samples.

    Args:
        name: the metric's name, with its unit.
        help: what it is, in a sentence.
        samples: value by labels; the same labels twice is one sample, the later one.
    """

    name: str
    help: str
    samples: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)

    def add(self, value: float, **labels: object) -> None:
        """Add one sample; a value that is no number at all is left out."""
        if not math.isnan(value):
            self.samples[tuple((name, str(text)) for name, text in labels.items() if text is not None)] = float(value)


def exposition(families: Iterable[Family]) -> str:
    """Return the families that have samples as text, each with its HELP and TYPE; every figure is a gauge."""
    lines = []
    for family in families:
        if family.samples:
            lines += [f"# HELP {family.name} {_help(family.help)}", f"# TYPE {family.name} gauge"]
            lines += [f"{family.name}{_labels(dict(each))} {_number(value)}" for each, value in family.samples.items()]
    return "".join(line + "\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}" if labels else ""


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _escaped(text: str) -> str:
    return _help(text).replace('"', '\\"')


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
