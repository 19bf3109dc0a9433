# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as JSON and as text that both databases accept, whatever a log line or a command printed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.aiops.runbooks.plugins.module_utils.redact import redact

from .clock import utc, wire_time


def to_json(value: Any) -> str:
    """Return the JSON text that a column keeps; ``storable`` has removed what JSON cannot say."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def canonical_json(value: Any) -> str:
    """Return JSON that is the same text for the same value, to compute digests from."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def text(value: Any) -> str:
    """Return text without what PostgreSQL refuses (NUL) and UTF-8 cannot carry (half of a surrogate pair)."""
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def storable(value: Any) -> Any:
    """Return the value in JSON's own types; infinite and undefined numbers become null: nothing was measured."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {text(key): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [storable(item) for item in value]
    if isinstance(value, datetime):
        return wire_time(utc(value, "a time in a record"))
    return text(value)


def redacted(value: Any) -> Any:
    """Return a value of JSON's types without the secrets that stand in its texts."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redacted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in value]
    return value
