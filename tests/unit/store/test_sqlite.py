# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on SQLite, the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.contracts import contract_tests

# The same behaviour is asked of both databases; tests/integration/ asks PostgreSQL.
globals().update(contract_tests())


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """Return the URL of a store that does not exist yet."""
    return f"sqlite:///{tmp_path}/store.sqlite"
