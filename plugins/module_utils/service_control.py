# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and restart one service: planned first, waited for within bounds, proven by its instance afterwards."""

from __future__ import annotations

import signal
import time

from . import service_process
from .errors import RunbooksError
from .service_state import Service, Snapshot, look, run

_POLL_SECONDS = 0.1
_AWAY_SECONDS = 5.0


def plan(before: Snapshot, wanted: str) -> list[str]:
    """Return the steps that lead to a state.

    Args:
        before: the service as it is.
        wanted: ``started``, ``stopped`` or ``restarted``.

    Raises:
        RunbooksError: its manager cannot start it.
    """
    if before.fault and wanted != "stopped":
        way_out = "Correct its file, which systemctl status shows, or unmask it; then systemctl daemon-reload"
        raise RunbooksError(before.fault, way_out)
    stop = ["stop"] if before.instance is not None or not before.settled else []
    if wanted == "stopped":
        return stop
    if wanted == "started":
        return [] if before.active else ["start"]
    return [*stop, "start"]


def apply(
    service: Service,
    before: Snapshot,
    steps: list[str],
    timeout_seconds: float,
    force_after_seconds: float | None,
    steady_seconds: float,
    recreate: bool = False,
) -> tuple[Snapshot, list[str]]:
    """Do what was planned.

    Args:
        service: the service.
        before: as it was when it was planned.
        steps: from :func:`plan`.
        timeout_seconds: how long each step may take.
        force_after_seconds: after that, a service that does not stop is killed; None never does.
        steady_seconds: for how long a started service must stay the same instance.
        recreate: whether a compose service gets a new container, which applies a changed compose file.

    Returns:
        The service as it is then, and what was done, in words.

    Raises:
        RunbooksError: a step did not succeed in time.
    """
    done: list[str] = []
    if "stop" in steps and not (recreate and "start" in steps):
        # systemd restarts by itself what depends on a unit that is restarted, not on one that is stopped and started.
        verb = "restart" if service.manager == "systemd" and "start" in steps else "stop"
        _stop(service, before, time.monotonic() + timeout_seconds, force_after_seconds, done, verb)
    if "start" in steps:
        if "stop" not in steps or service.manager != "systemd":
            _start(service, before, time.monotonic() + timeout_seconds, recreate, done)
        after = _steady(service, time.monotonic() + timeout_seconds, steady_seconds)
        if "stop" in steps and after.instance == before.instance:
            raise RunbooksError(f"{service.name} is still the instance that ran before", "Look why it was not replaced")
        return after, done
    return look(service, time.monotonic() + timeout_seconds), done


def _stop(
    service: Service, before: Snapshot, deadline: float, force_after: float | None, done: list[str], verb: str
) -> None:
    force_at = None if force_after is None else time.monotonic() + force_after
    if service.manager == "compose":
        grace = deadline - time.monotonic() - _AWAY_SECONDS if force_after is None else force_after
        command = ["docker", "compose", "stop", "--timeout", str(max(1, int(grace))), str(service.compose_service)]
        run(command, deadline, service.compose_project_directory)
        done.append("stopped the containers")
    elif service.manager == "systemd":
        run(["systemctl", verb, "--no-block", "--", str(service.unit)], deadline)
        done.append(f"{verb} of {service.unit} asked")
    elif before.process is not None:
        service_process.send(before.process, signal.SIGTERM)
        done.append(f"sent SIGTERM to process {before.process.pid}")

    def kill() -> None:
        if service.manager == "systemd":
            run(["systemctl", "kill", "--signal=SIGKILL", "--", str(service.unit)], deadline)
            done.append(f"killed {service.unit}")
        elif before.process is not None:
            service_process.send(before.process, signal.SIGKILL)
            done.append(f"sent SIGKILL to process {before.process.pid}")

    while not _is_stopped(service, before, deadline):
        if force_at is not None and time.monotonic() >= force_at and service.manager != "compose":
            kill()
            force_at = None
        _pause(
            deadline, f"{service.name} does not stop", "Set force_after_seconds to have it killed, or look why it hangs"
        )
    if before.process is not None:
        service_process.forget(str(service.pid_file), before.process)


def _is_stopped(service: Service, before: Snapshot, deadline: float) -> bool:
    if before.process is not None:
        return not service_process.is_alive(before.process)
    now = look(service, deadline)
    # A service that was between two starts had no instance that could change.
    return now.settled and (not now.active or now.instance != before.instance)


def _start(service: Service, before: Snapshot, deadline: float, recreate: bool, done: list[str]) -> None:
    if service.manager == "compose":
        fresh = ["--force-recreate"] if recreate else []
        name = str(service.compose_service)
        command = ["docker", "compose", "up", "--detach", "--no-deps", "--no-build", *fresh, name]
        run(command, deadline, service.compose_project_directory)
        done.append("made new containers" if recreate else "started the containers")
    elif service.manager == "systemd":
        if before.state.startswith("failed"):
            # Too many failed starts in a row block the next one; how many there may be is decided by who asks for this.
            run(["systemctl", "reset-failed", "--", str(service.unit)], deadline)
            done.append(f"cleared the failed state of {service.unit}")
        run(["systemctl", "start", "--", str(service.unit)], deadline)
        done.append(f"started {service.unit}")
    else:
        output = service.log_file or f"{service.pid_file}.log"
        process = service_process.start(
            service.start_command,
            service.working_directory,
            service.environment,
            (output, service.error_log_file or output),
            str(service.pid_file),
        )
        done.append(f"started process {process.pid}")


def _steady(service: Service, deadline: float, steady_seconds: float) -> Snapshot:
    """Wait until it runs, and see it stay: a program that ends at once has not been started."""
    now, since = look(service, deadline), time.monotonic()
    while not (now.active and now.settled and time.monotonic() - since >= steady_seconds):
        if (now.settled and not now.active) or "auto-restart" in now.state:
            raise RunbooksError(
                f"{service.name} did not stay up: it is {now.state}", f"Its last lines are in {_where(service)}"
            )
        what = f"{service.name} is not up: it is {now.state}"
        _pause(deadline + steady_seconds, what, f"Its last lines are in {_where(service)}")
        then = look(service, deadline + steady_seconds)
        if then.active and now.active and then.instance != now.instance:
            raise RunbooksError(
                f"{service.name} did not stay up: it was started again", f"Its last lines are in {_where(service)}"
            )
        if not now.active:
            since = time.monotonic()
        now = then
    return now


def _where(service: Service) -> str:
    if service.manager == "systemd":
        return f"journalctl -u {service.unit}"
    if service.manager == "compose":
        return f"docker compose logs {service.compose_service}"
    return str(service.error_log_file or service.log_file or f"{service.pid_file}.log")


def _pause(deadline: float, what: str, way_out: str) -> None:
    if time.monotonic() >= deadline:
        raise RunbooksError(f"{what} in time", way_out)
    time.sleep(_POLL_SECONDS)
