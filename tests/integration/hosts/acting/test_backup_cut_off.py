# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup whose connection is cut while it works: the module goes on alone, or it dies with the connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra.host

from tests.hosts.definition import CHECKOUT, load_hosts
from tests.integration.hosts.acting.procedures import Acted, act_on
from tests.integration.hosts.plays import INVENTORY, on_host

pytestmark = pytest.mark.xdist_group("ai-diy-1")
HOST, SETS, ARRIVED = "ai-diy-1", "/var/backups/cut-off", "/root/in-the-middle"
# An export that takes its time for as long as it is told to, as an application's own may.
SLOW = f"while test -e /root/slowly; do touch {ARRIVED}; sleep 0.2; done; echo '[1]'"
DOCUMENTS = "/opt/ai-diy/development/src/static/appdocs"
BACKUP = {
    "directory": "{{ ai_diy_backups }}",
    "keep": "{{ ai_diy_backup_keep }}",
    "offsite": "{{ ai_diy_backup_offsite }}",
    "contents": [
        {"name": "appdocs", "type": "files", "source": DOCUMENTS},
        {"name": "slow.json", "type": "export", "command": ["sh", "-c", SLOW]},
    ],
}
ASKED = ("-e", json.dumps({"system_backup": BACKUP, "ai_diy_backups": SETS}))
#: What serves a connection dies, what it has started does not notice.
CONNECTION = "pkill -KILL -f '^sshd: root@'"
#: So does the module, with everything that it has started.
EVERYTHING = "systemctl kill --signal=KILL ssh.service; sleep 1; systemctl restart ssh.service"
_PATIENCE_SECONDS = 600


@pytest.fixture
def host(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]
) -> Iterator[testinfra.host.Host]:
    """Return testinfra's view of the host; what the test makes there goes with it."""
    prepared(HOST)
    everything = f"rm -rf {SETS} {ARRIVED} /root/slowly"
    on_host(HOST, everything)
    yield testinfra_host(HOST)
    on_host(HOST, everything)


def in_container(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the host without SSH."""
    container = next(one.container for one in load_hosts() if one.name == HOST)
    argv = ["podman", "exec", container, "sh", "-c", command]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def cut_off(state: Path, how: str) -> str:
    """Begin a backup, cut it off while the application exports, and return what the play printed.

    The export goes on until `/root/slowly` has gone.
    """
    assert in_container(f"rm -f {ARRIVED}; touch /root/slowly").returncode == 0
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(INVENTORY), "playbooks/backup.yml"]
    variables = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "AIOPS_STATE_DIR": str(state)}
    with subprocess.Popen(
        [*command, "--limit", HOST, *ASKED],
        cwd=CHECKOUT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as play:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while in_container(f"test -e {ARRIVED}").returncode:
            assert time.monotonic() < deadline, "the backup never came so far"
            assert play.poll() is None, play.communicate()
            time.sleep(0.2)
        in_container(how)
        output, _none = play.communicate(timeout=_PATIENCE_SECONDS)
    assert play.returncode != 0, output
    return output


def test_no_half_set_is_ever_good_and_running_again_finishes(host: testinfra.host.Host, tmp_path: Path) -> None:
    def act(procedure: str, *arguments: str) -> Acted:
        return act_on(tmp_path, procedure, HOST, *ASKED, *arguments)

    def there() -> list[str]:
        return sorted(host.check_output(f"ls -A {SETS}").split())

    before = host.check_output(f"find {DOCUMENTS} -type f | sort | xargs sha256sum")
    cut_off(tmp_path, CONNECTION)
    (half,) = there()
    assert half.startswith(".partial-"), "the module goes on by itself"
    # The next backup finds it at work.
    on_host(HOST, "sh -c 'sleep 5; rm /root/slowly' < /dev/null > /dev/null 2>&1 &")
    again = act("backup")
    assert again.returncode == 0, again.output
    assert there() == sorted({half[len(".partial-") :], again.detail("make_backup")["set"].rpartition("/")[2]})

    whole = there()
    cut_off(tmp_path, EVERYTHING)
    assert host.check_output(f"pgrep -c -f {ARRIVED} || true") in ("0", "1"), "nobody goes on but this very question"
    partial = set(there()) - set(whole)
    assert all(name.startswith(".partial-") for name in partial)
    assert len(partial) == 1
    on_host(HOST, "rm /root/slowly")
    verified = act("backup_verify", "-e", "backup_verify_set=all")
    assert verified.returncode == 0, verified.output
    again = act("backup")
    assert again.returncode == 0, again.output
    assert there() == [*whole, again.detail("make_backup")["set"].rpartition("/")[2]], "and nothing half is left"
    assert host.check_output(f"find {DOCUMENTS} -type f | sort | xargs sha256sum") == before
