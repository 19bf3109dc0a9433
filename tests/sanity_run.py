# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``ansible-test sanity`` on a copy of the checkout, and refuse a run that left something out.

ansible-test wants a real path that ends in ``ansible_collections/aiops/runbooks``, works without a word when a
tool or a file list is missing, and keeps its virtualenvs in the home directory. So it gets a copy of the files
that git knows or would add, a home of its own under ``.cache``, only interpreters that start, and its output is
read back: a test that did not run is a failure here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
ROOM = CHECKOUT / ".cache" / "sanity"
COPY = ROOM / "ansible_collections" / "aiops" / "runbooks"
# The oldest Python that ansible-core 2.19 supports on managed hosts, and the newest.
PYTHON_VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
REQUIRED_TESTS = frozenset(
    (
        "action-plugin-docs",
        "ansible-doc",
        "changelog",
        "compile",
        "empty-init",
        "ignores",
        "import",
        "line-endings",
        "no-assert",
        "no-get-exception",
        "no-illegal-filenames",
        "no-smart-quotes",
        "pep8",
        "pylint",
        "replace-urlopen",
        "runtime-metadata",
        "shebang",
        "shellcheck",
        "symlinks",
        "use-argspec-type-path",
        "use-compat-six",
        "validate-modules",
        "yamllint",
    )
)
# ansible-test fetches this script from its own server, for virtualenvs that could as well ask their Python.
BOOTSTRAP_PIP = "import ensurepip\n\nensurepip.bootstrap(default_pip=True)\n"


def main(arguments: Sequence[str]) -> int:
    """Run the sanity tests that are named, or all of them; return the exit status."""
    copy_checkout()
    pythons = link_interpreters()
    status, output = run_tests(pythons, arguments)
    complaints = [] if arguments else missing_tests(output)
    print(f"sanity: Python {', '.join(pythons)} compiled and imported the library and the modules", flush=True)
    absent = [version for version in PYTHON_VERSIONS if version not in pythons]
    if absent:
        print(f"sanity: not on this machine, so not tested: Python {', '.join(absent)}")
    for complaint in complaints:
        print(f"sanity: {complaint}", file=sys.stderr)
    if status == 0 and not complaints:
        print(f"sanity: {len(names_of_run(output))} tests passed")
    return status or bool(complaints)


def copy_checkout() -> None:
    """Mirror what git tracks or would track; a repository of its own keeps ``.gitignore`` of the checkout out."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    ).stdout
    not_packed = tuple(yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"])
    if COPY.exists():
        shutil.rmtree(COPY)
    for path in {os.fsdecode(name) for name in listing.split(b"\0") if name}:
        source, target = CHECKOUT / path, COPY / path
        # The rule against links to directories is about archives; inventories outside of them may share variables.
        if source.is_dir() and path.startswith(not_packed):
            continue
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", str(COPY)], check=True)


def link_interpreters() -> dict[str, Path]:
    """Link every supported Python that really starts into one directory; return version -> program."""
    directory = ROOM / "bin"
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    found = {}
    for version in PYTHON_VERSIONS:
        program = next(filter(None, map(_real_program, _candidates(version))), None)
        if program is not None:
            found[version] = program
            (directory / f"python{version}").symlink_to(program)
    return found


def run_tests(pythons: dict[str, Path], arguments: Sequence[str]) -> tuple[int, str]:
    """Run ansible-test with progress on the terminal; return its exit status and all it said."""
    home = ROOM / "home"
    bootstrap = home / ".ansible" / "test" / "cache" / "get_pip_24_2.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.write_text(BOOTSTRAP_PIP, encoding="utf-8")
    environment = {
        **os.environ,
        "HOME": str(home),
        # pip keeps the user's settings although the home is another one.
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config"),
        "PATH": os.pathsep.join([str(ROOM / "bin"), *_directories_with_working_pythons()]),
    }
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH"):
        environment.pop(name, None)
    command = [str(Path(sys.executable).with_name("ansible-test")), "sanity", "--color", "no"]
    for argument in arguments:
        command += ["--test", argument]
    process = subprocess.Popen(
        command, cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = []
    for line in process.stdout or ():
        output.append(line)
        if not _is_noise(line):
            print(line, end="", flush=True)
    return process.wait(), "".join(output)


def names_of_run(output: str) -> set[str]:
    """Return the names of the sanity tests that ansible-test started."""
    return set(re.findall(r'^Running sanity test "([a-z0-9-]+)"', output, re.MULTILINE))


def missing_tests(output: str) -> list[str]:
    """Return one sentence per test that a complete run has and this one has not."""
    complaints = [f"{name} did not run" for name in sorted(REQUIRED_TESTS - names_of_run(output))]
    skipped = re.findall(r"^WARNING: (.*(?:[Ss]kipp(?:ed|ing)|not found).*)$", output, re.MULTILINE)
    return complaints + [line for line in dict.fromkeys(skipped) if not line.endswith("because it could not be found.")]


def _is_noise(line: str) -> bool:
    # What pip says while it fills a virtualenv; the line that announces it stays, as progress.
    return bool(re.match(r"(Looking in|Processing|Collecting|  |Using cached|Installing collected|Successfully)", line))


def _candidates(version: str) -> Iterable[Path]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def _real_program(candidate: Path) -> Path | None:
    # A version manager's shim exists for versions that are not active, and then only fails.
    script = "import os, sys; print(os.path.realpath(sys.executable))"
    answer = subprocess.run([candidate, "-c", script], capture_output=True, text=True, check=False)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def _directories_with_working_pythons() -> Iterable[str]:
    for directory in [str(Path(sys.executable).parent), *os.environ.get("PATH", os.defpath).split(os.pathsep)]:
        programs = [Path(directory) / f"python{version}" for version in PYTHON_VERSIONS]
        if all(_real_program(program) for program in programs if program.exists()):
            yield directory


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
