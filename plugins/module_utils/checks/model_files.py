# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every service has all files of its models for every period, and each looks as if it could be loaded (SBX-15).

Nothing is loaded: unpickling a file runs what stands in it.
"""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass
from typing import Any, Iterable, Sequence

from ..errors import CheckError
from ..model import CRITICAL, OK, Observation, Reason
from ..probe import Context, open_regular
from .model_recency import PARAMETERS as MODEL_PARAMETERS
from .model_recency import configured_services

PARAMETERS: dict[str, dict[str, Any]] = {
    "models_directory": MODEL_PARAMETERS["models_directory"],
    "directories": {
        "type": "list",
        "elements": "str",
        "required": True,
        "description": "Where the model of a service and a period lies below it, with {service} and {period}; the "
        "first that exists counts.",
    },
    "periods": {"type": "list", "elements": "str", "required": True, "description": "Periods that need a model each."},
    "files": {
        "type": "list",
        "elements": "str",
        "required": True,
        "description": "Names or globs of which each must be there.",
    },
    "binary_files": {
        "type": "list",
        "elements": "str",
        "default": ["*.joblib"],
        "description": "Globs of serialised models: they must begin as such and have a size.",
    },
    "minimum_bytes": {"type": "int", "default": 100, "description": "Smaller than this is no model, in bytes."},
    "maximum_bytes": {
        "type": "int",
        "default": 2147483648,
        "description": "Larger than this cannot be loaded, in bytes.",
    },
    "services": MODEL_PARAMETERS["services"],
    "services_from": MODEL_PARAMETERS["services_from"],
    "maximum_config_bytes": {"type": "int", "default": 16777216, "description": "Largest configuration that is read."},
}
METRICS = {
    "faults": "count",
    "models": "count",
    "models_expected": "count",
    "files": "count",
    "size_bytes": "B",
    "smallest_bytes": "B",
}
# Pickle protocols 2 to 5, and what joblib compresses with: zlib, gzip, bzip2, xz, lzma, lz4.
_BEGINNINGS = (
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",
    b"\x78",
    b"\x1f\x8b",
    b"BZ",
    b"\xfd7z",
    b"]\x00",
    b"\x04\x22",
)


@dataclass(frozen=True)
class ModelFile:
    """One file of a model; ``head`` holds its first bytes, ``problem`` why they could not be read."""

    name: str
    size_bytes: int
    head: bytes = b""
    problem: str = ""


@dataclass(frozen=True)
class ModelDirectory:
    """The model of a service and period; ``files`` is None when it does not exist."""

    service: str
    period: str
    files: Sequence[ModelFile] | None


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """List the files of all models.

    Raises:
        CheckError: ``models_directory_missing``, ``models_config_unreadable``, ``models_no_services`` or
            ``models_not_all_read`` when the time is up.
    """
    root = parameters["models_directory"]
    if not os.path.isdir(root):
        raise CheckError("models_directory_missing", state=CRITICAL, path=root)
    asked = {**parameters, "maximum_bytes": parameters["maximum_config_bytes"]}
    found: list[ModelDirectory] = []
    for service in configured_services(asked, context):
        for period in parameters["periods"]:
            if context.remaining() <= 0:
                raise CheckError("models_not_all_read", path=root, models=len(found))
            found.append(_directory(root, service, period, parameters))
    return observe(found, parameters)


def observe(found: Sequence[ModelDirectory], parameters: dict[str, Any]) -> Observation:
    """Judge the files of all models; pure.

    Args:
        found: one per service and period.
        parameters: files, binary_files, minimum_bytes, maximum_bytes and models_directory of the check.
    """
    faults: list[str] = []
    sizes: list[int] = []
    for model in found:
        where = f"{model.service}, {model.period}"
        if model.files is None:
            faults.append(f"{where}: no model")
            continue
        names = [file.name for file in model.files]
        faults += [f"{where}: no {wanted}" for wanted in parameters["files"] if not _fitting(names, [wanted])]
        for file in model.files:
            if file.name in _fitting([file.name], parameters["binary_files"]):
                sizes.append(file.size_bytes)
                problem = _problem(file, parameters)
                if problem:
                    faults.append(f"{where}: {file.name} {problem}")
    state, reason = OK, None
    if faults:
        state, reason = CRITICAL, Reason("model_files_faulty", {"count": len(faults), "first": faults[0]})
    return Observation(
        value=len(faults),
        state=state,
        reason=reason,
        metrics={
            "models": sum(model.files is not None for model in found),
            "models_expected": len(found),
            "files": len(sizes),
            "size_bytes": sum(sizes),
            "smallest_bytes": min(sizes) if sizes else None,
        },
        evidence=faults,
        source=parameters["models_directory"],
    )


def _problem(file: ModelFile, parameters: dict[str, Any]) -> str:
    if file.problem:
        return file.problem
    if file.size_bytes < parameters["minimum_bytes"]:
        return f"has {file.size_bytes} bytes"
    if file.size_bytes > parameters["maximum_bytes"]:
        return f"has {file.size_bytes} bytes, too many to load"
    if not file.head.startswith(_BEGINNINGS):
        return "does not begin like a serialised model"
    return ""


def _fitting(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    import fnmatch

    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def _directory(root: str, service: str, period: str, parameters: dict[str, Any]) -> ModelDirectory:
    # A service is a name: one with a slash in it would lead out of the directory.
    if "/" in service:
        raise CheckError("models_no_services", path=service)
    for layout in parameters["directories"]:
        path = os.path.join(root, layout.replace("{service}", service).replace("{period}", period))
        if os.path.isdir(path):
            return ModelDirectory(service, period, _files(path, parameters["binary_files"]))
    return ModelDirectory(service, period, None)


def _files(path: str, binary: Sequence[str]) -> list[ModelFile]:
    found = []
    for entry in sorted(glob.glob(os.path.join(glob.escape(path), "*"))):
        name = os.path.basename(entry)
        try:
            status = os.stat(entry)
        except OSError as error:
            found.append(ModelFile(name, 0, problem=f"cannot be read: {os.strerror(error.errno or 0)}"))
            continue
        if not stat.S_ISREG(status.st_mode):
            continue
        head, problem = b"", ""
        if _fitting([name], binary):
            try:
                with open_regular(entry) as file:
                    head = file.read(8)
            except (CheckError, OSError) as error:
                problem = "cannot be read: {}".format(getattr(error, "reason_id", error))
        found.append(ModelFile(name, status.st_size, head, problem))
    return found
