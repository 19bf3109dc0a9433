# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Believable trouble for the demo machine, each kind with its repair."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..clock import HOUR_SECONDS, use_timezone
from ..files import set_modified, write_json
from ..paths import paths_of
from . import programs
from .lifecycle import KEPT_DIRECTORY, STATE_FILE, require_state

DAMAGED_PAGES = 3
EXPIRED_DAYS = -3
LOCK_AGE_SECONDS = 3 * HOUR_SECONDS
FILL_BYTES = 256 * 1024 * 1024
SPARE_BYTES = 1024 * 1024 * 1024
CRASHED_RUN = "dead10cc00000001"


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a trouble needs to know of the machine it troubles."""

    root: Path
    layout: str
    timezone: str
    base_port: int

    def paths(self, system: str) -> Any:
        """The paths of `system`."""
        return paths_of(system, self.root / system, self.layout, {})

    def keep(self, name: str) -> Path:
        """Where the undamaged things of trouble `name` are kept."""
        place = self.root / KEPT_DIRECTORY / name
        place.mkdir(parents=True, exist_ok=True)
        return place

    def start(self, name: str) -> None:
        """Start program `name`."""
        programs.start(name, self.root, self.layout, self.timezone, self.base_port)


@dataclasses.dataclass(frozen=True)
class Trouble:
    """One kind of trouble: `make` returns the sentence that says what was done."""

    system: str
    make: Callable[[Machine], str]
    undo: Callable[[Machine], str]


def _remove_sidecars(database: Path) -> None:
    for suffix in ("-wal", "-shm"):
        beside = Path(str(database) + suffix)
        if beside.exists():
            beside.unlink()


def _corrupt_database(machine: Machine) -> str:
    """Overwrite leaf pages of the estimates, which the live writer never touches; the backend is stopped meanwhile."""
    database = machine.paths("estimator").database
    programs.stop("estimator", machine.root)
    connection = sqlite3.connect(str(database))
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'estimates'").fetchone()[0]
    finally:
        connection.close()
    _remove_sidecars(database)
    shutil.copy2(str(database), str(machine.keep("database") / "app.db"))
    with open(database, "r+b") as stream:
        stream.seek((root - 1) * page_size)
        pages = child_pages(stream.read(page_size))[:DAMAGED_PAGES]
        for page in pages:
            stream.seek((page - 1) * page_size)
            stream.write(b"\xde\xad\xbe\xef" * (page_size // 4))
    machine.start("estimator")
    return f"pages {', '.join(map(str, pages))} of {database} are overwritten"


def child_pages(page: bytes) -> list[int]:
    """The page numbers that an interior page of an SQLite table (its type is 5) leads to, the rightmost left out."""
    if page[0] != 5:
        raise RuntimeError("the table of estimates is too small to be damaged")
    cells = struct.unpack(">H", page[3:5])[0]
    offsets = struct.unpack(f">{cells}H", page[12 : 12 + 2 * cells])
    return [struct.unpack(">I", page[offset : offset + 4])[0] for offset in offsets]


def _restore_database(machine: Machine) -> str:
    database = machine.paths("estimator").database
    programs.stop("estimator", machine.root)
    _remove_sidecars(database)
    shutil.copy2(str(machine.keep("database") / "app.db"), str(database))
    machine.start("estimator")
    return f"{database} is put back"


def _reload_front(machine: Machine) -> None:
    """Have the front, when it runs, read its certificate again, and wait until that is the one that it serves."""
    import signal

    from ..estimator.front import live_directory

    pid = programs.read_pid("front", machine.root)
    if pid is None or not programs.is_running("front", machine.root):
        return
    leaf = (live_directory(machine.paths("estimator")) / "cert.pem").read_text(encoding="ascii")
    wanted = ssl.PEM_cert_to_DER_cert(leaf)
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + programs.READY_SECONDS
    while _served(machine) != wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the front still serves another certificate after {programs.READY_SECONDS} s")
        time.sleep(0.05)


def _served(machine: Machine) -> bytes | None:
    """The certificate that the front serves; None when it does not answer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address, patience = ("127.0.0.1", programs.port_of("front", machine.base_port)), programs.ANSWER_SECONDS
    try:
        with socket.create_connection(address, timeout=patience) as plain, context.wrap_socket(plain) as secured:
            return secured.getpeercert(binary_form=True)
    except OSError:
        return None


def _expire_certificate(machine: Machine) -> str:
    from .. import certificates
    from ..estimator.front import live_directory
    from ..estimator.seed import HOST_NAME

    paths = machine.paths("estimator")
    live, kept = live_directory(paths), machine.keep("certificate")
    for entry in live.iterdir():
        shutil.copy2(str(entry), str(kept / entry.name))
    certificates.issue(paths.certificates, HOST_NAME, time.time(), EXPIRED_DAYS)
    _reload_front(machine)
    return f"the front serves a certificate that expired {-EXPIRED_DAYS} days ago ({live / 'cert.pem'})"


def _renew_certificate(machine: Machine) -> str:
    from ..estimator.front import live_directory

    live = live_directory(machine.paths("estimator"))
    for entry in machine.keep("certificate").iterdir():
        shutil.copy2(str(entry), str(live / entry.name))
    _reload_front(machine)
    return "the front serves the valid certificate again"


def _leave_lock(machine: Machine) -> str:
    """The lock of a run that was killed three hours ago: its process id belonged to a process that is gone."""
    from ..aimo import engine

    paths = machine.paths("aimo")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    began = time.time() - LOCK_AGE_SECONDS
    engine.take_lock(paths, dead.pid)
    engine.record_running(paths, CRASHED_RUN, began)
    for place in (paths.lock, paths.pid):
        set_modified(place, began)
    return f"{paths.lock} is left by process {dead.pid}, which is dead"


def _clear_lock(machine: Machine) -> str:
    from ..aimo import engine

    paths = machine.paths("aimo")
    engine.release_lock(paths)
    engine.forget_run(paths, CRASHED_RUN)
    return f"{paths.lock} is removed"


def _fill_quota(machine: Machine) -> str:
    """Really occupy the space: the quota of the models, data and logs is exceeded, the disk itself is spared."""
    place = _filler(machine)
    if shutil.disk_usage(str(machine.root)).free < FILL_BYTES + SPARE_BYTES:
        raise RuntimeError(
            f"less than {(FILL_BYTES + SPARE_BYTES) // 2**20} MiB are free below {machine.root}: the disk is not filled"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place, "wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, FILL_BYTES)
        else:
            for _mebibyte in range(FILL_BYTES // 2**20):
                stream.write(b"\0" * 2**20)
    return f"{place} takes {FILL_BYTES // 2**20} MiB: the quota of Smartbox is exceeded"


def _filler(machine: Machine) -> Path:
    return Path(machine.paths("smartbox").database.parent) / "metrics_backfill.tmp"


def _empty_quota(machine: Machine) -> str:
    if _filler(machine).exists():
        _filler(machine).unlink()
    return f"{_filler(machine)} is removed"


def _kill_service(machine: Machine) -> str:
    programs.kill("ai_diy", machine.root)
    return "AI-DIY is killed; its pid file {} is left".format(programs.pid_file("ai_diy", machine.root))


def _restart_service(machine: Machine) -> str:
    programs.stop("ai_diy", machine.root)
    machine.start("ai_diy")
    return "AI-DIY runs again"


TROUBLES: dict[str, Trouble] = {
    "database": Trouble("estimator", _corrupt_database, _restore_database),
    "certificate": Trouble("estimator", _expire_certificate, _renew_certificate),
    "lock": Trouble("aimo", _leave_lock, _clear_lock),
    "disk": Trouble("smartbox", _fill_quota, _empty_quota),
    "service": Trouble("ai_diy", _kill_service, _restart_service),
}


def _machine(root: Path, state: dict[str, Any]) -> Machine:
    use_timezone(state["timezone"])
    return Machine(root, state["layout"], state["timezone"], state["base_port"])


def make(root: Path, systems: Sequence[str], only: Sequence[str] | None) -> int:
    """Make every trouble of `systems` (or `only` those named) that is not there yet, and say so. Returns 0."""
    unknown = sorted(set(only or ()) - set(TROUBLES))
    if unknown:
        raise ValueError("no trouble is called {}; there are: {}".format(", ".join(unknown), ", ".join(TROUBLES)))
    state = require_state(root)
    machine = _machine(root, state)
    for name, trouble in TROUBLES.items():
        if trouble.system not in systems or trouble.system not in state["seeded"] or (only and name not in only):
            continue
        present: list[str] = state["trouble"].setdefault(trouble.system, [])
        if name in present:
            print(f"  {name:<12} is there already", flush=True)
            continue
        print(f"  {name:<12} {trouble.make(machine)}", flush=True)
        present.append(name)
        write_json(root / STATE_FILE, state)
    return 0


def undo(root: Path, systems: Sequence[str]) -> int:
    """Undo every trouble of `systems` and say so. Returns 0."""
    state = require_state(root)
    machine = _machine(root, state)
    present = [(system, name) for system in sorted(systems) for name in state["trouble"].get(system, [])]
    if not present:
        print("  there is no trouble to repair", flush=True)
    for system, name in present:
        print(f"  {name:<12} {TROUBLES[name].undo(machine)}", flush=True)
        state["trouble"][system].remove(name)
        write_json(root / STATE_FILE, state)
    return 0
