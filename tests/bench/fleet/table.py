# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the fleet, and what is aimed at."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.fleet.jobs import Cost

#: What one AWX node takes in, about.
EVENTS_PER_SECOND = 1000
#: Events per host of a look: Ansible gives two for a task, when it begins and when it ends.
MOST_EVENTS_PER_HOST = 5
_MEGABYTE = 1_000_000
_HEADINGS = (
    *("hosts", "job", "wall s", "CPU s", "main MB", "RSS MB", "PSS MB"),
    *("events per host", "kB per host", "transactions", "rows per host"),
)
Rows = Mapping[tuple[str, int], Cost]


def render(rows: Rows, titles: Mapping[str, str]) -> str:
    """Return the rows as a Markdown table that is readable in a terminal."""
    lines = [list(_HEADINGS)]
    for (key, hosts), cost in sorted(rows.items(), key=lambda entry: entry[0][1]):
        memory = (cost.main_bytes, cost.resident_bytes, cost.proportional_bytes)
        lines.append(
            [
                *(str(hosts), titles[key], f"{cost.wall:.1f}", f"{cost.cpu:.1f}"),
                *(f"{figure / _MEGABYTE:.0f}" for figure in memory),
                *(f"{cost.events / hosts:.1f}", f"{cost.event_bytes / hosts / 1000:.1f}"),
                *(f"{cost.transactions:.0f}", f"{cost.rows / hosts:.1f}"),
            ]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    lines.insert(1, ["-" * width if column == 1 else "-" * (width - 1) + ":" for column, width in enumerate(widths)])
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if column == 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )


def goals(rows: Rows) -> list[str]:
    """Return a sentence for each thing that is aimed at and was measured."""
    sentences = []
    ours = {hosts: cost for (key, hosts), cost in rows.items() if key == "weekly"}
    peer = {hosts: cost for (key, hosts), cost in rows.items() if key == "tasks"}
    if ours:
        hosts, few = max(ours), min(ours)
        cost = ours[hosts]
        each, rate = cost.events / hosts, cost.events / cost.wall
        share = 100 * rate / EVENTS_PER_SECOND
        sentences += [
            f"weekly.yml on {hosts} hosts: {each:.1f} events per host (goal: at most {MOST_EVENTS_PER_HOST})",
            f"weekly.yml on {hosts} hosts: {rate:.0f} events per second, {share:.1f} % of what an AWX "
            f"node takes in (about {EVENTS_PER_SECOND})",
        ]
        if hosts > few:
            grown = (cost.main_bytes - ours[few].main_bytes) / (hosts - few) / 1000
            sentences.append(f"weekly.yml, {few} to {hosts} hosts: ansible-playbook grows by {grown:.0f} kB per host")
    for hosts in sorted(set(ours) & set(peer)):
        mine, theirs = ours[hosts], peer[hosts]
        events, time = theirs.events / mine.events, theirs.wall / mine.wall
        memory = theirs.proportional_bytes / mine.proportional_bytes
        sentences.append(
            f"one task per command on {hosts} hosts: {events:.1f} x the events, {time:.1f} x the time and "
            f"{memory:.1f} x the memory of weekly.yml"
        )
    return sentences
