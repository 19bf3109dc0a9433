# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rotated and compressed copies of a log are called."""

from __future__ import annotations

import os
import re

COMPRESSED = (".gz", ".bz2", ".xz")
#: access.log.1, access.log.2.gz, access.log-20261120, access.log-20261120-060000.gz, access.log.20261120
_ROTATED = re.compile(r"^(?:\.\d{1,4}|[.-]\d{4}-?\d\d-?\d\d(?:[-T_]?\d{2,10}Z?)?)?(?:\.gz|\.bz2|\.xz)?$")
#: access-20261120.log.gz, with the date before the extension
_DATED = re.compile(r"^[.-]\d{4}-?\d\d-?\d\d(?:[-T_]?\d{2,10}Z?)?$")


def is_rotated_name(name: str, current: str) -> bool:
    """Tell whether a file name is that of a rotated (or compressed) copy of the log named ``current``."""
    if name == current:
        return False
    if name.startswith(current):
        return _ROTATED.match(name[len(current) :]) is not None
    stem, extension = os.path.splitext(current)
    plain = _without_compression(name)
    if not extension or not plain.startswith(stem) or not plain.endswith(extension):
        return False
    return _DATED.match(plain[len(stem) : -len(extension)]) is not None


def _without_compression(name: str) -> str:
    root, extension = os.path.splitext(name)
    return root if extension in COMPRESSED else name
