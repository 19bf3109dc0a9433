# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event sources as the rule engine runs them: by their path, with a queue and their arguments."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import runpy
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.events.event import EventError
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import finish, open_store
from tests.conftest import LINK
from tests.ports import free_port
from tests.unit.events.test_events import alert, entry
from tests.unit.store.builders import result
from tests.unit.store.builders import run as a_run

SOURCES = LINK / "extensions" / "eda" / "plugins" / "event_source"
TOKEN = "a-token-of-twenty-characters"
SYSTEMS = [{"host": "wiki-1"}]
LIMIT_SECONDS = 60
Main = Callable[[Any, dict[str, Any]], Coroutine[Any, Any, None]]


def source(name: str) -> Main:
    """Return the entry point of a source."""
    main: Main = runpy.run_path(str(SOURCES / f"{name}.py"))["main"]
    return main


@contextlib.asynccontextmanager
async def running(main: Main, queue: Any, arguments: dict[str, Any]) -> AsyncIterator[None]:
    """Run a source until the block ends."""
    task = asyncio.create_task(main(queue, arguments))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def events(queue: asyncio.Queue[Any], number: int) -> list[dict[str, Any]]:
    """Return the next events."""
    async with asyncio.timeout(LIMIT_SECONDS):
        return [(await queue.get())["incident"] for _number in range(number)]


async def posted(port: int, *requests: tuple[Any, str | None]) -> list[tuple[int, dict[str, Any]]]:
    """Post bodies with tokens, and return the answers."""
    answers = []
    async with aiohttp.ClientSession() as session, asyncio.timeout(LIMIT_SECONDS):
        for body, token in requests:
            headers = {"Authorization": token} if token else {}
            while True:
                with contextlib.suppress(aiohttp.ClientConnectorError):
                    async with session.post(f"http://127.0.0.1:{port}/alertmanager", data=body, headers=headers) as got:
                        text = await got.text()
                        answers.append((got.status, json.loads(text) if text.startswith("{") else {}))
                        break
                await asyncio.sleep(0.05)
    return answers


def receiving(queue: Any, *requests: tuple[Any, str | None], **limits: float) -> list[tuple[int, Any]]:
    """Return what a running receiver answers; it has time enough for what has no limit."""
    main = source("alertmanager")
    main.__globals__.update({"BUSY_SECONDS": LIMIT_SECONDS, "READ_SECONDS": LIMIT_SECONDS, **limits})
    port = free_port()

    async def work() -> list[tuple[int, Any]]:
        async with running(main, queue, {"systems": SYSTEMS, "token": TOKEN, "port": port}):
            return await posted(port, *requests)

    return asyncio.run(work())


NOTIFICATION = json.dumps({"version": "4", "alerts": [alert()]}).encode()
GOOD = f"Bearer {TOKEN}"


def test_only_who_has_the_token_is_heard_and_nonsense_is_answered_with_its_reason() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(5)
    answers = receiving(
        queue,
        (NOTIFICATION, None),
        (NOTIFICATION, "Bearer wrong"),
        (NOTIFICATION, f"Basic {TOKEN}"),
        (NOTIFICATION, "Bearer \N{SNOWMAN}".encode().decode("latin-1")),
        (b"{", GOOD),
        (b'{"version": "4", "alerts": [{}]}', GOOD),
        (b"x" * 1_100_000, GOOD),
        (NOTIFICATION, GOOD),
    )
    assert [status for status, _text in answers] == [401, 401, 401, 401, 400, 400, 413, 202]
    assert answers[4][1]["error"].startswith("the body is no JSON")
    assert answers[5][1] == {"error": "alerts[0].fingerprint is missing"}
    assert queue.qsize() == 1


def test_a_rule_engine_that_takes_nothing_has_the_sender_come_again() -> None:
    queue: asyncio.Queue[Any] = asyncio.Queue(1)
    answers = receiving(queue, (NOTIFICATION, GOOD), (NOTIFICATION, GOOD), BUSY_SECONDS=0.5)
    assert [status for status, _text in answers] == [202, 503]


async def hesitating() -> AsyncIterator[bytes]:
    """Yield a body that does not come to its end."""
    yield b"{"
    await asyncio.sleep(LIMIT_SECONDS)


