# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list is taken as a whole or not at all, and its digest is noted where it has to be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import config_file
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.reference_list import fetch, noted, refuse_implausible
from ansible_collections.aiops.runbooks.plugins.modules import reference_list_update

BEGIN, END = "// ===BEGIN ICANN DOMAINS===", "// ===END ICANN DOMAINS==="
LIST = "\n".join(["// VERSION: 1", BEGIN, *(f"zone{number}" for number in range(50)), END, ""]).encode()
OLD, NEW = "a" * 64, "b" * 64


class Handler(BaseHTTPRequestHandler):
    """Serves the list, half of it, or an error page."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(LIST)))
        self.end_headers()
        self.wfile.write(LIST[:100] if self.path == "/half" else LIST)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Return the address of a server."""
    served = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


def test_a_list_is_downloaded_as_a_whole(server: str) -> None:
    assert fetch(server + "/list", 5, 10000) == LIST
    with pytest.raises(RunbooksError, match=r"broke off|cannot be downloaded"):
        fetch(server + "/half", 5, 10000)
    with pytest.raises(RunbooksError, match="404"):
        fetch(server + "/missing", 5, 10000)
    with pytest.raises(RunbooksError, match="larger than 100 bytes"):
        fetch(server + "/list", 5, 100)
    with pytest.raises(RunbooksError, match="no address"):
        fetch("/etc/passwd", 5, 100)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (LIST[: len(LIST) // 2], "has no line"),
        (b"<!doctype html><title>503</title>", "has no line"),
        (END.encode() + b"\n" + BEGIN.encode() + b"\n", "has no line"),
        (b"\xff" + LIST, "not UTF-8"),
        (f"{BEGIN}\nzone\n{END}\n".encode(), "too few"),
    ],
)
def test_what_is_not_the_whole_list_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(RunbooksError, match=why):
        refuse_implausible(content, [BEGIN, END], 100, 20, LIST, 20)


def test_a_list_that_lost_a_large_part_is_refused() -> None:
    refuse_implausible(LIST, [BEGIN, END], 100, 20, LIST, 20)
    with pytest.raises(RunbooksError, match="the old one"):
        refuse_implausible(LIST, [BEGIN, END], 100, 20, LIST * 2, 20)


LINE = {"line": "- {day}: PSL snapshot sha256={sha256} (source: {source})"}


def test_the_digest_is_noted_after_the_ones_before_and_only_once() -> None:
    old = f"# Domains\n\n- 2026-01-13: PSL snapshot sha256={OLD} (source: x)\n\nMore.\n"
    new = noted(old, LINE, NEW, "2026-02-01", "https://l")
    assert new == old.replace("x)\n", f"x)\n- 2026-02-01: PSL snapshot sha256={NEW} (source: https://l)\n")
    assert noted(new, LINE, NEW, "2026-02-02", "https://l") == new
    assert noted("no end", LINE, NEW, "2026-02-01", "u").startswith("no end\n- 2026-02-01")


def test_the_digest_that_stands_there_is_replaced() -> None:
    text = f"PSL sha256: `{OLD}`\nother {OLD}\n"
    assert noted(text, {"near": "PSL"}, NEW, "", "") == f"PSL sha256: `{NEW}`\nother {OLD}\n"
    with pytest.raises(RunbooksError, match="holds a digest"):
        noted("nothing\n", {"near": "PSL"}, NEW, "", "")


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_when_a_note_cannot_be_written_the_list_and_the_other_notes_are_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    changes = [(str(tmp_path / name), name.encode(), b"new") for name in ("list", "first", "second")]
    for path, old, _new in changes:
        Path(path).write_bytes(old)
    real = config_file.replace

    def replace(path: str, *arguments: Any, **options: Any) -> str:
        if path == changes[failing][0]:
            raise RunbooksError(f"{path} cannot be replaced: No space left on device", "Make room")
        return real(path, *arguments, **options)

    monkeypatch.setattr(config_file, "replace", replace)
    with pytest.raises(RunbooksError, match="The list and its notes are as they were"):
        reference_list_update.put_in(changes, 1795604645.25)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: name.encode() for name in ("list", "first", "second")
    }
