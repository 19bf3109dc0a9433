# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on SQLite, the default."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

# The same behaviour is asked of both databases; tests/integration/ asks PostgreSQL.
for name in ("contract_records", "contract_leases", "contract_races", "contract_attestations"):
    pytest.register_assert_rewrite(f"tests.unit.store.{name}")
    contract = importlib.import_module(f"tests.unit.store.{name}")
    globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """Return the URL of a store that does not exist yet."""
    return f"sqlite:///{tmp_path}/store.sqlite"
