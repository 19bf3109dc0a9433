# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a run, scraped by the real node exporter of a host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.integration.hosts.acting.procedures import Acted

pytestmark = pytest.mark.xdist_group("estimator-1")
HOST = "estimator-1"
COLLECTOR = "/var/lib/aiops-metrics"
PORT = 9123
UNIT = "aiops-test-exporter"


@pytest.fixture(scope="module")
def host(
    prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]
) -> Iterator[testinfra.host.Host]:
    """Return the host with a node exporter that reads a directory of its own."""
    prepared(HOST)
    there = testinfra_host(HOST)
    there.check_output(f"mkdir -p {COLLECTOR}")
    exporter = f"prometheus-node-exporter --web.listen-address=127.0.0.1:{PORT} --collector.disable-defaults"
    there.check_output(
        f"systemd-run --unit {UNIT} {exporter} --collector.textfile --collector.textfile.directory={COLLECTOR}"
    )
    yield there
    there.check_output(f"systemctl stop {UNIT}; rm -rf {COLLECTOR}")


def test_the_node_exporter_serves_what_a_run_found(host: testinfra.host.Host, act: Callable[..., Acted]) -> None:
    looked = act("daily", HOST)
    assert looked.run["results"], looked.output
    exported = act("metrics", HOST, "-e", f"metrics_export_host_directory={COLLECTOR}")
    assert exported.returncode == 0, exported.output
    page = host.check_output(
        f"curl --silent --show-error --fail --retry 5 --retry-connrefused --max-time 10 http://127.0.0.1:{PORT}/metrics"
    )
    assert "node_textfile_scrape_error 0" in page
    for result in looked.run["results"]:
        pattern = rf'aiops_check_state{{check="{result["check"]}",.*state="{result["state"]}".*}} 1\n'
        assert re.search(pattern, page), result
    assert re.search(r'aiops_run_timestamp_seconds{.*procedure="daily".*} 1\.\d+e\+09', page)
    assert host.file(f"{COLLECTOR}/aiops-{HOST}.prom").mode == 0o644
