# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of the store."""

from __future__ import annotations

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError


class StoreError(RunbooksError):
    """The store could not do what was asked.

    Its text is one line that names the file or the URL (never a password), the reason and the way out.
    """
