# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control side's end of the lean lane: which library files a look needs, packed into one standard input."""

from __future__ import annotations

import json
import re
import shlex
import zlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.engine import Check
from ansible_collections.aiops.runbooks.plugins.module_utils.lean import MARK, PACKAGE

_LIBRARY = Path(__file__).resolve().parents[1] / "module_utils"
_RELATIVE_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
# Tried in this order on a host whose interpreter nobody named.
_INTERPRETERS = ("/usr/bin/python3", "python3", "/usr/libexec/platform-python", "/usr/local/bin/python3")
_BOOTSTRAP = (
    "import sys,json,zlib;"
    "p=json.loads(zlib.decompress(sys.stdin.buffer.read()));"
    f"exec(compile(p['sources']['{PACKAGE}.lean'],'lean','exec'));answer(p)"
)
NO_PYTHON = "AIOPS-RUNBOOKS-NO-PYTHON"


def library_sources(root: Path = _LIBRARY) -> dict[str, str]:
    """Read the whole library: dotted name (below the package on the host) to source text."""
    sources = {}
    for path in sorted(root.rglob("*.py")):
        parts = [PACKAGE, *path.relative_to(root).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        sources[".".join(parts)] = path.read_text(encoding="utf-8")
    sources.setdefault(PACKAGE, "")
    return sources


def needed(sources: dict[str, str], kinds: Iterable[str]) -> dict[str, str]:
    """Select the files that the kinds need, found by following their relative imports."""
    found: dict[str, str] = {}
    entries = ["lean", "checks.engine", "checks.registry", *("checks." + kind for kind in kinds)]
    waiting = [f"{PACKAGE}.{entry}" for entry in entries]
    while waiting:
        name = waiting.pop()
        if name in found or name not in sources:
            continue
        found[name] = sources[name]
        waiting.append(name.rpartition(".")[0])
        waiting.extend(_imports(name, sources))
    return found


def _imports(name: str, sources: dict[str, str]) -> list[str]:
    is_package = any(other.startswith(name + ".") for other in sources)
    imported = []
    for dots, module, names in _RELATIVE_IMPORT.findall(sources[name]):
        base = name.split(".")
        climb = len(dots) - (1 if is_package else 0)
        base = base[: len(base) - climb] if climb else base
        target = ".".join([*base, *filter(None, module.split("."))])
        imported.append(target)
        # "from . import x" and "from ..logs import access" name modules, too.
        imported.extend(f"{target}.{word}" for word in re.findall(r"\w+", names))
    return [entry for entry in imported if entry in sources]


def pack(sources: dict[str, str], system: str, timezone: str, checks: Iterable[Check]) -> bytes:
    """Build what a host reads from its standard input."""
    asked = [asdict(check) for check in checks]
    payload = {
        "sources": needed(sources, sorted({check["kind"] for check in asked})),
        "system": system,
        "timezone": timezone,
        "checks": asked,
    }
    return zlib.compress(json.dumps(payload).encode(), 6)


def command(interpreter: str | None) -> str:
    """Return the shell command that reads the payload; without an interpreter it finds one in the same round trip."""
    run = f"-IS -c {shlex.quote(_BOOTSTRAP)}"
    if interpreter:
        return f"{interpreter} {run}"
    candidates = " ".join(_INTERPRETERS)
    attempt = f'command -v "$p" >/dev/null 2>&1 && exec "$p" {run}'
    return f"for p in {candidates}; do {attempt}; done; echo {NO_PYTHON} >&2; exit 127"


def unpack(stdout: str) -> list[dict[str, Any]] | None:
    """Find the Results in what a host printed; None when they are not there."""
    start = stdout.rfind(MARK)
    if start < 0:
        return None
    line = stdout[start + len(MARK) :].split("\n", 1)[0]
    try:
        results = json.loads(line)
    except ValueError:
        return None
    return results if isinstance(results, list) else None
