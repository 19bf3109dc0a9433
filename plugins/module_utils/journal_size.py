# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the systemd journal is, from what ``journalctl --disk-usage`` prints (EST-14)."""

from __future__ import annotations

import glob
import os
import re
from typing import Sequence

_USAGE = re.compile(r"\btake up (\d+(?:\.\d+)?)\s*([BKMGTPE])")
_FACTORS = {unit: 1024**power for power, unit in enumerate("BKMGTPE")}


def journal_bytes(text: str) -> int | None:
    """Return the size in bytes, which journalctl rounds to a tenth of its unit; None when the text holds none.

    Args:
        text: such as ``Archived and active journals take up 104.0M in the file system.``
    """
    match = _USAGE.search(text)
    return None if match is None else round(float(match.group(1)) * _FACTORS[match.group(2)])


def archived_before(cutoff: float, folders: Sequence[str] = ("/var/log/journal", "/run/log/journal")) -> dict[str, int]:
    """Return the archived files of the journal that were written to last before a time, with the bytes they take.

    Args:
        cutoff: seconds since the epoch.
        folders: where journals are; each machine has a directory of its own there.
    """
    found = {}
    for folder in folders:
        for path in glob.glob(os.path.join(folder, "*", "*@*.journal*")):
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                continue
            if status.st_mtime < cutoff:
                found[path] = status.st_blocks * 512
    return found
