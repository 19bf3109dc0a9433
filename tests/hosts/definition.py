# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test hosts are: read from the inventory that the plays use, so that nothing is said twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
INVENTORY = CHECKOUT / "extensions" / "molecule" / "inventory"
IMAGES = Path(__file__).resolve().parent / "images"
CONTAINERS_CONF = Path(__file__).resolve().parent / "containers.conf"
CACHE = CHECKOUT / ".cache" / "hosts"

NETWORK = "aiops-hosts"
SUBNET = "10.87.61.0/24"
CONTAINER_PREFIX = "aiops-"


@dataclass(frozen=True)
class Host:
    """One test host.

    Attributes:
        name: Inventory name, which is also its host name.
        address: Its fixed IPv4 address inside SUBNET.
        image: Folder of its image below `images/`.
        privileged: Whether it runs containers of its own.
    """

    name: str
    address: str
    image: str
    privileged: bool

    @property
    def container(self) -> str:
        """Return the container's name."""
        return CONTAINER_PREFIX + self.name


def load_hosts(inventory: Path = INVENTORY / "hosts.yml") -> tuple[Host, ...]:
    """Return the hosts of the inventory, in its order.

    Raises:
        KeyError: A host lacks `ansible_host` or `test_host_image`.
    """
    groups = yaml.safe_load(inventory.read_text(encoding="utf-8"))["test_hosts"]["children"]
    return tuple(
        Host(
            name=name,
            address=variables["ansible_host"],
            image=variables["test_host_image"],
            privileged=variables.get("test_host_privileged", False),
        )
        for group in groups.values()
        for name, variables in group.get("hosts", {}).items()
    )
