# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: medians of the rounds, and ratios of what was measured side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Sample:
    """What one run cost, in seconds.

    Args:
        wall: from start to end.
        control_cpu: CPU of the controlling process and everything it started.
        host_cpu: CPU of all hosts together: everything below sshd.
    """

    wall: float
    control_cpu: float
    host_cpu: float

    @property
    def cpu(self) -> float:
        """CPU of controller and hosts together."""
        return self.control_cpu + self.host_cpu


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Args:
        hosts: how many hosts.
        title: the contestant.
        rounds: how many rounds the medians are of.
        wall: seconds.
        ratio: of wall time to the floor's, median of the rounds; None without a floor.
        cpu_ratio: the same of the CPU of controller and hosts together, which neighbours on the machine change less.
        control_cpu: seconds.
        host_cpu: seconds of CPU per host.
        bytes_per_host: payload of the connections.
    """

    hosts: int
    title: str
    rounds: int
    wall: float
    ratio: float | None
    cpu_ratio: float | None
    control_cpu: float
    host_cpu: float
    bytes_per_host: int


def summarise(hosts: int, title: str, samples: Sequence[Sample], floor: Sequence[Sample], bytes_per_host: int) -> Row:
    """Return the medians of a contestant.

    Neighbours on the machine slow down all contestants of a round alike, so the ratio is the median of the ratios
    within the rounds. A contestant with fewer rounds is compared with the floor of these rounds.

    Args:
        hosts: how many hosts.
        title: the contestant.
        samples: one per round.
        floor: the floor's samples of the same rounds.
        bytes_per_host: payload of the connections.
    """
    pairs = list(zip(samples, floor, strict=False))
    return Row(
        hosts=hosts,
        title=title,
        rounds=len(samples),
        wall=median(sample.wall for sample in samples),
        ratio=median(sample.wall / base.wall for sample, base in pairs) if pairs else None,
        cpu_ratio=median(sample.cpu / base.cpu for sample, base in pairs) if pairs else None,
        control_cpu=median(sample.control_cpu for sample in samples),
        host_cpu=median(sample.host_cpu for sample in samples) / hosts,
        bytes_per_host=bytes_per_host,
    )


_HEADINGS = (
    *("hosts", "contestant", "rounds", "wall s", "wall x (a)", "CPU x (a)"),
    *("control CPU s", "CPU s per host", "kB per host"),
)


def render(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table that is readable in a terminal."""
    lines = [list(_HEADINGS)]
    for row in rows:
        cells = [
            str(row.hosts),
            row.title,
            str(row.rounds),
            f"{row.wall:.1f}",
            _times(row.ratio),
            _times(row.cpu_ratio),
        ]
        lines.append([*cells, f"{row.control_cpu:.1f}", f"{row.host_cpu:.2f}", f"{row.bytes_per_host / 1000:.0f}"])
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    ruler = ["-" * width if column == 1 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    lines.insert(1, ruler)
    return "\n".join("| " + " | ".join(_padded(line, widths)) + " |" for line in lines)


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _padded(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if column == 1 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def goals(rows: Mapping[str, Mapping[int, Row]]) -> list[str]:
    """Return a sentence for each goal, each on as many hosts as it was measured on.

    Args:
        rows: rows by key of the contestant and number of hosts.
    """
    looks = rows.get("look", {})
    sentences = []
    for key, title in (("look", "the look"), ("weekly", "weekly.yml")):
        hosts = max(rows.get(key, {}), default=0)
        if hosts and rows[key][hosts].ratio is not None:
            ratio = rows[key][hosts].ratio
            sentences.append(f"{title} on {hosts} hosts: {ratio:.2f}x the floor (goal: at most 1.8x)")
    for key, title, goal in (("pyinfra", "pyinfra", 1), ("tasks", "one task per command", 12)):
        hosts = max(set(rows.get(key, {})) & set(looks), default=0)
        ratio, look = (row.ratio if (row := of.get(hosts)) else None for of in (rows.get(key, {}), looks))
        if ratio is not None and look is not None:
            # Not the seconds: a contestant with one round may have had the machine in a quieter moment.
            times = ratio / look
            sentences.append(f"{title} on {hosts} hosts: {times:.1f}x as long as the look (goal: more than {goal}x)")
    return sentences
