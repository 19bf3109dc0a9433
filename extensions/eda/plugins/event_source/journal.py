# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source: entries of systemd's journal, as events about systems.

Options:
    systems: list of the systems that entries may be about; each has ``host`` (inventory host) and may have ``fields``
        (all of them make an entry one about it; ``{_HOSTNAME: HOST}`` unless given).
    units: only entries of these units, and what systemd says of them; all units unless given.
    priority: only entries as grave as this or graver; ``err`` unless given.
    pattern: only entries whose message matches this regular expression.
    level: level of the incident; without one the checks decide.
    ssh: machine whose journal is followed; this machine's unless given.
    ssh_config: configuration file of ssh; the account's own unless given.
    directory, files: where the journal lies, such as the directory of systemd-journal-remote.
    position_file: where the source remembers how far it came; without it, it begins anew at each start.
    quiet_seconds: entries that say the same are left out for so long; 60 unless given.

When journalctl ends - the connection broke, the machine was restarted - it is started again, with pauses that grow to a
minute, behind the last entry that was read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

# The rule engine runs this file by its path: the collection is where the file lies.
COLLECTIONS = str(Path(__file__).absolute().parents[7])
if COLLECTIONS not in sys.path:
    sys.path.append(COLLECTIONS)

from ansible_collections.aiops.runbooks.plugins.plugin_utils.atomic_file import write_atomically
from ansible_collections.aiops.runbooks.plugins.plugin_utils.events import event, journal

LOG = logging.getLogger("aiops.runbooks.journal")
#: A longer entry is passed over: it would have to be held in memory.
ENTRY_BYTES = 1024 * 1024
GROUPS_KEPT = 1000
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
#: How often the position is written down while entries come in.
WRITE_SECONDS = 5.0


class Follower:
    """Follows a journal and hands its events on."""

    def __init__(self, queue: Any, arguments: dict[str, Any]) -> None:
        event.refuse_unknown(arguments, journal.ARGUMENTS)
        self.queue = queue
        self.watch = journal.watch_of(arguments)
        self.quiet_seconds = event.number_of(arguments, "quiet_seconds", 60, 0, 86400)
        self.path = str(arguments.get("position_file") or "")
        self.cursor = self._read()
        self.said: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.written = 0.0

    async def follow(self) -> None:
        """Follow until the rule engine ends."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            begun = time.monotonic()
            said = await self._follow_once()
            if time.monotonic() - begun > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            LOG.warning("journalctl has ended (%s): started again in %.0f s", said, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _follow_once(self) -> str:
        """Read what one journalctl prints, and return what it said when it ended."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.watch.command(self.cursor),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=ENTRY_BYTES,
            )
        except OSError as error:
            return str(error)
        last = ""
        try:
            while True:
                line = await self._line(process.stdout)
                if line is None:
                    continue
                if not line:
                    return event.harmless(last, 200) or f"status {await process.wait()}"
                entry = journal.entry_of(line)
                if entry is None:
                    last = line.decode("utf-8", "replace")
                    continue
                await self._hand_on(entry)
        finally:
            self._write()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await asyncio.shield(process.wait())

    async def _line(self, stream: Any) -> bytes | None:
        """Return a line, nothing at the end, or None for a line that was too long."""
        try:
            return bytes(await stream.readuntil(b"\n"))
        except asyncio.IncompleteReadError as error:
            return bytes(error.partial)
        except asyncio.LimitOverrunError as error:
            LOG.warning("An entry of more than %d bytes was passed over", ENTRY_BYTES)
            await stream.readexactly(error.consumed)
            await self._line(stream)
            return None

    async def _hand_on(self, entry: dict[str, Any]) -> None:
        now = time.monotonic()
        for each in journal.events_of(entry, self.watch):
            about = (each.host, each.group)
            if now - self.said.get(about, -self.quiet_seconds) < self.quiet_seconds:
                continue
            self.said[about] = now
            self.said.move_to_end(about)
            while len(self.said) > GROUPS_KEPT:
                self.said.popitem(last=False)
            await self.queue.put(each.wire())
        self.cursor = entry["__CURSOR"]
        if now - self.written > WRITE_SECONDS:
            self._write()

    def _read(self) -> str | None:
        try:
            return Path(self.path).read_text(encoding="utf-8").strip() or None if self.path else None
        except FileNotFoundError:
            return None

    def _write(self) -> None:
        if self.path and self.cursor:
            write_atomically(self.path, self.cursor + "\n")
            self.written = time.monotonic()


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Follow a journal until the rule engine ends.

    Raises:
        EventError: an argument is wrong.
        OSError: the position cannot be read or written.
    """
    await Follower(queue, args).follow()
