# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source: runs of the daily, weekly and other procedures that have found something bad, read from the store.

Options:
    systems: list of the systems that are looked after, each with its inventory ``host``.
    store_url: SQLAlchemy URL of the store, as ``run_store_url``; AIOPS_STORE_URL or AIOPS_STATE_DIR unless given.
    every_seconds: how often the store is read; 15 unless given.
    procedures: only runs of these procedures; all but incidents unless given.
    position_file: where the source remembers what it has handed on; without it, it begins anew at each start.

A store that cannot be read is tried again; what was recorded meanwhile is not lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# The rule engine runs this file by its path: the collection is where the file lies.
COLLECTIONS = str(Path(__file__).absolute().parents[7])
if COLLECTIONS not in sys.path:
    sys.path.append(COLLECTIONS)

from ansible_collections.aiops.runbooks.plugins.plugin_utils import store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.atomic_file import write_atomically
from ansible_collections.aiops.runbooks.plugins.plugin_utils.events import event, recorded, systems

LOG = logging.getLogger("aiops.runbooks.runs")


class Reader:
    """Reads the store and hands the events of new runs on."""

    def __init__(self, queue: Any, arguments: dict[str, Any]) -> None:
        event.refuse_unknown(arguments, recorded.ARGUMENTS)
        self.queue = queue
        self.hosts = {each.host for each in systems.systems_of(arguments.get("systems"))}
        self.url = arguments.get("store_url") or os.environ.get("AIOPS_STORE_URL") or None
        self.every_seconds = event.number_of(arguments, "every_seconds", 15, 1, 3600)
        self.procedures = frozenset(recorded.procedures_of(arguments.get("procedures")))
        self.path = str(arguments.get("position_file") or "")
        self.position = recorded.position_of(self._text(), datetime.now(UTC))

    async def read(self) -> None:
        """Read until the rule engine ends."""
        self._write()
        while True:
            try:
                found = await asyncio.to_thread(self._new)
            except store.StoreError as error:
                LOG.warning("%s; read again in %.0f s", error, self.every_seconds)
                found = []
            for run in found:
                await self.queue.put(recorded.event_of(run).wire())
                self.position.note(run)
            if found:
                self._write()
            await asyncio.sleep(self.every_seconds)

    def _new(self) -> list[dict[str, Any]]:
        # Opened for each look: a store that did not exist yet, or was replaced, is seen.
        opened = store.open_store(self.url, create=False, read_only=True)
        try:
            return recorded.new_runs(opened, self.hosts, self.position, self.procedures)
        finally:
            opened.engine.dispose()

    def _text(self) -> str | None:
        with contextlib.suppress(FileNotFoundError):
            return Path(self.path).read_text(encoding="utf-8") if self.path else None
        return None

    def _write(self) -> None:
        if self.path:
            write_atomically(self.path, self.position.to_text() + "\n")


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Read the store until the rule engine ends.

    Raises:
        EventError: an argument is wrong.
        OSError: the position cannot be read or written.
    """
    await Reader(queue, args).read()
