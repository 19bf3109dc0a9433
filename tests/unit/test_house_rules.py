# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house that no ordinary linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 300
LONGEST_MODULE = 150
LICENCE = (
    "# Copyright (c) 2026 aiops.runbooks contributors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
# What costs a host more to import than most checks cost to run: imported where it is used.
HEAVY = frozenset(
    {
        "asyncio",
        "concurrent",
        "email",
        "gzip",
        "http",
        "logging",
        "multiprocessing",
        "shutil",
        "socket",
        "sqlite3",
        "ssl",
        "statistics",
        "subprocess",
        "tempfile",
        "urllib",
        "xml",
        "zipfile",
        "zoneinfo",
    }
)
# Not of the standard library, and imported by the application's own interpreter alone.
OF_THE_APPLICATION = frozenset({"duckdb"})
SYSTEM_NAMES = re.compile(r"aimo|estimator|ai[-_ ]?diy|smart_?box", re.IGNORECASE)
# A runbook item such as AIMO-16 is a citation, not a special case.
ITEM = re.compile(r"\b(?:AIMO|EST|DIY|SBX)-\d+")
SILENCED = re.compile(
    "|".join(("# no" + "qa", "type: " + "ignore", "pylint: " + "disable", "TO" + "DO", "FIX" + "ME", r"\bmark\.skip"))
)


def files(*suffixes: str, under: tuple[str, ...] = ()) -> list[Path]:
    """Return what git tracks or would track, relative to the checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [Path(name) for name in listing.split("\0") if name and (CHECKOUT / name).is_file()]
    return [
        path
        for path in sorted(set(paths))
        if (not suffixes or path.suffix in suffixes) and (not under or str(path).startswith(under))
    ]


def content(path: Path) -> str:
    """Return a file's text."""
    return (CHECKOUT / path).read_text(encoding="utf-8")


def test_a_system_is_data_and_never_named_in_plugins_or_roles() -> None:
    named = []
    for path in files(under=("plugins/", "roles/")):
        for number, line in enumerate([str(path), *content(path).splitlines()]):
            if SYSTEM_NAMES.search(ITEM.sub("", line)):
                named.append(f"{path}:{number}: {line.strip()[:100]}")
    assert not named


def test_a_file_fits_in_the_head() -> None:
    lengths = {str(path): len(content(path).splitlines()) for path in files(".py", ".yml", ".yaml", ".j2", ".toml")}
    # A module's documentation is as long as its parameters need; its code has a limit of its own. A list is no program.
    too_long = {path for path, length in lengths.items() if length > LONGEST_FILE}
    data = ("plugins/modules/", "docs/", "roles/run/meta/argument_specs.yml")
    assert not {path for path in too_long if not path.startswith(data)}


def test_a_module_is_thin() -> None:
    long = {}
    for path in files(".py", under=("plugins/modules/",)):
        lines = {node.lineno for node in _code_nodes(ast.parse(content(path))) if hasattr(node, "lineno")}
        if len(lines) > LONGEST_MODULE:
            long[str(path)] = len(lines)
    assert not long


def test_every_python_file_carries_its_licence_and_late_annotations() -> None:
    bare = []
    for path in files(".py"):
        text = re.sub(r"\A#!.*\n", "", content(path))
        has_code = any(_code_nodes(ast.parse(text)))
        if text and not text.startswith(LICENCE):
            bare.append(f"{path}: licence")
        if has_code and "\nfrom __future__ import annotations\n" not in text:
            bare.append(f"{path}: annotations")
    assert not bare


def test_nothing_is_silenced_or_put_off() -> None:
    silenced = []
    for path in files(".py", ".yml", ".yaml", ".j2", ".toml"):
        silenced += [f"{path}: {found}" for found in SILENCED.findall(content(path))]
    assert not silenced
    assert not files(".txt", under=("tests/sanity/",)), "no ignore files"


def test_tasks_use_modules_and_fail_when_they_fail() -> None:
    wrong = []
    for path in files(".yml", under=("roles/", "playbooks/")):
        wrong += [
            f"{path}: {line.strip()}"
            for line in content(path).splitlines()
            if re.match(r"\s*(?:- )?(?:ansible\.builtin\.)?(?:shell|raw):|\s*ignore_errors:", line)
        ]
    assert not wrong


def test_the_library_needs_nothing_but_a_bare_python() -> None:
    foreign = []
    for path in files(".py", under=("plugins/module_utils/",)):
        tree = ast.parse(content(path))
        at_import = set(_imports(*_statements_at_import(tree.body)))
        later = set(_imports(tree)) - at_import - OF_THE_APPLICATION
        foreign += [f"{path}: {name}" for name in sorted((at_import | later) - sys.stdlib_module_names)]
    assert not foreign


def test_the_library_imports_heavy_modules_only_where_they_are_used() -> None:
    heavy = []
    for path in files(".py", under=("plugins/module_utils/",)):
        tree = ast.parse(content(path))
        heavy += [f"{path}: {name}" for name in _imports(*_statements_at_import(tree.body)) if name in HEAVY]
    assert not heavy


def test_the_library_asks_no_value_for_a_type_that_is_only_a_word_of_annotations() -> None:
    # In the lean lane the names of typing are stand-ins, and no value is an instance of one.
    wrong = []
    for path in files(".py", under=("plugins/module_utils/",)):
        tree = ast.parse(content(path))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "typing"]
        words = {alias.name for node in imports for alias in node.names}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("isinstance", "issubclass"):
                asked = {node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)}
                wrong += [f"{path}:{call.lineno}: {name}" for name in sorted(asked & words)]
    assert not wrong


def _roles() -> list[str]:
    return sorted(path.name for path in (CHECKOUT / "roles").iterdir() if path.is_dir())


@pytest.mark.parametrize("role", _roles())
def test_a_role_says_what_it_takes_gives_and_how_to_go_back(role: str) -> None:
    directory = CHECKOUT / "roles" / role
    specification = yaml.safe_load((directory / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    assert specification["argument_specs"]["main"]["short_description"]
    readme = (directory / "README.md").read_text(encoding="utf-8")
    purpose, *sections = re.split(r"^## ", readme, flags=re.MULTILINE)
    assert len(purpose.splitlines()) > 1, "the purpose stands between the title and the first section"
    titles = {section.splitlines()[0].strip().lower() for section in sections}
    assert {"example", "outputs", "rollback"} <= titles


def _code_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that are code: docstrings and the documentation constants are not."""
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        names = [target.id for target in getattr(statement, "targets", []) if isinstance(target, ast.Name)]
        if names in (["DOCUMENTATION"], ["EXAMPLES"], ["RETURN"]):
            continue
        yield from ast.walk(statement)


def _imports(*nodes: ast.AST) -> Iterator[str]:
    """Yield the top-level names of absolute imports below the nodes."""
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0]


def _statements_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs when a module is imported: no function bodies, nothing that only a type checker sees."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            continue
        yield statement
