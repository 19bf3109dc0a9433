# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A corrupt state below running containers: a drill, a restore, and what the containers see then (SBX-21, SBX-30)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("smartbox-1")

HOST, ROOT = "smartbox-1", "/opt/smartbox"
CORRUPT = f"""
dd if=/dev/urandom of={ROOT}/data/anomaly_state.db bs=4096 count=4 conv=notrunc status=none
rm -r {ROOT}/smartbox_models/*
echo '{{}}' > {ROOT}/config.json
"""
QUESTIONS = "PRAGMA integrity_check; SELECT COUNT(*) FROM sqlite_master"
LOOK = f"sqlite3 -readonly {ROOT}/data/anomaly_state.db '{QUESTIONS}'"
SEEN_INSIDE = (
    f"cd {ROOT} && docker compose exec -T yaga python3 -c 'import os; print(sorted(os.listdir(\"/app/data\")))'"
)


def test_containers_go_on_with_what_was_restored(
    prepared: Callable[..., None],
    act: Callable[..., Acted],
    testinfra_host: Callable[[str], testinfra.host.Host],
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    sound, models = on_host(HOST, LOOK), on_host(HOST, f"ls {ROOT}/smartbox_models")
    made = act("backup", HOST)
    assert made.returncode == 0, made.output
    drilled = act("restore_drill", HOST)
    assert [one["state"] for one in drilled.run["results"] if one["check"] == "restore_drill"] == ["ok"], drilled.output
    on_host(HOST, CORRUPT)
    restored = act("restore", HOST, "-e", f"run_confirm={HOST}")
    assert restored.returncode == 0, restored.output
    assert on_host(HOST, LOOK) == sound
    assert on_host(HOST, f"ls {ROOT}/smartbox_models") == models
    assert "anomaly_state.db" in on_host(HOST, SEEN_INSIDE), "the containers have the new directory, not the one aside"
    kept = {one["target"]: one["path"] for one in restored.detail("restore")["kept"]}
    assert host.file(kept[f"{ROOT}/config.json"]).content_string == "{}\n"
    assert host.file(f"{kept[f'{ROOT}/data']}/anomaly_state.db").exists, "the corrupt one is evidence"
    undone = act("restore", HOST, "-e", f"run_confirm={HOST}", "-e", "restore_undo=true", "--check")
    assert "Planned: restore" in undone.output
    on_host(HOST, f"rm -r {ROOT}/*.before-restore-*")
