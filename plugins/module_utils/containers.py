# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``docker inspect`` and ``docker stats`` say of a container, as plain values (SBX-05, SBX-11, SBX-14, SBX-22)."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Mapping

from .errors import CheckError
from .logs.timestamps import TimestampReader
from .zones import Zone, zone

_UTC = Zone([], [], 0, None)
_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([kKmMgGtTpP]?)(i?)B?\s*$")
_OFFSET = re.compile(r"^([+-])(\d\d):?(\d\d)$")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_MONTH_SECONDS = 30 * 86400
#: Docker writes this year for what has not happened.
_NEVER = "0001-"


@dataclass(frozen=True)
class Container:
    """One container.

    Args:
        name: without the leading slash.
        status: ``running``, ``exited``, ``restarting`` ...
        health: ``healthy``, ``unhealthy``, ``starting`` or empty when it has no health check.
        started: seconds since the epoch, None when it never started.
        time_zone: the variable TZ, None when it is not set.
        local_time_mounted: its /etc/localtime comes from outside.
        memory_limit_bytes: None when there is no limit.
        cpu_limit_cores: None when there is no limit.
    """

    name: str
    status: str
    health: str = ""
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    restarts: int | None = None
    started: float | None = None
    log_driver: str = ""
    log_options: dict[str, str] = field(default_factory=dict)
    time_zone: str | None = None
    local_time_mounted: bool = False
    memory_limit_bytes: int | None = None
    cpu_limit_cores: float | None = None
    health_output: str = ""


@dataclass(frozen=True)
class Usage:
    """What a container uses at one moment; ``cpu_percent`` of one core."""

    name: str
    cpu_percent: float | None
    memory_bytes: int | None
    memory_percent: float | None


def read_inspection(text: str) -> list[Container] | None:
    """Read the answer of ``docker inspect``; None when it is not understood."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return None
    return [_container(one) for one in found]


def read_usage(text: str) -> list[Usage]:
    """Read the answer of ``docker stats --no-stream --format '{{json .}}'``; lines that are none are passed over."""
    usages = []
    for line in text.splitlines():
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            used = str(data.get("MemUsage") or "").partition("/")[0]
            usages.append(
                Usage(
                    str(data.get("Name") or ""),
                    _percent(data.get("CPUPerc")),
                    size_bytes(used),
                    _percent(data.get("MemPerc")),
                )
            )
    return usages


def size_bytes(text: str) -> int | None:
    """Read a size such as ``10m`` (a power of 1024, as in options), ``1.5GiB`` or ``20kB``; None when it is none."""
    match = _SIZE.match(str(text))
    if match is None:
        return None
    number, power, binary = match.groups()
    decimal = bool(power) and not binary and str(text).strip().endswith("B")
    base = 1000.0 if decimal else 1024.0
    return round(float(number) * math.pow(base, _POWERS[power.lower()]))


def log_fault(container: Container, driver: str | None, options: Mapping[str, Any]) -> str:
    """Return how a container's log differs from what is expected; empty when it is as it should be.

    A log that may grow to less than the limit, or has fewer files, is within it.

    Args:
        container: as inspected.
        driver: such as ``json-file``; None expects nothing.
        options: such as ``max-size: 10m`` and ``max-file: 3``.
    """
    if driver is None:
        return ""
    if container.log_driver != driver:
        return f"driver {container.log_driver or 'none'}"
    for name, wanted in options.items():
        found = container.log_options.get(str(name))
        if found is None:
            return f"no {name}"
        found_bytes, wanted_bytes = size_bytes(found), size_bytes(str(wanted))
        if found_bytes is None or wanted_bytes is None:
            if found != str(wanted):
                return f"{name} {found}"
        elif found_bytes > wanted_bytes:
            return f"{name} {found}"
    return ""


def time_zone_fault(container: Container, clock_offset: str | None, wanted: str, now: float) -> str:
    """Return what zone a container is in when it is another than it should be; empty when they agree.

    A zone that only agrees in winter is another zone: the offsets of the coming year are compared.

    Args:
        container: as inspected.
        clock_offset: what ``date +%z`` says inside, None when it could not be asked.
        wanted: IANA name.
        now: seconds since the epoch.
    """
    expected = zone(wanted)
    named = (container.time_zone or "UTC").lstrip(":")
    match = _OFFSET.match((clock_offset or "").strip())
    if match is not None:
        seconds = (int(match.group(2)) * 60 + int(match.group(3))) * 60
        if (seconds if match.group(1) == "+" else -seconds) != expected.offset(now):
            return f"{container.time_zone or 'not set'}, UTC{match.group(0)}"
    if named == wanted or (container.time_zone is None and container.local_time_mounted and match is not None):
        return ""
    try:
        found = zone(named)
    except CheckError:
        return named
    moments = [now + month * _MONTH_SECONDS for month in range(13)]
    if all(found.offset(moment) == expected.offset(moment) for moment in moments):
        return ""
    return container.time_zone or "not set (UTC)"


def _container(data: Mapping[str, Any]) -> Container:
    state, host, config = (_mapping(data.get(key)) for key in ("State", "HostConfig", "Config"))
    logging, health = _mapping(host.get("LogConfig")), _mapping(state.get("Health"))
    variables = [str(entry).partition("=") for entry in _list(config.get("Env"))]
    zones = [value for name, _equals, value in variables if name == "TZ" and value]
    started = str(state.get("StartedAt") or "")
    mounts = [_mapping(mount).get("Destination") for mount in _list(data.get("Mounts"))]
    log = _list(health.get("Log"))
    return Container(
        name=str(data.get("Name") or "").lstrip("/"),
        status=str(state.get("Status") or "unknown").lower(),
        health=str(health.get("Status") or "").lower(),
        exit_code=_integer(state.get("ExitCode")),
        oom_killed=state.get("OOMKilled") is True,
        error=str(state.get("Error") or ""),
        restarts=_integer(data.get("RestartCount")),
        started=None if started.startswith(_NEVER) else TimestampReader(_UTC).epoch(started),
        log_driver=str(logging.get("Type") or ""),
        log_options={str(name): str(value) for name, value in _mapping(logging.get("Config")).items()},
        time_zone=zones[-1] if zones else None,
        local_time_mounted="/etc/localtime" in mounts,
        memory_limit_bytes=_integer(host.get("Memory")) or None,
        cpu_limit_cores=_cores(host),
        health_output=str(_mapping(log[-1]).get("Output") or "").strip() if log else "",
    )


def _cores(host: Mapping[str, Any]) -> float | None:
    nano, quota, period = (_integer(host.get(key)) for key in ("NanoCpus", "CpuQuota", "CpuPeriod"))
    if nano:
        return nano / 1e9
    if quota and quota > 0:
        return quota / float(period or 100000)
    return None


def _percent(text: Any) -> float | None:
    match = re.match(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*$", str(text))
    return float(match.group(1)) if match else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
