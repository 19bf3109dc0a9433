# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of a play's process, read from this machine's own kernel."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import current_holder, play_lives
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.holder import operator_name, process_started
from tests.unit.store.children import answer_of

FORK = multiprocessing.get_context("fork")


def test_the_holder_is_this_process_on_this_machine() -> None:
    holder = current_holder(pid=os.getpid())

    assert (holder.pid, holder.controller) == (os.getpid(), socket.gethostname())
    assert holder.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert holder.pid_namespace == os.readlink("/proc/self/ns/pid")
    assert holder.process_started == process_started(os.getpid())
    assert current_holder(pid=os.getpid()) == holder


def test_in_a_forked_worker_the_holder_is_the_play() -> None:
    """Ansible forks a worker for every task; the worker that takes a lease ends with its task."""
    receive, send = FORK.Pipe(duplex=False)
    worker = FORK.Process(target=lambda: send.send(current_holder()))
    worker.start()
    held = receive.recv()
    worker.join()

    assert held == current_holder(pid=os.getpid())


def test_a_worker_knows_when_its_play_was_killed() -> None:
    """Ansible puts its workers into sessions of their own: whoever kills a play by its group does not reach them."""
    receive, send = FORK.Pipe(duplex=False)
    killed = FORK.Event()

    def work() -> None:
        os.setsid()
        send.send((os.getppid(), play_lives()))
        killed.wait(60)
        send.send((os.getppid(), play_lives()))

    # Not a daemon: it must not be ended with its parent.
    play = FORK.Process(target=lambda: FORK.Process(target=work).start())
    play.start()
    parent, lived = receive.recv()
    assert (parent, lived) == (play.pid, True)
    play.kill()
    play.join()
    killed.set()
    parent, lived = receive.recv()
    assert parent != play.pid
    assert not lived


def test_a_process_started_later_has_a_later_start_time() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        mine, childs = process_started(os.getpid()), process_started(child.pid)
        assert mine is not None
        assert childs is not None
        assert childs > mine
        child.kill()
    assert process_started(child.pid) is None


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{child.pid}/stat").exists()
        assert process_started(child.pid) is None


@pytest.mark.parametrize("name", ["a b", "x) R 1 2 3", "(", "\N{HIRAGANA LETTER A}"])
def test_a_process_may_have_any_name(tmp_path: Path, name: str) -> None:
    fields = ["S", *(str(number) for number in range(4, 22)), "154312", "0"]
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "stat").write_text(f"77 ({name}) {' '.join(fields)}\n")

    assert process_started(77, proc=str(tmp_path)) == 154312


def test_without_proc_the_identity_says_so(tmp_path: Path) -> None:
    holder = current_holder(pid=1, proc=str(tmp_path), machine_id_path=str(tmp_path / "none"))

    assert (holder.machine, holder.boot, holder.pid_namespace, holder.process_started) == ("", "", "", None)


def test_the_operator_is_the_person_behind_the_account() -> None:
    assert operator_name({"SUDO_USER": "aki", "LOGNAME": "root"}) == "aki"
    assert operator_name({"SUDO_USER": "aki", "AWX_USER_NAME": "mika"}) == "mika"
    assert operator_name({"AIOPS_OPERATOR": "rin", "AWX_USER_NAME": "mika"}) == "rin"
    assert operator_name({})
    assert current_holder(operator="sora", environ={"SUDO_USER": "aki"}).operator == "sora"


def test_an_account_without_a_name_is_shown_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    def lose_account() -> None:
        if os.geteuid() == 0:
            os.setuid(54321)

    shown = answer_of(lambda: operator_name({}), lose_account)

    assert shown == ("uid 54321" if os.geteuid() == 0 else operator_name({}))
