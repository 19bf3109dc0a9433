# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which system is seeded by what, and which programs it runs."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .paths import paths_of


@dataclasses.dataclass(frozen=True)
class Program:
    """A program that can be served.

    Its system, its offset from the demo's base port (None: it has no port) and a path that answers when it is ready.
    """

    system: str
    port_offset: Any = None
    ready_path: str = ""


PROGRAMS: dict[str, Program] = {
    "estimator": Program("estimator", 100, "/health"),
    "front": Program("estimator", 443, "/"),
    "ai_diy": Program("ai_diy", 0, "/health"),
    "smartbox": Program("smartbox"),
    "dashboard": Program("smartbox", 50, "/api/health"),
    "metrics": Program("smartbox", 428, "/health"),
    "aimo": Program("aimo"),
}


#: Programs that end by themselves, and their systems.
RUNS = {"aimo": "aimo", "train": "smartbox", "inference": "smartbox"}


def seed_system(system: str, paths: Any, layout: str, now: float) -> None:
    """Write the history of `system` that ends at `now` (epoch seconds) into `paths`."""
    # Imported by name: AIMO's needs DuckDB, which the other systems' hosts lack.
    importlib.import_module(f".{system}.seed", __package__).seed(paths, layout, now)


def run_program(name: str, root: Path, layout: str, moved: Mapping[str, str], words: Mapping[str, Any]) -> int:
    """Run program `name` once, to its end. Returns its exit status."""
    paths = paths_of(RUNS[name], root, layout, moved)
    if name == "aimo":
        from .aimo import pipeline

        if not words.get("input"):
            raise ValueError("run aimo needs --input")
        return pipeline.run(paths, layout, Path(words["input"]), words["vendor"])
    from .smartbox import programs

    if name == "train":
        return programs.train(paths, layout, words.get("service"))
    return programs.inference(paths, layout, bool(words.get("verbose")))


def serve_program(
    name: str, root: Path, layout: str, moved: Mapping[str, str], address: str, port: int, backend_port: int
) -> int:
    """Run program `name` in the foreground until it is told to stop. Returns its exit status."""
    paths = paths_of(PROGRAMS[name].system, root, layout, moved)
    if PROGRAMS[name].port_offset is not None and not port:
        raise ValueError(f"serve {name} needs --port")
    if name == "estimator":
        from .estimator import backend

        return backend.serve(paths, layout, address, port)
    if name == "front":
        from .estimator import front

        return front.serve(paths, address, port, backend_port)
    if name == "ai_diy":
        from .ai_diy import application

        return application.serve(paths, layout, address, port)
    if name == "aimo":
        from .aimo import engine

        return engine.serve(paths)
    from .smartbox import application as smartbox

    if name == "dashboard":
        return smartbox.serve_dashboard(paths, address, port)
    if name == "metrics":
        return smartbox.serve_metrics(address, port)
    return smartbox.serve_scheduler(paths)
