# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark computes and prints, and that its plumbing counts what passes."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from tests.bench import places
from tests.bench.commands import commands, script
from tests.bench.processes import cpu_of_tree
from tests.bench.relay import relaying
from tests.bench.table import Row, Sample, goals, render, summarise
from tests.process_tree import children

CHECKOUT = Path(__file__).resolve().parents[3]


def sample(wall: float) -> Sample:
    return Sample(wall=wall, control_cpu=wall / 2, host_cpu=wall * 2)


def row(key_ratio: float, hosts: int = 50) -> Row:
    return Row(hosts, "someone", 1, key_ratio, key_ratio, 1.5, 1.0, 1.0, 1000)


def test_a_slow_round_does_not_change_the_ratio() -> None:
    floor = [sample(1), sample(10), sample(1)]
    found = summarise(10, "ours", [sample(2), sample(20), sample(2)], floor, 5)
    assert (found.wall, found.ratio, found.cpu_ratio) == (2, 2, 2)
    assert (found.control_cpu, found.host_cpu) == (1, 0.4)


def test_fewer_rounds_are_compared_with_the_floor_of_these_rounds() -> None:
    found = summarise(1, "slow", [sample(30)], [sample(3), sample(1), sample(1)], 5)
    assert (found.rounds, found.ratio) == (1, 10)


def test_the_table_has_a_line_for_each_row_and_columns_that_line_up() -> None:
    lines = render([row(1.0), row(1.75)]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[3].strip("| ").split("|")] == [
        *("50", "someone", "1", "1.8", "1.75", "1.50", "1.0", "1.00", "1"),
    ]


def test_a_goal_is_judged_on_as_many_hosts_as_were_measured() -> None:
    rows = {
        "look": {10: row(2.0, 10), 50: row(1.5)},
        "pyinfra": {10: row(1.0, 10), 50: row(3.0)},
        "tasks": {10: row(20.0, 10)},
    }
    assert goals(rows) == [
        "the look on 50 hosts: 1.50x the floor (goal: at most 1.8x)",
        "pyinfra on 50 hosts: 2.0x as long as the look (goal: more than 1x)",
        "one task per command on 10 hosts: 10.0x as long as the look (goal: more than 12x)",
    ]
    assert goals({}) == []


def test_every_check_has_its_command_and_every_command_its_check() -> None:
    text = (CHECKOUT / "tests/bench/inventory/group_vars/bench.yml").read_text(encoding="utf-8")
    checks = [check["name"] for check in yaml.safe_load(text)["system_checks"]]
    assert checks == list(commands(Path("/somewhere"), 1))
    assert len(checks) == 15


def test_a_script_goes_on_after_a_failure_and_names_it() -> None:
    text = script({"first": "echo 1", "second": "false", "third": "echo 3"})
    completed = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    assert completed.returncode == 1
    assert re.findall(r"^\d", completed.stdout, re.MULTILINE) == ["1", "3"]
    assert completed.stderr == "failed: second\n"


@pytest.mark.parametrize("count", [0, 201])
def test_no_more_hosts_than_have_addresses(count: int) -> None:
    with pytest.raises(ValueError, match="can be simulated"):
        places.addresses(count)


def test_the_relay_counts_both_directions() -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        thread = threading.Thread(target=_echo_once, args=(target,))
        thread.start()
        with relaying("127.0.0.1", target.getsockname()[1]) as tally:
            with socket.create_connection(("127.0.0.1", tally.port)) as client:
                client.sendall(b"x" * 1000)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(10) == b"answer"
                assert client.recv(10) == b""
            thread.join()
            assert tally.bytes_passed == 1006


def _echo_once(listener: socket.socket) -> None:
    connection, _peer = listener.accept()
    with connection:
        while connection.recv(4096):
            pass
        connection.sendall(b"answer")


def test_a_child_is_found_and_counted_when_it_has_been_waited_for() -> None:
    before = cpu_of_tree(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"])
    try:
        assert child.pid in children(os.getpid())
    finally:
        child.wait()
    assert cpu_of_tree(os.getpid()) - before >= 0.15
