# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a file where others read it; nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile


def write_atomically(path: str, content: str | bytes, mode: int = 0o600) -> None:
    """Write a file beside its final place, then put it there in one step.

    Args:
        path: the final place; its directory exists.
        content: the text, written as UTF-8, or the bytes.
        mode: permissions of the file.

    Raises:
        OSError: the file cannot be written; what stood there is unchanged.
    """
    directory, name = os.path.split(path)
    # A name that begins with a dot and ends otherwise is no file to whoever reads the directory.
    handle, unfinished = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            os.fchmod(stream.fileno(), mode)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise
