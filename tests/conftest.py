# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as the collection that Ansible would load."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parents[1]
COLLECTIONS = CHECKOUT / ".cache" / "collections"
LINK = COLLECTIONS / "ansible_collections" / "aiops" / "runbooks"

#: What whoever runs the tests has set for plays, demos and databases of their own.
_OF_THE_OPERATOR = re.compile(r"AIOPS_(?!TEST_|BENCH_)|ANSIBLE_|DEMO_|RESTIC_|PG[A-Z]")


def pytest_configure(config: pytest.Config) -> None:
    """Put the collection on the import path, here and in every program that a test starts."""
    if not (LINK / "galaxy.yml").is_file():
        raise pytest.UsageError(f"{LINK} does not lead to this checkout: run `make link` (or `make setup`) first.")
    for name in [name for name in os.environ if _OF_THE_OPERATOR.match(name)]:
        del os.environ[name]
    sys.path.insert(0, str(COLLECTIONS))
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(COLLECTIONS), *([inherited] if inherited else [])])
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(CHECKOUT / ".cache" / "hypothesis"))
    # How long an example takes says how busy the machine is. With CI in the environment Hypothesis has a profile of
    # its own, whose examples are the same every time: all of that stays.
    settings.register_profile(
        "patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the root of the checkout."""
    return CHECKOUT
