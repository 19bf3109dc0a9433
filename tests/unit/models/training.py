# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small application with models: what trains them, and how they are read."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from ansible_collections.aiops.runbooks.plugins.module_utils.application_run import Command
from ansible_collections.aiops.runbooks.plugins.module_utils.model_retrain import Places
from ansible_collections.aiops.runbooks.plugins.module_utils.models import Model

TRAIN = """
import json, os, shutil, sys, time
def train(directory, services):
    for service in services:
        shutil.rmtree(os.path.join(directory, service), ignore_errors=True)
        for period in ("night", "day"):
            place = os.path.join(directory, service, service + '_' + period)
            os.makedirs(place)
            json.dump({"trained": time.time()}, open(os.path.join(place, "metadata.json"), "w"))
"""


def command(program: str, *arguments: str, seconds: float = 60) -> Command:
    """Return a command that runs a program which may call `train`."""
    return Command((sys.executable, "-c", TRAIN + program, *arguments), timeout_seconds=seconds, grace_seconds=1)


def places_in(folder: Path, published: bool = False, layouts: tuple[str, ...] = (), fresh: bool = True) -> Places:
    """Return places with old models of two services, two periods each."""
    models, flat = folder / "models", folder / "flat"
    for service in ("booking", "search") if fresh else ():
        for period in ("night", "day"):
            name = f"{service}_{period}"
            for place in [models / service / name, *([flat / name] if published else [])]:
                place.mkdir(parents=True)
                (place / "metadata.json").write_text(json.dumps({"trained": time.time() - 86400}))
    return Places(
        models_directory=str(models),
        published_directory=str(flat) if published else None,
        publish_from=("{service}/{service}_*",),
        inference_layouts=layouts,
        copies_directory=str(folder / "copies"),
    )


def models_in(places: Places) -> list[Model]:
    """Read the models that training writes."""
    found = []
    for path in sorted(Path(places.models_directory).glob("*/*/metadata.json")):
        found.append(Model(path.parts[-3], str(path), json.loads(path.read_text())["trained"]))
    return found
