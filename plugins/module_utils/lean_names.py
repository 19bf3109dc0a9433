# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lean lane has instead of ``typing``: names that stand in annotations, where nobody reads them on a host."""

from __future__ import annotations

TYPE_CHECKING = False


class _Name:
    """Any name of ``typing``, also with brackets behind it and also called, as in ``TypeVar("T")``."""

    def __getitem__(self, _item: object) -> _Name:
        return self

    def __call__(self, *_arguments: object, **_named: object) -> _Name:
        return self


_NAME = _Name()


def cast(_kind: object, value: object) -> object:
    """Return the value as it is."""
    return value


def __getattr__(name: str) -> _Name:
    if name.startswith("__"):
        raise AttributeError(name)
    return _NAME
