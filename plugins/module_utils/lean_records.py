# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lean lane has instead of ``dataclasses``: the same words for the same records, at a tenth of the cost.

The standard module imports ``inspect`` and writes and compiles source text for every class; on a host that was a
tenth of a look. The control side rewrites one line of each file it sends (see ``plugin_utils/payload.py``); the
ordinary lane and the tests use the standard module.
"""

from __future__ import annotations

from typing import Any, Callable

_MISSING: Any = object()


class FrozenRecordError(AttributeError):
    """Somebody tried to change a record that cannot change."""


class _Field:
    """What ``field`` returns until its class is complete."""

    def __init__(self, default: Any, default_factory: Any) -> None:
        self.default = default
        self.default_factory = default_factory


def field(default: Any = _MISSING, default_factory: Any = _MISSING) -> Any:
    """Describe a field that needs a fresh default in every record."""
    return _Field(default, default_factory)


def dataclass(cls: Any = None, frozen: bool = False) -> Any:
    """Give a class an initialiser, a comparison and a representation made from its annotations."""
    if cls is None:
        return lambda found: _record(found, frozen)
    return _record(cls, frozen)


def replace(record: Any, **changes: Any) -> Any:
    """Return a copy of a record with some fields changed."""
    return type(record)(**dict(record.__dict__, **changes))


def _record(cls: Any, frozen: bool) -> Any:
    names: list[str] = list(getattr(cls, "_record_names", ()))
    defaults: dict[str, Any] = dict(getattr(cls, "_record_defaults", ()))
    factories: dict[str, Callable[[], Any]] = dict(getattr(cls, "_record_factories", ()))
    for name in cls.__annotations__:
        if name not in names:
            names.append(name)
        default = cls.__dict__.get(name, _MISSING)
        if isinstance(default, _Field):
            delattr(cls, name)
            if default.default_factory is not _MISSING:
                factories[name] = default.default_factory
            default = default.default
        if default is not _MISSING:
            defaults[name] = default
    cls._record_names, cls._record_defaults, cls._record_factories = names, defaults, factories
    cls.__init__ = _initialise
    cls.__eq__ = _equal
    cls.__repr__ = _represent
    cls.__hash__ = _hash if frozen else None
    if frozen:
        cls.__setattr__ = _refuse
    return cls


def _initialise(self: Any, *values: Any, **named: Any) -> None:
    cls = type(self)
    # Written past __setattr__, which a frozen record refuses.
    state = self.__dict__
    state.update(zip(cls._record_names, values))
    if len(values) > len(cls._record_names) or any(name in state or name not in cls._record_names for name in named):
        raise TypeError(f"{cls.__name__} got a value too many among {list(named)}")
    state.update(named)
    if len(state) < len(cls._record_names):
        for name in cls._record_names:
            if name in state:
                continue
            if name in cls._record_factories:
                state[name] = cls._record_factories[name]()
            elif name in cls._record_defaults:
                state[name] = cls._record_defaults[name]
            else:
                raise TypeError(f"{cls.__name__} needs {name}")
    if hasattr(cls, "__post_init__"):
        self.__post_init__()


def _equal(self: Any, other: Any) -> Any:
    return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented


def _represent(self: Any) -> str:
    shown = ", ".join(f"{name}={self.__dict__.get(name)!r}" for name in type(self)._record_names)
    return f"{type(self).__name__}({shown})"


def _hash(self: Any) -> int:
    return hash(tuple(self.__dict__.get(name) for name in type(self)._record_names))


def _refuse(self: Any, name: str, _value: Any) -> None:
    raise FrozenRecordError(f"cannot assign to field {name!r}")
