# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lean lane's stand-ins behave as what they stand in for, and code that fits no Python is never run."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import typing
from types import ModuleType
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import lean_names, lean_records
from ansible_collections.aiops.runbooks.plugins.module_utils.checks import engine
from ansible_collections.aiops.runbooks.plugins.module_utils.lean import CODE_TAG
from ansible_collections.aiops.runbooks.plugins.plugin_utils import payload

BOTH = pytest.mark.parametrize("records", [dataclasses, lean_records], ids=["standard", "lean"])


def classes(records: Any) -> tuple[Any, Any]:
    """Return a frozen record with defaults, and an ordinary one that checks its values."""

    @records.dataclass(frozen=True)
    class Frozen:
        name: str
        size: int = 3
        lines: list[str] = records.field(default_factory=list)

    @records.dataclass
    class Ordinary:
        count: int

        def __post_init__(self) -> None:
            if self.count < 0:
                raise ValueError(self.count)

    return Frozen, Ordinary


@BOTH
def test_defaults_positions_and_names(records: Any) -> None:
    frozen, ordinary = classes(records)
    record = frozen("a")
    assert (record.name, record.size, record.lines) == ("a", 3, [])
    assert frozen("b").lines is not record.lines
    assert frozen("a", 4, lines=["x"]).__dict__ == {"name": "a", "size": 4, "lines": ["x"]}
    assert frozen("a") == frozen(name="a") != frozen("b")
    assert frozen("a") != ordinary(1)
    assert repr(frozen("a")).endswith("Frozen(name='a', size=3, lines=[])")
    assert records.replace(record, size=5).size == 5


@BOTH
def test_what_is_frozen_cannot_change_and_can_be_a_key(records: Any) -> None:
    @records.dataclass(frozen=True)
    class Key:
        name: str

    with pytest.raises(AttributeError):
        Key("a").name = "b"
    assert {Key("a"): 1}[Key("a")] == 1
    _frozen, ordinary = classes(records)
    with pytest.raises(TypeError, match="unhashable"):
        hash(ordinary(1))


@BOTH
@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), (("a", 1, [], 2), {}), (("a",), {"name": "b"}), (("a",), {"colour": "red"})],
    ids=["too few", "too many", "twice", "unknown"],
)
def test_wrong_arguments_are_refused(records: Any, values: tuple[Any, ...], named: dict[str, Any]) -> None:
    frozen, _ordinary = classes(records)
    with pytest.raises(TypeError):
        frozen(*values, **named)


@BOTH
def test_a_record_checks_itself_and_can_change(records: Any) -> None:
    _frozen, ordinary = classes(records)
    record = ordinary(1)
    record.count = 2
    assert record == ordinary(2)
    with pytest.raises(ValueError, match="-1"):
        ordinary(-1)


@BOTH
def test_a_record_inherits_fields(records: Any) -> None:
    frozen, _ordinary = classes(records)

    @records.dataclass(frozen=True)
    class Child(frozen):
        extra: str = "more"

    assert Child("a").__dict__ == {"name": "a", "size": 3, "lines": [], "extra": "more"}


@pytest.mark.parametrize("names", [typing, lean_names], ids=["standard", "lean"])
def test_names_of_types_can_be_written_as_in_typing(names: ModuleType) -> None:
    alias = names.Union[names.Dict[str, int], names.Tuple[int, ...], None]
    assert alias is not None
    assert names.TypeVar("T") is not None
    assert names.cast(names.List[int], [1]) == [1]
    assert names.TYPE_CHECKING is False


@pytest.mark.parametrize("tag", [CODE_TAG, "cpython-27 00000000"], ids=["compiled", "source"])
def test_code_for_another_python_is_left_alone(tag: str) -> None:
    check = engine.Check(name="disk", kind="disk", parameters={"path": "/"})
    header, rest = payload.pack(payload.library_sources(), "wiki", "UTC", [check]).split(b"\n", 1)
    sent = {**json.loads(header), "code_tag": tag}
    if tag != CODE_TAG:
        # Nothing that could run: whoever tries to, fails.
        total = sum(size for _name, size in sent["codes"])
        rest = rest[:-total] + b"x" * total
    completed = subprocess.run(
        ["sh", "-c", payload.command(sys.executable)],
        input=json.dumps(sent).encode() + b"\n" + rest,
        capture_output=True,
        check=False,
        timeout=60,
    )
    (result,) = payload.unpack(completed.stdout.decode()) or [{"state": completed.stderr.decode()}]
    assert result["state"] == "ok"
