# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents: how their time passes, who is told when, and what they are told.

Everything here is pure; the store keeps what it computes (``store/incidents.py``), ``notify`` delivers it.
"""

from __future__ import annotations
