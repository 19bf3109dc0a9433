# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test hosts are: read from the inventory that the plays use, so that nothing is said twice."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
INVENTORY = CHECKOUT / "extensions" / "molecule" / "inventory"
#: Hosts that only some tests need, and that start when they are named; given beside INVENTORY.
FURTHER = CHECKOUT / "tests" / "hosts" / "inventory"
IMAGES = Path(__file__).resolve().parent / "images"
CONTAINERS_CONF = Path(__file__).resolve().parent / "containers.conf"
CACHE = CHECKOUT / ".cache" / "hosts"

#: Which set of hosts this is; every set has containers and a network of its own, so that several checkouts can test.
HOSTS_SET = int(os.environ.get("AIOPS_TEST_HOSTS_SET") or 0)
CONTAINER_PREFIX = f"aiops-{HOSTS_SET}-" if HOSTS_SET else "aiops-"
NETWORK = f"{CONTAINER_PREFIX}hosts"
_NET = f"10.87.{61 + HOSTS_SET}"
SUBNET = f"{_NET}.0/24"


@dataclass(frozen=True)
class Host:
    """One test host.

    Attributes:
        name: Inventory name, which is also its host name.
        address: Its fixed IPv4 address inside SUBNET.
        image: Folder of its image below `images/`.
        privileged: Whether it runs containers of its own.
        capabilities: What else its root may do, such as NET_ADMIN for a firewall of its own.
    """

    name: str
    address: str
    image: str
    privileged: bool
    capabilities: tuple[str, ...] = ()

    @property
    def container(self) -> str:
        """Return the container's name."""
        return CONTAINER_PREFIX + self.name


def load_hosts(inventory: Path = INVENTORY / "hosts.yml") -> tuple[Host, ...]:
    """Return the hosts of the inventory, in its order.

    Raises:
        KeyError: A host lacks `test_host_number` or `test_host_image`.
    """
    groups = yaml.safe_load(inventory.read_text(encoding="utf-8"))["test_hosts"]["children"]
    return tuple(
        Host(
            name=name,
            address=f"{_NET}.{variables['test_host_number']}",
            image=variables["test_host_image"],
            privileged=variables.get("test_host_privileged", False),
            capabilities=tuple(variables.get("test_host_capabilities", ())),
        )
        for group in groups.values()
        for name, variables in group.get("hosts", {}).items()
    )


def all_hosts() -> tuple[Host, ...]:
    """Return the hosts of both inventories."""
    return load_hosts() + load_hosts(FURTHER / "hosts.yml")
