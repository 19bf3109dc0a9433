# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background programs of the demo machine: started, waited for and stopped through their pid files."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from ..serving import PROGRAMS

DEFAULT_BASE_PORT = 18000
# A program that ends is noticed at once: only one that hangs is waited for so long.
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
ANSWER_SECONDS = 10.0
CHECKOUT = Path(__file__).resolve().parents[2]
# Where the standard output and error of each program go, below its system's directory.
OUTPUT = {"estimator": ("log/estimator/backend.log", "log/estimator/backend-error.log")}


def base_port() -> int:
    """The first of the demo's ports: DEMO_PORT_BASE, 18000 by default. Raises ValueError when it is no port."""
    text = os.environ.get("DEMO_PORT_BASE", str(DEFAULT_BASE_PORT))
    if not text.isdigit() or not 1024 <= int(text) <= 65000:
        raise ValueError(f"DEMO_PORT_BASE must be a port between 1024 and 65000, not {text!r}")
    return int(text)


def port_of(name: str, base: int) -> int | None:
    """The port of program `name`, None when it has none."""
    offset = PROGRAMS[name].port_offset
    return None if offset is None else base + offset


def directory_of(name: str, root: Path) -> Path:
    """The directory of the program's system."""
    return root / PROGRAMS[name].system


def pid_file(name: str, root: Path) -> Path:
    """The program's pid file."""
    return directory_of(name, root) / "run" / (name + ".pid")


def read_pid(name: str, root: Path) -> int | None:
    """The process id of the program's pid file, None when there is none."""
    try:
        return int(pid_file(name, root).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def command_of(name: str, root: Path, layout: str, timezone: str, base: int) -> list[str]:
    """The command that serves `name`; its text `demo serve NAME` is how a process is recognised as ours."""
    command = [
        sys.executable,
        "-m",
        "demo",
        "serve",
        name,
        "--root",
        str(directory_of(name, root)),
        "--layout",
        layout,
        "--timezone",
        timezone,
    ]
    port = port_of(name, base)
    if port is not None:
        command += ["--port", str(port)]
    if name == "front":
        command += ["--backend-port", str(port_of("estimator", base))]
    return command


def is_running(name: str, root: Path) -> bool:
    """Whether the pid file's process lives and is the program that `root` was given to."""
    pid = read_pid(name, root)
    if pid is None:
        return False
    line = _command_line(pid)
    return f"demo serve {name} " in line and str(directory_of(name, root)) in line


def _command_line(pid: int) -> str:
    """The command line of `pid` with spaces between its words; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    found = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], stdout=subprocess.PIPE, check=False)
    return found.stdout.decode("utf-8", "replace").strip() + " "


def require_free_port(name: str, base: int) -> None:
    """Raise RuntimeError, naming the way out, when somebody else listens on the program's port."""
    port = port_of(name, base)
    if port is None:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RuntimeError(
                f"port {port} ({name}) is taken: {error.strerror}. Free it or set DEMO_PORT_BASE to another port"
            ) from None


def start(name: str, root: Path, layout: str, timezone: str, base: int) -> None:
    """Start the program in the background, write its pid file and wait until it answers. Raises RuntimeError."""
    require_free_port(name, base)
    directory = directory_of(name, root)
    plain = f"run/{name}.out"
    places = [directory / place for place in OUTPUT.get(name, (plain, plain))]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
    pid_file(name, root).parent.mkdir(parents=True, exist_ok=True)
    with open(places[0], "ab") as output, open(places[1], "ab") as errors:
        process = subprocess.Popen(
            command_of(name, root, layout, timezone, base),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=str(CHECKOUT),
            start_new_session=True,
        )
    pid_file(name, root).write_text(f"{process.pid}\n", encoding="ascii")
    deadline = time.monotonic() + READY_SECONDS
    while not answers(name, base):
        if process.poll() is not None:
            tail = places[1].read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            pid_file(name, root).unlink()
            raise RuntimeError(f"{name} ended with status {process.returncode}: {' '.join(tail)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} does not answer after {READY_SECONDS} s; see {places[1]}")
        time.sleep(0.05)


def answers(name: str, base: int) -> bool:
    """Whether the program answers on its port; one without a port needs no waiting."""
    port = port_of(name, base)
    if port is None:
        return True
    if name == "front":
        try:
            socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS).close()
        except OSError:
            return False
        return True
    try:
        url = f"http://127.0.0.1:{port}{PROGRAMS[name].ready_path}"
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 429
    except OSError:
        return False


def stop(name: str, root: Path) -> bool:
    """Stop the program if it is ours and runs, and remove its pid file. Returns whether it ran."""
    pid = read_pid(name, root)
    ran = is_running(name, root)
    if pid is not None and ran:
        os.kill(pid, signal.SIGTERM)
        if not _gone_within(pid, name, root, STOP_SECONDS):
            os.kill(pid, signal.SIGKILL)
            _gone_within(pid, name, root, STOP_SECONDS)
    if pid_file(name, root).exists():
        pid_file(name, root).unlink()
    return ran


def kill(name: str, root: Path) -> None:
    """End the program without letting it clean up; its pid file stays."""
    pid = read_pid(name, root)
    if pid is not None and is_running(name, root):
        os.kill(pid, signal.SIGKILL)
        _gone_within(pid, name, root, STOP_SECONDS)


def _gone_within(pid: int, name: str, root: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(name, root):
        # Reaps it when this process started it; otherwise init does.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
