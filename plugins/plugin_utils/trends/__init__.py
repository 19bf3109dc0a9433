# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store says over time: service level objectives, growth and forecasts, as Results like any other.

``questions_of`` reads them from a profile; ``derived_results`` answers them for all systems of a play at once.
"""

from __future__ import annotations

from .derive import derived_results
from .questions import due, questions_of

__all__ = ["derived_results", "due", "questions_of"]
