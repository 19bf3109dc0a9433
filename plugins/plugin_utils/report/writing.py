# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put rendered reports where an operator finds them; a reader never sees half of one."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils.atomic_file import write_atomically


class ReportError(RunbooksError):
    """A report that cannot be written: names the directory and the way out."""


def write_files(directory: str, files: Mapping[str, str]) -> list[str]:
    """Write the files and return their paths, the page first.

    Args:
        directory: created when it does not exist, readable by its owner only: reports hold evidence.
        files: text by file name.

    Raises:
        ReportError: the directory or a file cannot be written.
    """
    names = sorted(files, key=lambda name: (not name.endswith(".html"), name))
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        return [_written(directory, name, files[name]) for name in names]
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {directory}: {error.strerror or error}",
            "Make room or give permission there, or set report_directory to another directory.",
        ) from error


def _written(directory: str, name: str, content: str) -> str:
    path = os.path.join(directory, name)
    write_atomically(path, content)
    return path
