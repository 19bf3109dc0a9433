# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention on a real host: confirmed, planned with what a run does, and stopped by what is not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted, act_on
from tests.integration.hosts.plays import hold, on_host

pytestmark = pytest.mark.xdist_group("estimator-3")
HOST = "estimator-3"
UPLOADS = "/opt/ai-estimator2/backend/uploads"
CONFIRMED = ("-e", f"run_confirm={HOST}")


@pytest.fixture
def act(tmp_path: Path) -> Callable[..., Acted]:
    """Return a function that runs a procedure on the host."""
    return lambda procedure, *arguments: act_on(tmp_path, procedure, HOST, *arguments)


def test_uploads_that_nothing_names_go_when_it_is_confirmed(
    prepared: Callable[..., None], act: Callable[..., Acted], testinfra_host: Callable[[str], testinfra.host.Host]
) -> None:
    prepared(HOST)
    host = testinfra_host(HOST)
    on_host(
        HOST,
        f"""cd {UPLOADS}
        touch -d '40 days ago' orphan.xlsx sample_input.csv open.xlsx
        touch -d '10 days ago' young.xlsx
        ls [0-9a-f]*-*.xlsx | head -1 > /root/named; touch -d '40 days ago' $(cat /root/named)
        ln -sf /etc/passwd link.xlsx; touch -h -d '40 days ago' link.xlsx
        {hold("holder", f"{UPLOADS}/open.xlsx")}
        mkdir -p /var/log/journal/old; touch -d '20 days ago' /var/log/journal/old/system@0.journal""",
    )
    listed = host.check_output(f"ls -A {UPLOADS}")
    try:
        refused = act("retention")
        assert refused.returncode != 0
        assert "run_confirm=estimator-3" in refused.output
        planned = act("retention", "--check")
        assert planned.returncode == 0, planned.output
        assert host.check_output(f"ls -A {UPLOADS}") == listed
        done = act("retention", *CONFIRMED)
        assert done.returncode == 0, done.output
        removed = done.detail("remove_uploads")
        assert [one["path"] for one in removed["due"]] == [f"{UPLOADS}/orphan.xlsx"]
        assert removed["in_use"] == [f"{UPLOADS}/open.xlsx"]
        for name in ("sample_input.csv", "open.xlsx", "young.xlsx", "link.xlsx", host.check_output("cat /root/named")):
            assert host.file(f"{UPLOADS}/{name}").exists
        assert host.file("/etc/passwd").exists
        again = act("retention", *CONFIRMED)
        assert (again.returncode, again.states["remove_uploads"]) == (0, "skipped")
        # What is needed is not known: nothing goes.
        on_host(HOST, f"touch -d '40 days ago' {UPLOADS}/orphan.xlsx")
        source = {"database": "/opt/ai-estimator2/backend/app.db", "sql": "SELECT nothing FROM nowhere"}
        unknown = act("retention", *CONFIRMED, "-e", json.dumps({"file_retention_referenced_by": source}))
        assert unknown.returncode != 0
        assert unknown.states["remove_uploads"] == "failed"
        assert host.file(f"{UPLOADS}/orphan.xlsx").exists
    finally:
        on_host(
            HOST,
            f"systemctl stop holder; cd {UPLOADS}; rm -f orphan.xlsx sample_input.csv open.xlsx young.xlsx link.xlsx;"
            " rm -rf /var/log/journal/old",
        )
