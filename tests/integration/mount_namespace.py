# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs in a mount namespace of their own: they may mount file systems, which are gone with them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence

import pytest

from tests.conftest import CHECKOUT


def run_apart(argv: Sequence[str], timeout: float, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program that may mount file systems, and say what is not tested where only root may have that.

    Args:
        argv: the program, run in the checkout.
        timeout: seconds that it may take.
        environment: further variables.
    """
    # Root needs no namespace of users, and there are machines that allow one to nobody else.
    space = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    done = subprocess.run(
        [*space, *argv],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    refused = re.search(r"^(?:unshare|mount): .*(?:permi|denied)", done.stderr, re.MULTILINE | re.IGNORECASE)
    if refused and os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip(f"NOT TESTED: file systems of a test's own, which only root may mount here: {refused[0]}")
    return done
