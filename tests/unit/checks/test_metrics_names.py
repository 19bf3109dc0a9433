# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a metrics database against those of a configuration: described answers, and a database that serves them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import metrics_names
from demo.smartbox.application import answer_metrics
from demo.smartbox.services import CATEGORIES, SERVICES
from demo.web import Server
from tests.unit.cases import load_cases
from tests.unit.checks.asking import differences, judged, look


@pytest.mark.parametrize(("arguments", "expected"), load_cases("observe_metrics_names"))
def test_observe_metrics_names(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    body, listed = arguments.pop("body").encode(), arguments.pop("listed")
    result = judged("metrics_names", lambda: metrics_names.observe(body, listed, "http://m"), arguments)
    assert differences(result, expected) == {}


def test_a_database_is_asked_for_the_values_of_a_label(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"services": {name: list(members) for name, members in CATEGORIES.items()}}))
    keys = [f"services.{name}" for name in CATEGORIES]
    listed = {"file": str(config), "keys": keys}
    server = Server("127.0.0.1", 0, answer_metrics)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        result = look("metrics_names", url=url, label="service", listed_in=listed, warning="> 0")
        assert (result["state"], result["metrics"]["known"]) == ("ok", len(SERVICES)), result
        fewer = {**listed, "keys": keys[1:]}
        result = look("metrics_names", url=url, label="service", listed_in=fewer, warning="> 0")
        assert (result["state"], result["value"]) == ("warning", 3)
        ignored = look("metrics_names", url=url, label="service", listed_in=fewer, ignore=list(CATEGORIES["critical"]))
        assert ignored["value"] == 0
    finally:
        server.shutdown()
        server.server_close()
    assert look("metrics_names", url=url, label="service", listed_in=listed)["reason"]["id"] == "metrics_unreachable"
    config.write_text("{")
    assert (
        look("metrics_names", url=url, label="service", listed_in=listed)["reason"]["id"] == "models_config_unreadable"
    )
