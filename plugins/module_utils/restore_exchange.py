# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange what two names of one directory mean, so that the important one always means something whole."""

from __future__ import annotations

import errno
import os

from .gzip_file import synchronise_folder

_CURRENT_DIRECTORY = -100
_RENAME_EXCHANGE = 2
#: What a kernel, a C library or a file system without the exchange answers.
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def exchange(first: str, second: str) -> bool:
    """Exchange two names in one step; False when this system cannot, and nothing has changed.

    Raises:
        OSError: it can, but not these two.
    """
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    names = [ctypes.c_char_p(os.fsencode(name)) for name in (first, second)]
    done = library.renameat2(
        _CURRENT_DIRECTORY, names[0], _CURRENT_DIRECTORY, names[1], ctypes.c_uint(_RENAME_EXCHANGE)
    )
    if done == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), first, None, second)


def put_in_place(new: str, target: str, aside: str, directory: bool) -> None:
    """Let a name mean new data, and give the data that it meant before another name.

    A file keeps both of its names for a moment and is then replaced in one rename. A directory is exchanged with the
    new one in one step; where the system has no such step, the name means nothing for a moment, and whoever called
    has written down how to go on from there.

    Args:
        new: the new data.
        target: the name; nothing may be there.
        aside: a name that means nothing yet.
        directory: whether these are directories.

    Raises:
        OSError: nothing has changed, or what was written down says how to go on.
    """
    if not os.path.lexists(target) or (not directory and _linked(target, aside)):
        os.rename(new, target)
    elif exchange(new, target):
        synchronise_folder(target)
        os.rename(new, aside)
    else:
        os.rename(target, aside)
        os.rename(new, target)
    synchronise_folder(target)


def _linked(target: str, aside: str) -> bool:
    try:
        os.link(target, aside, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samefile(target, aside):
            raise
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EACCES, errno.ENOSYS):
            return False
        raise
    synchronise_folder(target)
    return True
