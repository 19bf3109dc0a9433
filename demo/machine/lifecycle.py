# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""up, down and status of the demo machine."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..clock import use_timezone
from ..files import write_json
from ..paths import PATHS, paths_of
from ..serving import PROGRAMS, seed_system
from . import programs

STATE_FILE = "demo.json"
# Undamaged copies of what `break` damages; and the store and reports, which inventories/demo keeps beside the systems.
KEPT_DIRECTORY = "undamaged"
STORE_DIRECTORY = "state"
# Programs of the machine in the order they start; AIMO is a batch engine: nothing of it runs between its runs.
STARTED = ("estimator", "front", "ai_diy", "smartbox", "dashboard", "metrics")
CERTIFICATE_DAYS_LEFT = 64
# A history that ended longer ago than this is written anew.
HISTORY_FRESH_SECONDS = 6 * 3600


def read_state(root: Path) -> dict[str, Any]:
    """What `up` wrote about the machine in `root`; an empty dictionary when there is none."""
    try:
        state: dict[str, Any] = json.loads((root / STATE_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{root / STATE_FILE} is damaged ({error}): run `python3 -m demo down`") from None
    return state


def require_state(root: Path) -> dict[str, Any]:
    """The machine's state. Raises RuntimeError when it is not up."""
    state = read_state(root)
    if not state:
        raise RuntimeError(f"there is no demo in {root}: run `python3 -m demo up` first")
    return state


def programs_of(systems: Sequence[str]) -> list[str]:
    """The programs that `systems` run, in the order they start."""
    return [name for name in STARTED if PROGRAMS[name].system in systems]


def up(root: Path, systems: Sequence[str], layout: str, timezone: str) -> int:
    """Seed and start `systems`; what runs already is left alone. Trouble made before is undone. Returns 0."""
    base, now = programs.base_port(), time.time()
    use_timezone(timezone)
    state = read_state(root) or {"layout": layout, "timezone": timezone, "base_port": base, "seeded": {}, "trouble": {}}
    if (state["layout"], state["timezone"], state["base_port"]) != (layout, timezone, base):
        raise RuntimeError(
            f"the demo in {root} is up with layout {state['layout']}, zone {state['timezone']}, ports from"
            f" {state['base_port']}: run `python3 -m demo down` first"
        )
    for name in programs_of(systems):
        if not programs.is_running(name, root):
            programs.require_free_port(name, base)
    root.mkdir(parents=True, exist_ok=True)
    write_json(root / STATE_FILE, state)
    for system in systems:
        if now - state["seeded"].get(system, 0) > HISTORY_FRESH_SECONDS:
            # A history that ended long ago would look like an outage: it is written anew, trouble and all.
            for name in programs_of([system]):
                programs.stop(name, root)
            shutil.rmtree(str(root / system), ignore_errors=True)
            state["trouble"].pop(system, None)
            _seed(root, system, layout, now)
            state["seeded"][system] = now
            write_json(root / STATE_FILE, state)
        elif state["trouble"].get(system):
            from . import trouble

            trouble.undo(root, [system])
            state["trouble"][system] = []
    for name in programs_of(systems):
        port = programs.port_of(name, base)
        where = f"port {port}" if port else "no port"
        if programs.is_running(name, root):
            print(f"  {name:<10} runs already ({where})", flush=True)
            continue
        programs.start(name, root, layout, timezone, base)
        print(f"  {name:<10} started ({where}, pid {programs.read_pid(name, root)})", flush=True)
    return 0


def _seed(root: Path, system: str, layout: str, now: float) -> None:
    began = time.monotonic()
    print(f"  seeding {system} ({layout} layout) ...", end="", flush=True)
    paths = paths_of(system, root / system, layout, {})
    seed_system(system, paths, layout, now)
    if system == "estimator":
        from .. import certificates
        from ..estimator.seed import HOST_NAME

        certificates.issue(paths.certificates, HOST_NAME, now, CERTIFICATE_DAYS_LEFT)
    print(f" {time.monotonic() - began:.1f} s", flush=True)


def down(root: Path, systems: Sequence[str] | None) -> int:
    """Stop everything that `root` runs and remove it; with `systems` only those. Returns 0."""
    chosen = list(systems or sorted({program.system for program in PROGRAMS.values()}))
    for name in reversed([name for name in PROGRAMS if PROGRAMS[name].system in chosen]):
        if programs.stop(name, root):
            print(f"  {name:<10} stopped", flush=True)
    if systems is None:
        _remove_machine(root)
        return 0
    state = read_state(root)
    for system in chosen:
        shutil.rmtree(str(root / system), ignore_errors=True)
        for key in ("seeded", "trouble"):
            state.get(key, {}).pop(system, None)
    if state:
        write_json(root / STATE_FILE, state)
    return 0


def _remove_machine(root: Path) -> None:
    """Remove `root`, but only when all it holds is a demo's: a mistyped --root must not cost anybody's files."""
    if not root.exists():
        print("  nothing is there", flush=True)
        return
    foreign = sorted({entry.name for entry in root.iterdir()} - {STATE_FILE, KEPT_DIRECTORY, STORE_DIRECTORY, *PATHS})
    if foreign:
        raise RuntimeError(f"{root} is not removed: it holds {', '.join(foreign)}, which no demo wrote")
    shutil.rmtree(str(root))
    print(f"  {root} removed", flush=True)


def status(root: Path) -> int:
    """Print what runs and which trouble is on. Returns 0 when everything that was started runs, else 1."""
    state = require_state(root)
    base = state["base_port"]
    print("Demo in {}: {} layout, zone {}".format(root, state["layout"], state["timezone"]))
    healthy = True
    for name in programs_of(sorted(state["seeded"])):
        running = programs.is_running(name, root)
        answering = running and programs.answers(name, base)
        healthy = healthy and answering
        word = "answers" if answering else "silent" if running else "stopped"
        print(
            f"  {name:<10} {word:<8} port {programs.port_of(name, base) or '-'!s:<6}"
            f" pid {programs.read_pid(name, root) or '-'}"
        )
    for system, troubles in sorted(state["trouble"].items()):
        for name in troubles:
            print(f"  trouble: {name} of {system}")
    return 0 if healthy else 1
