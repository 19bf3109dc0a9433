# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the stand-ins: written whole, with the modification time that their history asks for."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str, modified: float | None = None, mode: int = 0o644) -> None:
    """Write `text` to `path`, creating its directory; `modified` (epoch seconds) becomes its mtime."""
    write_bytes(path, text.encode("utf-8"), modified, mode)


def write_bytes(path: Path, content: bytes, modified: float | None = None, mode: int = 0o644) -> None:
    """Write `content` to `path`, gzipped when its name ends in `.gz`; `modified` becomes its mtime."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=6, mtime=int(modified or 0))
    path.write_bytes(content)
    path.chmod(mode)
    if modified is not None:
        os.utime(path, (modified, modified))


def write_json(path: Path, value: Any, modified: float | None = None, mode: int = 0o644) -> None:
    """Write `value` to `path` as indented JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n", modified, mode)


def write_lines(path: Path, lines: Iterable[str], modified: float | None = None) -> None:
    """Write `lines`, each ended by a newline, to `path`."""
    write_text(path, "".join(line + "\n" for line in lines), modified)


def append_line(path: Path, line: str) -> None:
    """Append one line to `path` in a single write, so that lines of several threads never mix."""
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def clear_directory(path: Path) -> None:
    """Make `path` an existing, empty directory."""
    path.mkdir(parents=True, exist_ok=True)
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def set_modified(path: Path, epoch: float) -> None:
    """Give `path` the modification time `epoch`."""
    os.utime(path, (epoch, epoch))
