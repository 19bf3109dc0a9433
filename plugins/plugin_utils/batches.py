# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch knows of its play: which hosts come after it, and what the batches before it have said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .fleet import Progress
from .plain import plain
from .play import batch_hosts


def part_of(task: Any) -> str:
    """Return the identity of a task's play: unique over all processes, and the same in all batches of the play."""
    return str(task.get_play()._uuid)


def job_name(variables: Mapping[str, Any], join: str, procedure: str) -> str | None:
    """Return the job that this play shares with others, None when it is one of its own.

    AWX makes a workflow of a sliced template, and names it like the template; other workflows put several orders
    together, and their jobs stay apart.

    Args:
        variables: variables of the task.
        join: the name that was given; empty takes that of AWX.
        procedure: what the play does.
    """
    if not join:
        for prefix in ("awx", "tower"):
            workflow, name = (plain(variables.get(f"{prefix}_workflow_job_{key}")) for key in ("id", "name"))
            if workflow and name and name == plain(variables.get(f"{prefix}_job_template_name")):
                join = f"awx-{workflow}"
                break
    return f"{join}-{procedure}" if join else None


def earlier_answers(variables: Mapping[str, Any], part: str) -> Iterator[Mapping[str, Any]]:
    """Yield what ``run_record`` has said of the earlier batches of this play, the newest first, as Ansible keeps it."""
    everyone = [str(host) for host in variables["ansible_play_hosts_all"]]
    own = batch_hosts(variables, part)
    place = everyone.index(own[0]) if own else 0
    while place > 0:
        # Batches follow each other in the order of the hosts: the host before this batch belongs to the one before.
        answer = variables["hostvars"].raw_get(everyone[place - 1]).get("run_recorded")
        if isinstance(answer, Mapping) and (answer.get("fleet") or {}).get("part") == part:
            yield answer
            place = min(everyone.index(str(host)) for host in answer["hosts"])
        else:
            place -= 1


def progress_before(variables: Mapping[str, Any], part: str) -> Progress:
    """Return what the earlier batches of this play have come to."""
    for answer in earlier_answers(variables, part):
        told = plain(answer["fleet"])
        return Progress(told["batch"], told["failed"], told["spared"])
    return Progress()


def hosts_left(variables: Mapping[str, Any], part: str) -> list[str]:
    """Return the hosts of later batches, without those that Ansible has given up in an earlier play."""
    everyone = [str(host) for host in variables["ansible_play_hosts_all"]]
    own = batch_hosts(variables, part)
    behind = everyone[everyone.index(own[-1]) + 1 :] if own else []
    alive = variables.get("ansible_play_hosts")
    return behind if alive is None else [host for host in behind if host in set(map(str, alive))]
