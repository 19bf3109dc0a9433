# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which day the logs of the benchmark are of, and how the access log is written."""

from __future__ import annotations

#: 2026-11-24 00:00:00 UTC; the windows of the benchmark hold that whole day.
DAY = 1795478400
LOG_FORMAT = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D'
