# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts' life: started when they do not run as defined, waited for until systemd says `running`, taken down."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hosts import report, ssh
from tests.hosts.containers import PodmanError, exists, podman
from tests.hosts.definition import NETWORK, SUBNET, Host, all_hosts
from tests.hosts.images import ensure_image, image_name, remove_outdated

#: A host boots in five seconds; seven of them on a busy machine take their time.
BOOT_SECONDS = 300
#: Which container has which address.
ADDRESSES = Path("/run/containers/networks/ipam.db")
DEFINITION_LABEL = "aiops.definition"
# A file system small enough to be filled in a test without touching the machine's own.
SMALL_VOLUME = "type=tmpfs,destination=/srv/volume,tmpfs-size=32m"


class HostError(Exception):
    """A host did not come up; the message names the host and the failed units."""


def up(hosts: Sequence[Host]) -> list[Host]:
    """Build, start and wait for hosts; return those that are new, which therefore hold no system yet.

    Raises:
        PodmanError: An image, the network or a container could not be made.
        HostError: A host's systemd did not reach `running`.
    """
    ensure_image("base")
    names = sorted({host.image for host in hosts})
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        images = dict(zip(names, pool.map(ensure_image, names), strict=True))
    if not exists("network", NETWORK):
        forget_killed_runs()
        podman("network", "create", "--disable-dns", "--subnet", SUBNET, NETWORK)
    ssh.ensure_key()
    with ThreadPoolExecutor(max_workers=len(hosts)) as pool:
        fresh = pool.map(lambda host: start(host, images[host.image]), hosts)
        started = [host for host, new in zip(hosts, fresh, strict=True) if new]
        if started:
            with report.step(f"Waiting for {', '.join(host.name for host in started)} to boot"):
                list(pool.map(wait_until_running, started))
        ssh.write_client_files(hosts, dict(zip(hosts, pool.map(ssh.enrol, hosts), strict=True)))
    # Also the images of hosts that are not asked for now.
    remove_outdated({*(image_name(host.image) for host in all_hosts()), image_name("base")})
    return started


def forget_killed_runs() -> None:
    """Remove what a killed run has left of the network: addresses, and bridges into which nothing is plugged.

    Podman 4 never gives back the address of a container that was removed in the middle of its start; what it keeps
    of addresses is thrown away when there is no container at all.
    """
    if not podman("ps", "--all", "--quiet"):
        ADDRESSES.unlink(missing_ok=True)
    listed = subprocess.run(
        ["ip", "-json", "address", "show", "type", "bridge"], capture_output=True, text=True, check=True, timeout=10
    )
    subnet = ipaddress.ip_network(SUBNET)
    for bridge in json.loads(listed.stdout or "[]"):
        addresses = [ipaddress.ip_address(each["local"]) for each in bridge.get("addr_info", ()) if "local" in each]
        if "NO-CARRIER" in bridge["flags"] and any(address in subnet for address in addresses):
            subprocess.run(["ip", "link", "delete", bridge["ifname"]], check=True, timeout=10)


def start(host: Host, image: str) -> bool:
    """Start one container unless it already runs with this very definition; return whether it is new."""
    arguments = [
        "--name", host.container, "--hostname", host.name, "--systemd=always",
        "--network", NETWORK, "--ip", host.address, "--mount", SMALL_VOLUME,
    ]  # fmt: skip
    if host.privileged:
        # Docker's storage cannot lie on a container's overlay: an anonymous volume is an ordinary directory.
        arguments += ["--privileged", "--volume", "/var/lib/docker"]
    arguments += [f"--cap-add={capability}" for capability in host.capabilities]
    definition = hashlib.sha256(json.dumps([arguments, image]).encode()).hexdigest()[:12]
    if running_definition(host) == definition:
        return False
    remove(host)
    podman("run", "--detach", "--label", f"{DEFINITION_LABEL}={definition}", *arguments, image, "/lib/systemd/systemd")
    return True


def running_definition(host: Host) -> str | None:
    """Return the definition that a running container was started with, or None."""
    if not exists("container", host.container):
        return None
    found = json.loads(podman("container", "inspect", host.container))[0]
    return found["Config"]["Labels"].get(DEFINITION_LABEL) if found["State"]["Running"] else None


def wait_until_running(host: Host) -> None:
    """Return when systemd has started everything.

    Raises:
        HostError: It says something else than `running`, or takes longer than BOOT_SECONDS.
    """
    deadline = time.monotonic() + BOOT_SECONDS
    state = "not asked"
    while time.monotonic() < deadline:
        # The state is the command's answer; its return code is non-zero for all states but one.
        state = podman("exec", host.container, "sh", "-c", "systemctl is-system-running 2>&1 || true")
        if state == "running":
            return
        if state == "degraded":
            failed = podman("exec", host.container, "systemctl", "--failed", "--plain", "--no-legend")
            raise HostError(f"{host.name} is degraded: {failed}")
        time.sleep(0.3)
    jobs = podman("exec", host.container, "systemctl", "list-jobs", "--plain", "--no-legend")
    raise HostError(f"{host.name} is still `{state}` after {BOOT_SECONDS} s; waiting: {jobs}")


def remove(host: Host) -> None:
    """Remove a host with everything on it, if it exists."""
    podman("rm", "--force", "--volumes", "--ignore", "--time", "2", host.container)


def down(hosts: Sequence[Host]) -> None:
    """Remove hosts, and with the last one the network and the key that opened them; images stay, they are the cache."""
    with ThreadPoolExecutor(max_workers=len(hosts)) as pool:
        list(pool.map(remove, hosts))
    if podman("ps", "--all", "--quiet", "--filter", f"network={NETWORK}"):
        return
    if exists("network", NETWORK):
        podman("network", "rm", NETWORK)
    shutil.rmtree(ssh.DIRECTORY, ignore_errors=True)


def describe(hosts: Sequence[Host]) -> list[str]:
    """Return one line per host: name, address, what its systemd says."""
    lines = []
    for host in hosts:
        try:
            state = podman("exec", host.container, "sh", "-c", "systemctl is-system-running || true")
        except PodmanError:
            state = "down"
        lines.append(f"{host.name:14} {host.address:14} {state}")
    return lines
