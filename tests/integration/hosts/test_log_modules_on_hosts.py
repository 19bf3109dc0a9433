# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal and the log of a real unit are brought back to their size without losing what is written meanwhile."""

from __future__ import annotations

import pytest

from tests.hosts.definition import INVENTORY
from tests.integration.ansible_module import call_module_on
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.hosts
HOST = "estimator-1"
MEBIBYTE = 1048576
FILL_JOURNAL = """
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40
do head -c 400000 /dev/urandom | base64 -w 30000 | systemd-cat -t fill
done
journalctl --sync
"""
START_WRITER = """
rm -rf /tmp/rotation
mkdir /tmp/rotation
cat > /tmp/rotation/writer.py << END
import itertools, time
for number in itertools.count():
    print(number, "x" * 200)
    if number % 100 == 0:
        time.sleep(0.002)
END
property=StandardOutput=append:/tmp/rotation/app.log
systemd-run --unit rotation-writer --property $property python3 -u /tmp/rotation/writer.py
while [ "$(stat -c %s /tmp/rotation/app.log)" -lt 200000 ]; do sleep 0.1; done
"""
STOP_WRITER = """
systemctl stop rotation-writer
cd /tmp/rotation
ls
gzip -d app.log-*.gz
cat app.log-* app.log | awk '$1 != NR - 1 {print "line", NR, "is", $1; exit 1}'
cd /
rm -rf /tmp/rotation
"""


def test_the_journal_is_shrunk_once(hosts: tuple[str, ...]) -> None:
    on_host(HOST, FILL_JOURNAL)
    maximum = {"maximum_bytes": 12 * MEBIBYTE}
    planned = call_module_on(HOST, INVENTORY, "journal_vacuum", maximum, "--check")
    assert planned.word == "CHANGED"
    assert planned.result["before_bytes"] > 12 * MEBIBYTE
    done = call_module_on(HOST, INVENTORY, "journal_vacuum", maximum)
    assert done.result["before_bytes"] == planned.result["before_bytes"]
    assert done.result["within_maximum"] is True
    again = call_module_on(HOST, INVENTORY, "journal_vacuum", maximum)
    assert (again.word, again.result["commands"]) == ("SUCCESS", [])


def test_the_log_of_a_unit_is_rotated_while_the_unit_writes(hosts: tuple[str, ...]) -> None:
    on_host(HOST, START_WRITER)
    try:
        arguments = {"paths": ["/tmp/rotation/*.log"], "larger_than_bytes": 100000}
        for _turn in range(2):
            done = call_module_on(HOST, INVENTORY, "log_rotate", arguments)
            assert done.result["rotated"][0]["method"] == "copytruncate"
        assert on_host(HOST, "systemctl is-active rotation-writer").strip() == "active"
    finally:
        listing = on_host(HOST, STOP_WRITER)
    assert listing.count(".gz") == 2
