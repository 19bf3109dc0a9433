# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data out of an application and back in: by its own programs, by its files; and documents with bad intentions."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("ai-diy-1")
HOST, ROOT = "ai-diy-1", "/opt/ai-diy"
EXPORTS = "/var/lib/ai-diy/exports"
CONFIRM = ["-e", f"run_confirm={HOST}"]
DOCUMENTS = f"{ROOT}/development/src/static/appdocs"
EVERYTHING = f"cd {ROOT} && find development/src/static/appdocs models_config.json -type f | sort | xargs sha256sum"
PID = "systemctl show --property MainPID --value ai-diy"
Act = Callable[..., Acted]


@pytest.fixture
def host(prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]) -> Callable[[str], str]:
    """Return what runs a command on the healthy host; its exports are gone before and afterwards."""
    prepared(HOST)
    on_host(HOST, f"rm -rf {EXPORTS} /root/hostile*.json; mkdir -p {EXPORTS}")
    opened = testinfra_host(HOST)
    return opened.check_output


def test_by_the_application_s_own_programs(host: Callable[[str], str], act: Act) -> None:
    host(f"touch -d 2020-01-01 {EXPORTS}/ai-diy-data-20200101.json {EXPORTS}/ai-diy-data-20200101_000000.json.partial")
    exported = act("data_export", HOST)
    assert exported.returncode == 0, exported.output
    path = exported.detail("export_data")["path"]
    assert host(f"ls -A {EXPORTS}").split() == [path.rpartition("/")[2]], "what is old or half is gone"
    assert host(f"stat -c %a {path}") == "600"
    document = json.loads(host(f"cat {path}"))
    before = host(EVERYTHING)
    assert document["appdocs"]["backlog/Backlog.csv"] == host(f"cat {DOCUMENTS}/backlog/Backlog.csv") + "\n"

    host(f"echo vandalised > {DOCUMENTS}/backlog/Backlog.csv; rm {DOCUMENTS}/sprints/SP-001.json")
    vandalised, process = host(EVERYTHING), host(PID)
    host(f"head -c 300 {path} > /root/hostile.json")
    cut_off = act("data_import", HOST, *CONFIRM, "-e", "data_import_file=/root/hostile.json")
    assert cut_off.returncode != 0
    assert "not a whole JSON" in " ".join(cut_off.output.split())
    assert host(PID) == process, "nothing was stopped for it"
    document["appdocs"]["../../../../../../root/evil"] = "evil"
    host(f"cat > /root/hostile.json <<'END'\n{json.dumps(document)}\nEND")
    refused = act("data_import", HOST, *CONFIRM, "-e", "data_import_file=/root/hostile.json")
    assert refused.returncode != 0
    assert "leads out of" in " ".join(refused.output.split())
    assert host(EVERYTHING) == vandalised
    assert host("systemctl is-active ai-diy") == "active", "what was stopped for the import runs again"

    imported = act("data_import", HOST, *CONFIRM, "-e", f"data_import_file={path}")
    assert imported.returncode == 0, imported.output
    assert imported.states["import_data"] == "done"
    assert host(f"cat {DOCUMENTS}/backlog/Backlog.csv") in document["appdocs"]["backlog/Backlog.csv"]
    assert host(EVERYTHING).count("appdocs") == before.count("appdocs")
    assert host(PID) != process, "it was restarted"
    assert all(result["state"] == "ok" for result in imported.run["results"])


def test_by_its_files_where_it_has_no_programs_for_that(host: Callable[[str], str], act: Act) -> None:
    files = ["-e", json.dumps({"ai_diy_export_command": [], "ai_diy_import_command": []})]
    before = host(EVERYTHING)
    exported = act("data_export", HOST, *files)
    assert exported.returncode == 0, exported.output
    path = exported.detail("export_data")["path"]
    assert "OPENROUTER_API_KEY" not in host(f"cat {path}"), "no secrets"

    host(f"echo vandalised > {DOCUMENTS}/backlog/Backlog.csv; echo new > {DOCUMENTS}/backlog/new.csv")
    vandalised, process = host(EVERYTHING), host(PID)
    climbing = host(f"cat {path}").replace('"appdocs/backlog/Backlog.csv"', '"appdocs/../../../../../../root/evil"')
    assert climbing.count("/root/evil") == 1
    host(f"cat > /root/hostile.json <<'END'\n{climbing}\nEND")
    refused = act("data_import", HOST, *files, *CONFIRM, "-e", "data_import_file=/root/hostile.json")
    assert refused.returncode != 0
    assert "is not a plain path" in " ".join(refused.output.split())
    assert (host(EVERYTHING), host(PID)) == (vandalised, process)
    assert host("find / -xdev -name evil") == ""

    imported = act("data_import", HOST, *files, *CONFIRM, "-e", f"data_import_file={path}")
    assert imported.returncode == 0, imported.output
    assert host(EVERYTHING) == before
    assert host("systemctl is-active ai-diy") == "active"
    host(f"rm -rf {ROOT}/*restore-* {DOCUMENTS}.*restore-*")
