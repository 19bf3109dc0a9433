# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLAlchemy, or nothing: ``open_store`` says in one line how to install it, instead of a traceback at import."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

INSTALLED = importlib.util.find_spec("sqlalchemy") is not None

if TYPE_CHECKING:
    import sqlalchemy as sa
else:
    sa = importlib.import_module("sqlalchemy") if INSTALLED else None

__all__ = ["INSTALLED", "sa"]
