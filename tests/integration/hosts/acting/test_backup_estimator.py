# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of a service under systemd that keeps writing: planned, made, verified, copied off-site, kept long enough."""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra.host

from tests.hosts.definition import CACHE, CHECKOUT
from tests.hosts.ssh import CLIENT_CONFIGURATION
from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("estimator-1")
HOST = "estimator-1"
#: A host whose own tests neither reboot it nor cut its connections: copies go there while these are at work.
VAULT = "estimator-3"
SETS = "/var/backups/estimator"
SECRET = "not-to-be-seen-anywhere"
# A writer beside the application: two rows that always add up, and the slowest of its transactions.
WRITER = """
import sqlite3, time, sys
connection = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)
# What is measured is how long others have the database, not how busy the disk is.
connection.execute("PRAGMA synchronous = OFF")
connection.execute("CREATE TABLE IF NOT EXISTS pair (id INTEGER PRIMARY KEY, amount INTEGER)")
connection.execute("INSERT OR REPLACE INTO pair VALUES (1, 1000), (2, 0)")
slowest = 0.0
while True:
    begun = time.monotonic()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE pair SET amount = amount - 1 WHERE id = 1")
    connection.execute("UPDATE pair SET amount = amount + 1 WHERE id = 2")
    connection.execute("COMMIT")
    slowest = max(slowest, time.monotonic() - begun)
    open(sys.argv[2], "w").write(str(slowest))
    time.sleep(0.005)
"""
# What all processes of the host are called with, for as long as it runs.
WATCH = """
import glob, time
seen = set()
while True:
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            line = open(path, "rb").read().replace(b"\\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            continue
        if line not in seen:
            seen.add(line)
            with open("/root/arguments", "a") as stream:
                stream.write(line.replace("\\n", " ") + "\\n")
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def host(prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]) -> testinfra.host.Host:
    """Return the host of the estimator, healthy, with the vault's host beside it."""
    prepared(HOST)
    # Other tests may be at work on the vault's host: it has to run, and is not made anew.
    with (CACHE / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([sys.executable, "-m", "tests.hosts", "up", f"--host={VAULT}"], cwd=CHECKOUT, check=True)
    return testinfra_host(HOST)


def sets_on(host: testinfra.host.Host) -> list[str]:
    """Return what lies among the sets, hidden names included."""
    return sorted(host.run(f"ls -A {SETS}").stdout.split())


def test_a_plan_changes_nothing_and_names_the_sizes(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    before = sets_on(host)
    planned = act("backup", HOST, "--check")
    assert planned.returncode == 0, planned.output
    assert re.search(r"\+app\.db: \d{5,} bytes of ", planned.output)
    assert "Planned: make_backup" in planned.output
    assert sets_on(host) == before


def test_a_set_is_made_while_the_application_writes(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    database = "/opt/ai-estimator2/backend/app.db"
    on_host(HOST, f"cat > /root/writer.py <<'END'\n{WRITER}\nEND\n")
    on_host(
        HOST,
        "rm -f /root/slowest\n"
        f"systemd-run --quiet --unit=busy-writer python3 /root/writer.py {database} /root/slowest\n"
        "until [ -s /root/slowest ]; do sleep 0.1; done",
    )
    try:
        made = act("backup", HOST)
    finally:
        on_host(HOST, "systemctl stop busy-writer.service")
    assert made.returncode == 0, made.output
    detail = made.detail("make_backup")
    path = detail["set"]
    assert re.fullmatch(SETS + r"/\d{8}_\d{6}", path)
    assert {item["name"] for item in detail["items"]} >= {"app.db", ".env", "uploads"}
    assert host.file(f"{path}/.env").mode == host.file("/opt/ai-estimator2/backend/.env").mode
    assert host.file(path).mode == 0o700
    question = "SELECT sum(amount) FROM pair; PRAGMA integrity_check"
    assert host.run(f"sqlite3 {path}/app.db '{question}'").stdout == "1000\nok\n"
    manifest = json.loads(host.file(f"{path}/manifest.json").content_string)
    digest = next(item["sha256"] for item in manifest["items"] if item["name"] == "app.db")
    assert host.run(f"sha256sum {path}/app.db").stdout.split()[0] == digest
    assert float(host.file("/root/slowest").content_string) < 2.5, "half of the writer's busy timeout"
    assert host.service("estimator").is_running
    on_host(HOST, f"sqlite3 {database} 'DROP TABLE pair'")


def test_a_damaged_set_is_found_and_named(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    assert act("backup_verify", HOST).returncode == 0
    newest = sets_on(host)[-1]
    on_host(HOST, f"cp -p {SETS}/{newest}/.env /root/env; printf X >> {SETS}/{newest}/.env")
    found = act("backup_verify", HOST)
    on_host(HOST, f"cp -p /root/env {SETS}/{newest}/.env")
    assert found.returncode == 2
    assert f"{newest} is damaged: .env: changed" in " ".join(found.output.split())
    assert act("backup_verify", HOST).returncode == 0


def test_old_sets_go_and_the_newest_whole_one_stays(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    # A restore leaves its journal there, under a hidden name.
    script_made = next(name for name in sets_on(host) if name[0].isdigit())
    old, foreign, half = "20260901_030001", {"notes", "20260801_030001"}, ".partial-20261101_030000"
    try:
        on_host(
            HOST,
            f"cd {SETS}; cp -a {script_made} {old}; mkdir {' '.join(foreign)} {half}; touch -d 2026-01-01 {SETS}",
        )
        planned = act("retention", HOST, "--check")
        assert f"-{old}" in planned.output
        assert old in sets_on(host)
        done = act("retention", HOST, "-e", f"run_confirm={HOST}")
        assert done.returncode == 0, done.output
        detail = done.detail("remove_old_backups")
        assert detail["removed"] == [old]
        assert detail["removed_leftovers"] == [half]
        left = sets_on(host)
        assert {*foreign, detail["newest_whole"]} <= set(left), "what is no set of ours stays"
    finally:
        on_host(HOST, f"cd {SETS}; rm -rf {old} {' '.join(foreign)} {half}")


def test_a_full_disk_leaves_no_half_set(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    there = ["-e", "estimator_backups=/srv/volume/sets"]
    assert act("backup", HOST, *there).returncode == 0
    (whole,) = host.run("ls -A /srv/volume/sets").stdout.split()
    try:
        on_host(HOST, "head -c 1G /dev/zero > /srv/volume/other 2>/dev/null || true")
        full = act("backup", HOST, *there)
        assert full.returncode == 2
        assert "bytes free, the set needs" in " ".join(full.output.split())
        assert host.run("ls -A /srv/volume/sets").stdout.split() == [whole]
    finally:
        on_host(HOST, "rm -rf /srv/volume/other /srv/volume/sets")


@pytest.fixture(scope="module")
def offsite(host: testinfra.host.Host) -> list[str]:
    """Let the host of the estimator into the vault, and return the arguments of a play that copies there."""
    address = re.search(rf"Host {VAULT}\n\s+HostName (\S+)", Path(CLIENT_CONFIGURATION).read_text(encoding="utf-8"))
    assert address
    there = address[1]
    key = on_host(HOST, "rm -f /root/offsite; ssh-keygen -q -t ed25519 -N '' -f /root/offsite; cat /root/offsite.pub")
    on_host(
        VAULT,
        "id vault >/dev/null 2>&1 || useradd --create-home vault; rm -rf /home/vault/restic /home/vault/sets; "
        f"mkdir -p /home/vault/.ssh /home/vault/sets; echo '{key.strip()}' > /home/vault/.ssh/authorized_keys; "
        "chmod 700 /home/vault/.ssh; chown -R vault: /home/vault",
    )
    host_key = on_host(VAULT, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub").strip()
    on_host(HOST, f"echo '{there} {host_key}' > /root/offsite_hosts")
    reach = {"user": "vault", "ssh_key_file": "/root/offsite", "known_hosts_file": "/root/offsite_hosts"}
    copies: list[dict[str, Any]] = [
        {
            "name": "vault",
            "type": "restic",
            "destination": f"sftp:{there}:/home/vault/restic",
            "password": SECRET,
            "keep": {"last": 2},
            **reach,
        },
        {"name": "mirror", "type": "rsync", "destination": f"{there}:/home/vault/sets", **reach},
    ]
    return ["-e", json.dumps({"estimator_backup_offsite": copies})]


def test_copies_arrive_off_site_and_are_read_there(
    host: testinfra.host.Host, act: Callable[..., Acted], offsite: list[str]
) -> None:
    refused = act("backup", HOST, *offsite)
    assert refused.returncode == 2
    assert "backup_offsite_initialise=true" in refused.output
    on_host(
        HOST, f"cat > /root/watch.py <<'END'\n{WATCH}\nEND\nsystemd-run --quiet --unit=watch python3 /root/watch.py"
    )
    made = act("backup", HOST, *offsite, "-e", "backup_offsite_initialise=true", "-vvv")
    seen = on_host(HOST, "systemctl stop watch.service; cat /root/arguments; rm /root/arguments")
    assert made.returncode == 0, made.output
    assert {"restic", "rsync"} <= {line.partition(" ")[0].rpartition("/")[2] for line in seen.splitlines()}
    assert SECRET not in seen, "the arguments of no process on the host"
    # The argument of this test's own command line is the only place where it may stand.
    assert SECRET not in json.dumps(made.run)
    assert SECRET not in made.output.partition("PLAY [")[2]
    copies = {copy["name"]: copy for copy in made.detail("copy_backup_offsite")["copies"]}
    assert all(copy["changed"] and copy["verified"] for copy in copies.values())
    name = made.detail("make_backup")["set"].rpartition("/")[2]
    here = host.run(f"cd {SETS}/{name} && find . -type f | sort | xargs sha256sum").stdout
    assert on_host(VAULT, f"cd /home/vault/sets/{name} && find . -type f | sort | xargs sha256sum") == here
    restore = (
        f"cd /root; rm -rf back; export RESTIC_PASSWORD={SECRET} RESTIC_REPOSITORY=/home/vault/restic; "
        f"restic --no-cache --no-lock restore latest --target back >/dev/null; cd back/{name}; "
        "find . -type f | sort | xargs sha256sum; rm -rf /root/back"
    )
    assert on_host(VAULT, restore) == here


def test_a_copy_that_changed_and_a_host_that_nobody_knows_are_refused(
    host: testinfra.host.Host, act: Callable[..., Acted], offsite: list[str]
) -> None:
    name = sets_on(host)[-1]
    on_host(VAULT, f"printf X >> /home/vault/sets/{name}/.env")
    damaged = act("backup", HOST, *offsite, "-e", f"backup_offsite_source={SETS}/{name}")
    assert damaged.returncode == 2
    assert "is not what was sent" in " ".join(damaged.output.split())
    on_host(HOST, "sed -i s/AAAA/AAAB/ /root/offsite_hosts")
    unknown = act("backup", HOST, *offsite)
    on_host(HOST, "sed -i s/AAAB/AAAA/ /root/offsite_hosts")
    assert unknown.returncode == 2
    assert SECRET not in unknown.output.partition("PLAY [")[2]
    assert sets_on(host)[-1] > name, "the set itself was made"
