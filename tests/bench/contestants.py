# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of doing the weekly checks that are compared, each as one command line for a number of hosts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.bench.commands import commands, script
from tests.bench.places import BINARIES, CACHE, CHECKOUT, SYSTEM, addresses
from tests.bench.server import Client

# Keys of a check that only profiles and reports need.
_CONTROL_KEYS = ("title", "availability", "every")
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Bench:
    """What all contestants are given.

    Args:
        hosts: how many hosts.
        forks: how many of them at the same time.
        client: how they are reached.
        port: where the application's health is asked for.
    """

    hosts: int
    forks: int
    client: Client
    port: int


@dataclass(frozen=True)
class Order:
    """A command line, ready to be run and measured."""

    argv: list[str]
    stdin: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """One way of doing the checks.

    Args:
        key: short name, for the command line.
        title: how the table calls it.
        order: builds its command line.
    """

    key: str
    title: str
    order: Callable[[Bench], Order]


def _floor(bench: Bench) -> Order:
    text = script(commands(SYSTEM, bench.port))
    ssh = ["ssh", "-F", str(bench.client.config), "@HOST@", text]
    argv = ["xargs", "-P", str(bench.forks), "-I", "@HOST@", *ssh]
    return Order(argv, "".join(f"{host}\n" for host in addresses(bench.hosts)))


def _weekly(bench: Bench) -> Order:
    return _playbook(bench, "playbooks/weekly.yml")


def _retention(bench: Bench) -> Order:
    return _playbook(bench, "playbooks/retention.yml")


def _look(bench: Bench) -> Order:
    return _playbook(bench, str(_HERE / "look.yml"))


def _tasks(bench: Bench) -> Order:
    steps = [
        {"name": name, "ansible.builtin.shell": text, "changed_when": False}
        for name, text in commands(SYSTEM, bench.port).items()
    ]
    play = {"name": "The runbook, transcribed", "hosts": "bench", "gather_facts": False, "tasks": steps}
    return _playbook(bench, str(_written("tasks.yml", yaml.safe_dump([play], sort_keys=False))))


def _pyinfra(bench: Bench) -> Order:
    data = {
        "ssh_user": bench.client.user,
        "ssh_port": bench.client.port,
        "ssh_key": str(bench.client.key),
        "ssh_config_file": str(bench.client.config),
        "ssh_known_hosts_file": str(bench.client.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    inventory = _written("pyinfra_inventory.py", f"hosts = ({addresses(bench.hosts)!r}, {data!r})\n")
    operations = [
        f"server.shell(name={name!r}, commands=[{text!r}])\n" for name, text in commands(SYSTEM, bench.port).items()
    ]
    deploy = _written("pyinfra_deploy.py", "".join(["from pyinfra.operations import server\n", *operations]))
    return Order([str(BINARIES / "pyinfra"), "-y", "--parallel", str(bench.forks), str(inventory), str(deploy)])


FLOOR = Contestant("floor", "(a) one ssh per host, one shell script", _floor)
CONTESTANTS = (
    FLOOR,
    Contestant("look", "ours: the look (checks_info alone)", _look),
    Contestant("weekly", "ours: playbooks/weekly.yml, recorded and reported", _weekly),
    Contestant("pyinfra", "(c) pyinfra, one operation per command", _pyinfra),
    Contestant("tasks", "(b) one Ansible task per command, tuned", _tasks),
)


def fleet_contestants() -> tuple[Contestant, ...]:
    """Return what is compared on a whole fleet: a look, a procedure that acts, and the plain tasks."""
    chosen = [one for one in CONTESTANTS if one.key in ("weekly", "tasks")]
    acting = Contestant("retention", "ours: playbooks/retention.yml, one action, three batches", _retention)
    return (chosen[0], acting, *chosen[1:])


def _playbook(bench: Bench, playbook: str) -> Order:
    argv = [str(BINARIES / "ansible-playbook"), playbook, "-i", str(_HERE / "inventory"), "-i", str(_inventory(bench))]
    return Order(
        argv,
        environment={
            "AIOPS_STATE_DIR": str(CACHE / "state"),
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".cache" / "collections"),
            "ANSIBLE_FORKS": str(bench.forks),
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_SSH_ARGS": f"-F {bench.client.config}",
            "ANSIBLE_NOCOLOR": "1",
        },
    )


def _inventory(bench: Bench) -> Path:
    """Write the hosts and the site's values; the profile is in inventory/group_vars."""
    profile = yaml.safe_load((_HERE / "inventory" / "group_vars" / "bench.yml").read_text(encoding="utf-8"))
    look = [
        {key: value for key, value in check.items() if key not in _CONTROL_KEYS} for check in profile["system_checks"]
    ]
    values: dict[str, Any] = {
        "bench_root": str(SYSTEM),
        "bench_port": bench.port,
        "look_checks": look,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    group = {"hosts": {address: {} for address in addresses(bench.hosts)}, "vars": values}
    return _written(f"hosts-{bench.hosts}.json", json.dumps({"all": {"children": {"bench": group}}}))


def _written(name: str, text: str) -> Path:
    path = CACHE / name
    path.write_text(text, encoding="utf-8")
    return path


def environment(order: Order) -> dict[str, str]:
    """Return the environment of a contestant: this one's without Ansible's settings, and its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AIOPS_"))}
    return {**inherited, **order.environment}
