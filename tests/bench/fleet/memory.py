# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of ansible-playbook and its forks, looked at while they work."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.process_tree import descendants

_EVERY_SECONDS = 0.25
_PROGRAM = "ansible-playbook"


@dataclass
class Peak:
    """The most that was seen, in bytes.

    Args:
        main: resident memory of ansible-playbook itself.
        resident: resident memory of it and its forks together; pages that they share count for each of them.
        proportional: the same with every shared page counted once.
    """

    main: int = 0
    resident: int = 0
    proportional: int = 0


@contextmanager
def watching(root: int) -> Iterator[Peak]:
    """Watch the processes below one while the context lasts.

    Args:
        root: process id; ansible-playbook is somewhere below it.

    Yields:
        The peak, complete after the context.
    """
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_SECONDS):
            _look(root, peak)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _look(root: int, peak: Peak) -> None:
    found = [pid for pid in sorted(descendants(root)) if _PROGRAM in _command(pid)]
    figures = [figure for pid in found if (figure := _memory(pid))]
    if figures:
        # The parent of all forks has the most pages that are its own, and the lowest process id.
        peak.main = max(peak.main, figures[0][0])
        peak.resident = max(peak.resident, sum(resident for resident, _proportional in figures))
        peak.proportional = max(peak.proportional, sum(proportional for _resident, proportional in figures))


def _command(pid: int) -> str:
    try:
        # Ansible puts the name of a fork's host behind its command line.
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _memory(pid: int) -> tuple[int, int] | None:
    """Return resident and proportional memory in bytes; None for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    values = dict(re.findall(r"^(Rss|Pss):\s+(\d+) kB", text, re.MULTILINE))
    return (int(values["Rss"]) * 1024, int(values["Pss"]) * 1024) if len(values) == 2 else None
