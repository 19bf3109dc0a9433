# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed host's end of the lean lane: the library arrives as text on standard input and runs from memory.

Nothing is written to the host, nothing is imported that the asked check kinds do not need.
"""

from __future__ import annotations

import _frozen_importlib_external
import importlib
import importlib.machinery
import json
import marshal
import sys
import zlib

# Type checkers take this name for true; on a host, importing typing would cost as much as several checks.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Name under which the library is imported on the host.
PACKAGE = "aiops_runbooks"
#: Which interpreters can run compiled code: those that would also share it in ``__pycache__``.
CODE_TAG = f"{sys.implementation.cache_tag} {_frozen_importlib_external.MAGIC_NUMBER.hex()}"
#: A login shell may greet; the answer is the line that starts with this.
MARK = "AIOPS-RUNBOOKS-ANSWER "


class SourceFinder(importlib.machinery.SourceFileLoader):
    """Finds and loads modules in a mapping of dotted names to compressed source text, or compiled code.

    The base class knows how to run a module. Those in ``importlib.abc`` know it, too, but cost a host more to import
    than all of our own modules.
    """

    def __init__(self, sources: dict[str, bytes], codes: dict[str, bytes] | None = None) -> None:
        self.sources = sources
        self.codes = codes or {}
        self.packages = {name.rpartition(".")[0] for name in sources}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return how to load one of our modules, or None for everything else."""
        if fullname not in self.sources:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname in self.packages)

    def get_code(self, fullname: str) -> Any:
        """Return a module, compiled: here, unless the control side has done it for this very Python."""
        if fullname in self.codes:
            return marshal.loads(zlib.decompress(self.codes[fullname]))
        return compile(zlib.decompress(self.sources[fullname]), fullname, "exec", dont_inherit=True)

    def get_source(self, fullname: str) -> str:
        """Return the text of a module; some are sent on as the program of another interpreter."""
        return zlib.decompress(self.sources[fullname]).decode()


def answer(header: dict[str, Any], sources: dict[str, bytes], codes: dict[str, bytes]) -> None:
    """Run the checks that a host was sent and print the answer.

    Args:
        header: ``system``, ``timezone``, ``checks`` (validated), and ``code_tag``, which Python the codes are for.
        sources: dotted name to compressed text of the library's files.
        codes: the same, compiled.
    """
    sys.meta_path.insert(0, SourceFinder(sources, codes if header["code_tag"] == CODE_TAG else None))
    engine = importlib.import_module(PACKAGE + ".checks.engine")
    registry = importlib.import_module(PACKAGE + ".checks.registry")
    checks = [engine.Check(**check) for check in header["checks"]]
    results = engine.look(header["system"], checks, registry.load, header["timezone"])
    sys.stdout.write("\n" + MARK + json.dumps(results) + "\n")
    sys.stdout.flush()
