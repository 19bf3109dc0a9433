# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host or a server says, the answer is an observation or a named fault, never a traceback."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.module_utils import rpm_updates
from ansible_collections.aiops.runbooks.plugins.module_utils.backup_items import read_name
from ansible_collections.aiops.runbooks.plugins.module_utils.checks import cpu, http, memory, security_updates, service
from ansible_collections.aiops.runbooks.plugins.module_utils.checks.disk import mount_of
from ansible_collections.aiops.runbooks.plugins.module_utils.compose import observe_compose
from ansible_collections.aiops.runbooks.plugins.module_utils.connection import split_endpoint
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.http_exchange import (
    Answer,
    ProtocolError,
    exchange,
    join_url,
    parse_url,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.pid_file import parse_pid
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Completed

from .peers import saying, serving

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Service", "State", "a"]), inner),
    max_leaves=8,
)
KERNEL_TEXT = st.text(alphabet="cpuMemTotalFree0123456789 :kB\n-", max_size=200) | st.text(max_size=100)
READERS: dict[str, Callable[[str], Any]] = {
    "memory": memory.observe,
    "cpu": lambda text: cpu.observe("cpu 1 2 3 4 5", text, 0.0),
    "mounts": lambda text: mount_of("/srv", text),
    "systemd": lambda text: service.observe_systemd("a", Completed(0, text, ""), 1.0),
    "compose": lambda text: observe_compose("app", Completed(0, text, "")),
    "apt": security_updates.parse_apt,
    "dnf": security_updates.parse_dnf,
    "dnf transaction": rpm_updates.parse_transaction,
    "dnf advisories": lambda text: rpm_updates.parse_advisories(text, text, [text]),
    "pid": parse_pid,
    "endpoint": lambda text: split_endpoint(text, 443),
    "url": parse_url,
    "location": lambda text: parse_url(join_url(parse_url("http://a/b"), text)),
    "set": lambda text: read_name(text, "%Y%m%d_%H%M%S", "Asia/Tokyo"),
}


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None)
@given(text=KERNEL_TEXT)
def test_any_text_is_an_answer(reader: str, text: str) -> None:
    with contextlib.suppress(CheckError):
        READERS[reader](text)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_json_is_an_answer(value: Any) -> None:
    text = json.dumps(value)
    with contextlib.suppress(CheckError):
        observe_compose("app", Completed(0, text, ""))
    parameters = {"url": "http://a/", "method": "GET", "expect_status": [200], "expect_body": {"a.a": [1, None]}}
    assert http.observe(Answer(200, {}, text.encode()), parameters, []).state in ("ok", "critical")


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200)
    | st.binary(max_size=80).map(lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body)
    | st.binary(max_size=80).map(lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
)
def test_any_bytes_from_a_server_are_an_answer_or_no_http(data: bytes) -> None:
    with serving(saying(data)) as port, contextlib.suppress(ProtocolError):
        answer = exchange(parse_url(f"http://127.0.0.1:{port}/"), "GET", {}, time.monotonic() + 60)
        assert 100 <= answer.status < 600
