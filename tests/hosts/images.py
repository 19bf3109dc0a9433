# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of the test hosts, named by the hash of what they are made from and built only when that name is new."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.hosts import report
from tests.hosts.containers import PodmanError, exists, podman
from tests.hosts.definition import CACHE, HOSTS_SET, IMAGES

SUITE = "bookworm"
#: Mirrors may be slow, and three images are built at the same time.
BUILD_SECONDS = 3600
# The interpreter of SUITE, for which wheels are fetched whatever Python runs here.
WHEEL_PYTHON = "3.11"
WHEEL_PLATFORM = f"manylinux_2_17_{platform.machine()}"


def content_hash(directory: Path, parent: str) -> str:
    """Return 12 hexadecimal digits over every file below a directory (names, modes, bytes) and the parent's name."""
    digest = hashlib.sha256(parent.encode())
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            executable = path.stat().st_mode & 0o100
            digest.update(f"\0{path.relative_to(directory)}\0{executable}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def image_name(image: str) -> str:
    """Return the full name of an image, tag included: a function of the files below `images/` alone."""
    parent = SUITE if image == "base" else image_name("base")
    return f"localhost/aiops-{image.replace('_', '-')}:{content_hash(IMAGES / image, parent)}"


def ensure_image(image: str) -> str:
    """Build an image and the image below it, unless they exist, and return its name.

    Raises:
        PodmanError: The build failed.
    """
    name = image_name(image)
    if exists("image", name):
        return name
    parent = bootstrap() if image == "base" else ensure_image("base")
    with report.step(f"Building image {name}"), tempfile.TemporaryDirectory(prefix="aiops-image-") as context:
        shutil.copytree(IMAGES / image, context, dirs_exist_ok=True)
        wheels = IMAGES / image / "wheels.txt"
        if wheels.is_file():
            fetch_wheels(wheels, Path(context, "wheels"))
        # The machine's own network: a build needs no address of its own, and package mirrors may be known here only.
        build = ["build", "--quiet", "--network=host", "--build-arg", f"PARENT={parent}", "--tag", name, context]
        podman(*build, timeout_seconds=BUILD_SECONDS)
    return name


def bootstrap() -> str:
    """Make the root file system below all images with mmdebstrap, unless it exists, and return its image's name.

    Raises:
        PodmanError: mmdebstrap or the import failed.
    """
    packages = (IMAGES / "base" / "packages.txt").read_text(encoding="utf-8").split()
    tag = hashlib.sha256(f"{SUITE} {packages}".encode()).hexdigest()[:12]
    name = f"localhost/aiops-bootstrap:{tag}"
    if exists("image", name):
        return name
    CACHE.mkdir(parents=True, exist_ok=True)
    with (
        report.step(f"Making the root file system {name}"),
        tempfile.TemporaryDirectory(prefix="aiops-bootstrap-") as scratch,
    ):
        archive = Path(scratch, "root.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", '--aptopt=Acquire::Retries "5"']
        command += [f"--include={','.join(packages)}", SUITE, str(archive)]
        # Its working directory must be one that every user may enter; a checkout below /root is not.
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise PodmanError(f"`{' '.join(command)}` failed ({done.returncode}): {done.stderr.strip()[-2000:]}")
        podman("import", "--quiet", str(archive), name)
    return name


def fetch_wheels(requirements: Path, directory: Path) -> None:
    """Download the wheels that an image installs, once per list of requirements, and put them into a directory.

    Raises:
        PodmanError: pip could not get one of them.
    """
    wanted = requirements.read_text(encoding="utf-8")
    cached = CACHE / "wheels" / hashlib.sha256(f"{WHEEL_PYTHON} {wanted}".encode()).hexdigest()[:12]
    if not cached.is_dir():
        scratch = cached.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "--retries=10", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--python-version", WHEEL_PYTHON, "--platform", WHEEL_PLATFORM]
        command += ["--dest", str(scratch), "--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PodmanError(f"`{' '.join(command)}` failed ({done.returncode}): {done.stderr.strip()[-2000:]}")
        scratch.rename(cached)
    shutil.copytree(cached, directory)


def remove_outdated(wanted: set[str]) -> None:
    """Remove this project's images that no definition names any more; one that is in use stays.

    A further set of hosts leaves them alone: another checkout may be about to use them.
    """
    if HOSTS_SET:
        return
    listing = ["images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=localhost/aiops-*"]
    for line in podman(*listing).split():
        if line not in wanted and "-bootstrap:" not in line:
            try:
                podman("rmi", line)
            except PodmanError as error:
                report.say(f"    {line} stays: {error}")
