# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a lease may be taken over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import Holder
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store.staleness import stale_reason
from tests.unit.cases import load_cases


@pytest.mark.parametrize(("arguments", "expected"), load_cases("stale_reason"))
def test_a_lease_is_stale_only_on_proof(arguments: dict[str, Any], expected: str | None) -> None:
    lease = arguments["lease"]
    moments = {name: datetime.fromisoformat(lease[name]) for name in ("since", "until")}

    answer = stale_reason(
        {**lease, **moments},
        Holder(**arguments["holder"]),
        arguments["lease_process_started"],
        datetime.fromisoformat(arguments["now"]),
    )

    assert answer == expected
