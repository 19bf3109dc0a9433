# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All check kinds, imported in the process that forks Ansible's workers: once for all of them, not once in each."""

from __future__ import annotations

from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import registry

_KINDS = {name: registry.load(name) for name in registry.KINDS}


def load(name: str) -> Any:
    """Return a kind.

    Raises:
        ProfileError: names the kind and the choices.
    """
    return _KINDS.get(name) or registry.load(name)