def test_a_sender_that_does_not_come_to_an_end_is_not_waited_for() -> None:
    answers = receiving(asyncio.Queue(1), (hesitating(), GOOD), READ_SECONDS=0.5)
    assert [status for status, _text in answers] == [408]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("alertmanager", {"systems": SYSTEMS, "token": "short"}, "token has fewer than 16"),
        ("alertmanager", {"systems": SYSTEMS}, "token has fewer than 16"),
        ("alertmanager", {"token": TOKEN}, "systems is None"),
        ("alertmanager", {"systems": SYSTEMS, "token": TOKEN, "address": "0.0.0.0"}, "Give certfile"),
        ("alertmanager", {"systems": SYSTEMS, "token": TOKEN, "certfile": "/nowhere"}, "certfile /nowhere"),
        ("alertmanager", {"systems": SYSTEMS, "token": TOKEN, "port": "x"}, "port is 'x'"),
        ("alertmanager", {"systems": SYSTEMS, "token": TOKEN, "levels": {"page": "P9"}}, "levels.page is 'P9'"),
        ("journal", {"systems": SYSTEMS, "unit": "x"}, "there is no argument unit"),
        ("journal", {"systems": SYSTEMS, "quiet_seconds": -1}, "quiet_seconds is -1"),
        ("runs", {"systems": SYSTEMS, "every_seconds": 0}, "every_seconds is 0"),
        ("runs", {"systems": SYSTEMS, "procedures": "daily"}, "procedures is 'daily'"),
    ],
)
def test_a_source_that_cannot_work_says_so_at_its_start(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(EventError, match=message):
        asyncio.run(asyncio.wait_for(source(name)(asyncio.Queue(), arguments), LIMIT_SECONDS))


#: Prints its arguments into a file and the next recording on its output, and ends: a journal whose machine goes away.
JOURNALCTL = """#!/bin/sh
cd {directory}
echo "$*" >> asked
number=$(wc -l < asked)
test -f "entries.$number" && cat "entries.$number" || sleep 600
"""


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of what journalctl prints at its first, second, ... start."""
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(JOURNALCTL.format(directory=tmp_path))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_a_journal_is_followed_on_behind_what_was_read_whatever_it_holds(recordings: Path) -> None:
    long = entry(__CURSOR="c1", MESSAGE="x" * 1_200_000)
    first = [b"-- nonsense\n", entry(__CURSOR="c0"), entry(__CURSOR="c0b"), long, entry(__CURSOR="c2", MESSAGE="two")]
    (recordings / "entries.1").write_bytes(b"".join(first))
    (recordings / "entries.2").write_bytes(b"connection lost\n")
    (recordings / "entries.3").write_bytes(entry(__CURSOR="c3", MESSAGE="three"))
    arguments = {"systems": SYSTEMS, "position_file": str(recordings / "position")}

    async def work() -> list[dict[str, Any]]:
        queue: asyncio.Queue[Any] = asyncio.Queue(1)
        async with running(source("journal"), queue, arguments):
            return await events(queue, 3)

    found = asyncio.run(work())
    assert [each["what"].rpartition(": ")[2] for each in found] == [
        "Failed with result 'exit-code' after 17 s.",
        "two",
        "three",
    ], "the same once more is left out, what is too long is passed over"
    asked = (recordings / "asked").read_text().splitlines()
    assert ["--lines=0" in each for each in asked[:3]] == [True, False, False]
    assert [each.rpartition("=")[2] for each in asked[1:3]] == ["c2", "c2"]
    assert (recordings / "position").read_text() == "c3\n", "a restart goes on from here"


def test_a_store_that_is_not_there_yet_is_waited_for_and_each_run_comes_once(tmp_path: Path) -> None:
    url, position = f"sqlite:///{tmp_path}/store.sqlite", tmp_path / "position"
    arguments = {"systems": [{"host": "est1"}], "store_url": url, "every_seconds": 1, "position_file": str(position)}

    def record(identity: str) -> None:
        ended = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        stated = {"finished": ended, "state": "critical", "results": [result("web", "critical")]}
        finish(open_store(url), [{**a_run(identity), **stated}])

    async def work(*identities: str) -> list[str]:
        queue: asyncio.Queue[Any] = asyncio.Queue(1)
        async with running(source("runs"), queue, arguments):
            async with asyncio.timeout(LIMIT_SECONDS):
                while not position.exists():
                    await asyncio.sleep(0.05)
            for identity in identities:
                await asyncio.to_thread(record, identity)
            return [each["key"] for each in await events(queue, len(identities))]

    assert asyncio.run(work("r1", "r2")) == ["run/r1", "run/r2"]
    assert asyncio.run(work("r3")) == ["run/r3"], "after a restart nothing comes again"
