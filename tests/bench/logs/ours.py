# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our contestant: one look with one check, as a host does it; prints the Result."""

from __future__ import annotations

import json
import sys

from ansible_collections.aiops.runbooks.plugins.module_utils import lean_names
from tests.bench.logs.day import DAY, LOG_FORMAT

CHECKS = {
    "access": (
        "access_log",
        {"log_format": LOG_FORMAT, "window": "day", "slo_seconds": 5},
    ),
    "jsonl": (
        "jsonl_log",
        {
            "window": "day",
            "duration_key": "duration_ms",
            "slow_ms": 1000,
            "status_key": "status",
            "operation_key": "route",
            "client_keys": ["details.client_ip"],
            "gauge_key": "memory_mb",
            "security": {"key_equals": {"logger": "ai_diy.security"}, "source_keys": ["details.client_ip"]},
            "counts": {"rate_limit_violations": {"event": "rate_limit_exceeded"}},
            "clusters": {
                "openai_api": ["openai", "insufficient_quota"],
                "database_lock": ["database (table )?is locked"],
                "memory": [r"\bMemoryError\b", "out of memory"],
                "timeout": ["timed? ?out"],
            },
        },
    ),
}


def main(log: str, path: str) -> int:
    """Look at one log and print what was found; return 1 when it was not read."""
    # Hosts get these in place of two costly modules, see payload.py; the one uses the other.
    sys.modules.update(typing=lean_names)
    from ansible_collections.aiops.runbooks.plugins.module_utils import lean_records

    sys.modules.update(dataclasses=lean_records)
    from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine, registry

    kind, parameters = CHECKS[log]
    check = {"name": log, "kind": kind, "parameters": {**parameters, "path": path}, "timeout_seconds": 600}
    checks = [engine.parse_check(check, registry.load)]
    result = engine.look("bench", checks, registry.load, "UTC", DAY + 86399.5)[0]
    print(json.dumps(result, indent=1))
    return 0 if result["state"] == "ok" and result["coverage"] == 1 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
