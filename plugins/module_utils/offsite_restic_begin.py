# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a restic repository where an interrupted attempt may have left the half of one.

Restic writes the key first and the configuration last. A second key beside the first one makes a repository that nobody
can open: a key without a configuration is removed, unless something is stored there.
"""

from __future__ import annotations

import os
import re
from typing import Callable

from .offsite_restic import Repository, failed, restic
from .offsite_ssh import OffsiteError, run, said

_KEY = re.compile(r"[0-9a-f]{64}(-restic-temp-[0-9a-z]+)?")
_SFTP = re.compile(r"sftp:(?://(?P<url>[^/]+)/|(?P<host>[^/:]+):)(?P<path>.+)")
_OTHER = re.compile(r"[a-z0-9]+:")
_STORED = ("snapshots", "index")


def initialise(repository: Repository, remaining: Callable[[], float]) -> None:
    """Make the repository.

    Args:
        repository: one that has no configuration.
        remaining: seconds that are left.

    Raises:
        OffsiteError: it could not be made, or something is stored there already.
    """
    location = repository.location
    where = _SFTP.fullmatch(location)
    if where or not _OTHER.match(location) or location.startswith("local:"):
        path = where["path"] if where else location[len("local:") :] if location.startswith("local:") else location
        look, remove = (_look_there, _remove_there) if where else (_look_here, _remove_here)
        if any(look(repository, f"{path}/{name}", remaining) for name in _STORED):
            way_out = "Put a copy of its file config back, or choose another place"
            raise OffsiteError(f"{location} holds snapshots, but no configuration of a repository", way_out)
        keys = [name for name in look(repository, f"{path}/keys", remaining) if _KEY.fullmatch(name)]
        if keys:
            remove(repository, [f"{path}/keys/{name}" for name in keys], remaining)
    done = restic(repository, ["init"], remaining)
    if done.returncode != 0:
        raise failed(repository, "make the repository", done)


def _look_here(_repository: Repository, path: str, _remaining: Callable[[], float]) -> list[str]:
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OffsiteError(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from None


def _remove_here(_repository: Repository, paths: list[str], _remaining: Callable[[], float]) -> None:
    for path in paths:
        os.unlink(path)


def _look_there(repository: Repository, path: str, remaining: Callable[[], float]) -> list[str]:
    # A directory that is not there is not an error of the batch: hence the dash.
    lines = _sftp(repository, [f"-ls -1 {_quoted(path)}"], remaining).splitlines()
    return [line[len(path) + 1 :].strip() for line in lines if line.startswith(path + "/")]


def _remove_there(repository: Repository, paths: list[str], remaining: Callable[[], float]) -> None:
    _sftp(repository, [f"rm {_quoted(path)}" for path in paths], remaining)


def _quoted(path: str) -> str:
    if re.search(r"[*?\[\]\"\\\n]", path):
        raise OffsiteError(f"{path!r} has a name that cannot be looked into", "Choose another place for the repository")
    return f'"{path}"'


def _sftp(repository: Repository, commands: list[str], remaining: Callable[[], float]) -> str:
    where = _SFTP.fullmatch(repository.location)
    host = (where["host"] or where["url"].split(":")[0]) if where else ""
    # The same options as for ssh; only the port has another letter.
    options = [option if option != "-p" else "-P" for option in repository.reach.arguments()]
    argv = ["sftp", "-q", "-S", "ssh", "-b", "-", *options, repository.reach.name_of(host)]
    done = run(argv, remaining, stdin="".join(f"{command}\n" for command in commands))
    if done.returncode != 0:
        raise OffsiteError(f"sftp to {host} ended with status {done.returncode}: {said(done)}")
    return done.stdout
