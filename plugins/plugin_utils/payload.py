# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control side's end of the lean lane: which library files a look needs, packed into one standard input."""

from __future__ import annotations

import contextlib
import hashlib
import json
import marshal
import os
import re
import shlex
import sys
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.engine import Check
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.registry import kinds_asked
from ansible_collections.aiops.runbooks.plugins.module_utils.lean import CODE_TAG, MARK, PACKAGE
from ansible_collections.aiops.runbooks.plugins.plugin_utils.atomic_file import write_atomically

_LIBRARY = Path(__file__).resolve().parents[1] / "module_utils"
_RELATIVE_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
# Costly modules of the standard library, and what is sent in their place.
_STAND_INS = {"dataclasses": "lean_records", "typing": "lean_names"}
# What every look begins with.
_ENTRIES = ("lean", *_STAND_INS.values(), "checks.engine", "checks.registry")
# Tried in this order on a host whose interpreter nobody named.
_INTERPRETERS = ("/usr/bin/python3", "python3", "/usr/libexec/platform-python", "/usr/local/bin/python3")
# A line of JSON, then the files one behind the other, in the order and with the sizes that the line says.
_BOOTSTRAP = (
    "import sys,json,zlib;"
    "i=sys.stdin.buffer;"
    "h=json.loads(i.readline());"
    "s={n:i.read(z) for n,z in h['sources']};"
    "c={n:i.read(z) for n,z in h['codes']};"
    f"exec(compile(zlib.decompress(s['{PACKAGE}.lean']),'lean','exec'));answer(h,s,c)"
)
NO_PYTHON = "AIOPS-RUNBOOKS-NO-PYTHON"


@dataclass(frozen=True)
class Library:
    """The library as hosts get it, prepared once for all of them.

    Args:
        packed: dotted name (below the package on the host) to compressed source text.
        compiled: the same as compressed code for hosts with the controller's own Python: to compile the text would be
            nearly half of what a look costs such a host.
        imports: dotted name to the names of the files it imports.
    """

    packed: Mapping[str, bytes]
    compiled: Mapping[str, bytes]
    imports: Mapping[str, tuple[str, ...]]


def library(root: Path = _LIBRARY) -> Library:
    """Return what library_sources does, as an earlier run has kept it where no file has changed since.

    It is kept as Python keeps what it compiles: in __pycache__ beside the files, and only where Python may write there.
    """
    texts = _texts(root)
    own = Path(__file__).read_text(encoding="utf-8")
    key = hashlib.sha256(json.dumps([CODE_TAG, own, texts]).encode()).digest()
    place = cache_from_source(str(root / "lean_library.py"))
    with contextlib.suppress(OSError):
        found = Path(place).read_bytes()
        body = found[2 * len(key) :]
        if found[: 2 * len(key)] == key + hashlib.sha256(body).digest():
            packed, compiled, imports = json.loads(body)
            return Library(_bytes(packed), _bytes(compiled), {name: tuple(names) for name, names in imports.items()})
    made = library_sources(texts=texts)
    if not sys.dont_write_bytecode:
        kept = [_letters(made.packed), _letters(made.compiled), made.imports]
        body = json.dumps(kept, ensure_ascii=False).encode()
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            write_atomically(place, key + hashlib.sha256(body).digest() + body, 0o644)
    return made


def _letters(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: content.decode("latin-1") for name, content in files.items()}


def _bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: content.encode("latin-1") for name, content in files.items()}


def library_sources(root: Path = _LIBRARY, texts: Mapping[str, str] | None = None) -> Library:
    """Prepare what any look needs of the library: the files that its entries and the kinds of checks import.

    The rest of the library, what acts on hosts, is left alone: to compile a file takes longer than to read it.
    """
    texts = _texts(root) if texts is None else texts
    packages = {name.rpartition(".")[0] for name in texts}
    waiting = [f"{PACKAGE}.{entry}" for entry in _ENTRIES]
    waiting.extend(name for name in texts if name.startswith(f"{PACKAGE}.checks."))
    imports: dict[str, tuple[str, ...]] = {}
    while waiting:
        name = waiting.pop()
        if name not in imports:
            imports[name] = tuple(_imports(name, texts[name], packages, texts))
            waiting.extend([name.rpartition(".")[0] or name, *imports[name]])
    return Library(
        packed={name: zlib.compress(texts[name].encode(), 6) for name in imports},
        compiled={name: _compiled(name, texts[name]) for name in imports},
        imports=imports,
    )


def _texts(root: Path) -> dict[str, str]:
    """Read the library's files as hosts get them, by the name that they have there."""
    texts = {PACKAGE: ""}
    for path in sorted(root.rglob("*.py")):
        parts = [PACKAGE, *path.relative_to(root).with_suffix("").parts]
        texts[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = _lean(path.read_text(encoding="utf-8"))
    return texts


def _lean(text: str) -> str:
    """Let a file import our stand-ins; only lines that begin with an import are touched."""
    for module, stand_in in _STAND_INS.items():
        text = text.replace(f"\nfrom {module} import ", f"\nfrom {PACKAGE}.{stand_in} import ")
    return text


def _compiled(name: str, text: str) -> bytes:
    code = compile(text, name, "exec", dont_inherit=True, optimize=2)
    return zlib.compress(marshal.dumps(_slim(code)), 6)


def _slim(code: CodeType) -> CodeType:
    """Leave out which line a step of the code comes from: a third of its size, for tracebacks that nobody prints."""
    constants = tuple(_slim(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_linetable=b"", co_filename="", co_consts=constants)


def needed(library: Library, kinds: Iterable[str]) -> list[str]:
    """Name the files that the kinds need, found by following their relative imports."""
    found: set[str] = set()
    waiting = [f"{PACKAGE}.{entry}" for entry in (*_ENTRIES, *("checks." + kind for kind in kinds))]
    while waiting:
        name = waiting.pop()
        if name in found or name not in library.packed:
            continue
        found.add(name)
        waiting.append(name.rpartition(".")[0])
        waiting.extend(library.imports[name])
    return sorted(found)


def _imports(name: str, text: str, packages: Iterable[str], known: Iterable[str]) -> Iterable[str]:
    for dots, module, names in _RELATIVE_IMPORT.findall(text):
        base = name.split(".")
        climb = len(dots) - (1 if name in packages else 0)
        base = base[: len(base) - climb] if climb else base
        target = ".".join([*base, *filter(None, module.split("."))])
        # "from . import x" and "from ..logs import access" name modules, too.
        for imported in (target, *(f"{target}.{word}" for word in re.findall(r"\w+", names))):
            if imported in known:
                yield imported


def pack(library: Library, system: str, timezone: str, checks: Iterable[Check]) -> bytes:
    """Build what a host reads from its standard input."""
    asked = [asdict(check) for check in checks]
    kinds = {kind for check in asked for kind in kinds_asked(check["kind"], check["parameters"])}
    files = needed(library, kinds)
    header = {
        "system": system,
        "timezone": timezone,
        "checks": asked,
        "sources": [(name, len(library.packed[name])) for name in files],
        "code_tag": CODE_TAG,
        "codes": [(name, len(library.compiled[name])) for name in files],
    }
    pieces = [*(library.packed[name] for name in files), *(library.compiled[name] for name in files)]
    return b"".join([json.dumps(header).encode(), b"\n", *pieces])


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
