# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed host's end of the lean lane: the library arrives as text on standard input and runs from memory.

Nothing is written to the host, nothing is imported that the asked check kinds do not need.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
from typing import Any

#: Name under which the library is imported on the host.
PACKAGE = "aiops_runbooks"
#: A login shell may greet; the answer is the line that starts with this.
MARK = "AIOPS-RUNBOOKS-ANSWER "


class SourceFinder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules from a mapping of dotted names to source text."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = sources

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return how to load one of our modules, or None for everything else."""
        if fullname not in self.sources:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=self.is_package(fullname))

    def is_package(self, fullname: str) -> bool:
        """Tell whether other modules live below this one."""
        return any(name.startswith(fullname + ".") for name in self.sources)

    def get_source(self, fullname: str) -> str:
        """Return the text of a module."""
        return self.sources[fullname]


def answer(payload: dict[str, Any]) -> None:
    """Run the checks of a payload and print the answer.

    Args:
        payload: ``sources`` (dotted name to text), ``system``, ``timezone``, ``checks`` (validated).
    """
    sys.meta_path.insert(0, SourceFinder(payload["sources"]))
    engine = importlib.import_module(PACKAGE + ".checks.engine")
    registry = importlib.import_module(PACKAGE + ".checks.registry")
    checks = [engine.Check(**check) for check in payload["checks"]]
    results = engine.look(payload["system"], checks, registry.load, payload["timezone"])
    sys.stdout.write("\n" + MARK + json.dumps(results) + "\n")
    sys.stdout.flush()
