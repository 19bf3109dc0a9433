# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLAlchemy, or nothing: ``open_store`` says in one line how to install it, instead of a traceback at import."""

from __future__ import annotations

try:
    import sqlalchemy as sa
except ImportError:
    sa = None  # type: ignore[assignment]

__all__ = ["sa"]
