# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of somebody else: what is refused, that nothing is written then, and what a harmless one becomes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.archive_plan import Limits, Member, examine
from ansible_collections.aiops.runbooks.plugins.module_utils.archive_reader import ArchiveError
from ansible_collections.aiops.runbooks.plugins.module_utils.archive_unpack import inspect_archive, unpack_archive
from ansible_collections.aiops.runbooks.plugins.module_utils.restore_steps import Settings, take
from tests.unit.cases import load_cases
from tests.unit.restore import little_system as little


@pytest.mark.parametrize(("arguments", "expected"), load_cases("examine"))
def test_examine(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    members = [Member(**one) for one in arguments["members"]]
    found = examine(members, arguments.get("archive_bytes", 1000), Limits(**arguments.get("limits", {})))
    assert found.faults == expected["faults"]
    assert [one.name for one in found.members] == expected.get("names", [one.name for one in found.members])


def archive(path: Path, *members: tuple[str, Any], mode: str = "w:gz", layout: int = tarfile.PAX_FORMAT) -> Path:
    """Write an archive of members: a name with bytes is a file, with a dict a header with those fields."""
    with tarfile.open(path, mode, format=layout) as packed:
        for name, what in members:
            header = tarfile.TarInfo(name)
            if isinstance(what, bytes):
                header.size = len(what)
                packed.addfile(header, io.BytesIO(what))
                continue
            for key, value in what.items():
                setattr(header, key, value)
            packed.addfile(header)
    return path


GOOD = (("data/app.csv", b"a,b\n"), ("data/deep/er.json", b"{}"))
LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}
BAD: dict[str, tuple[str, Any]] = {
    "absolute": ("/etc/passwd", b"x"),
    "out of the directory": ("data/../../x", b"x"),
    "symbolic link": ("data/link", LINK),
    "hard link": ("data/link", {"type": tarfile.LNKTYPE, "linkname": "data/app.csv"}),
    "device": ("data/disk", {"type": tarfile.BLKTYPE, "devmajor": 8}),
    "character device": ("data/terminal", {"type": tarfile.CHRTYPE, "devmajor": 5}),
    "named pipe": ("data/pipe", {"type": tarfile.FIFOTYPE}),
    "twice": ("data/app.csv", b"other"),
    "other case": ("data/APP.csv", b"other"),
    "file that is a directory": ("data", b"x"),
    "newline in a name": ("data/a\nb", b"x"),
    "sparse": ("data/sparse", {"type": tarfile.GNUTYPE_SPARSE}),
    "one size in the header, another before it": ("data/x", {"size": 3, "pax_headers": {"size": "99999999999999"}}),
}


@pytest.mark.parametrize("bad", BAD)
def test_one_bad_member_and_nothing_is_written(tmp_path: Path, bad: str) -> None:
    made = archive(tmp_path / "a.tar.gz", *GOOD, BAD[bad])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError):
        inspect_archive(str(made), Limits())
    assert sorted(tmp_path.rglob("*")) == before


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _cut_member(tar: bytes) -> bytes:
    return gzip.compress(tar[:700])


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "cut in the middle": _cut_member,
    "cut between members": lambda tar: gzip.compress(tar[:1024]),
    "a cut stream": lambda tar: _cut(gzip.compress(tar)),
    "goes on after its end": lambda tar: gzip.compress(tar + tar),
    "a second stream": lambda tar: gzip.compress(tar) + gzip.compress(tar),
    "headers of headers": lambda tar: gzip.compress(_endless() + tar),
    "no archive": lambda _tar: b"PK\x03\x04 this is a zip file",
    "noise": lambda _tar: bytes(range(256)) * 8,
    "empty": lambda _tar: b"",
}


def _endless() -> bytes:
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 15
    block = header.tobuf(tarfile.USTAR_FORMAT) + b"15 comment=abc\n".ljust(512, b"\0")
    return block * 1000


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_archive_is_refused_as_a_whole(tmp_path: Path, damage: str) -> None:
    plain = archive(tmp_path / "good.tar", *GOOD, mode="w").read_bytes()
    made = tmp_path / "bad.tar.gz"
    made.write_bytes(DAMAGED[damage](plain))
    with pytest.raises(ArchiveError):
        inspect_archive(str(made), Limits())


def test_every_byte_may_be_wrong(tmp_path: Path) -> None:
    plain = archive(tmp_path / "good.tar", *GOOD, mode="w").read_bytes()
    made = tmp_path / "bad.tar"
    for position in range(0, 1536, 7):
        wrong = bytearray(plain)
        wrong[position] ^= 0xFF
        made.write_bytes(wrong)
        try:
            found = inspect_archive(str(made), Limits())
        except ArchiveError:
            continue
        assert all(not one.name.startswith("/") and ".." not in one.name for one in found.examined.members)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_harmless_archive_is_unpacked_as_it_is(tmp_path: Path, pack: Callable[[bytes], bytes], layout: int) -> None:
    long = "data/" + "x" * 60 + "/" + "y" * 90 + ".txt"
    members = (("./", {"type": tarfile.DIRTYPE}), *GOOD, (long, b"long"), ("data/日本.txt", b"unicode"))
    made = archive(tmp_path / "a.tar", *members, mode="w", layout=layout)
    made.write_bytes(pack(made.read_bytes()))
    target = tmp_path / "out"
    unpack_archive(inspect_archive(str(made), Limits()), str(target))
    assert (target / "data" / "deep" / "er.json").read_bytes() == b"{}"
    assert (target / long).read_bytes() == b"long"
    assert (target / "data" / "日本.txt").read_bytes() == b"unicode"


def test_special_permissions_are_not_taken_over(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.tar", ("tool", {"mode": 0o6755}), mode="w")
    unpack_archive(inspect_archive(str(made), Limits()), str(tmp_path / "out"))
    assert (tmp_path / "out" / "tool").stat().st_mode & 0o7777 == 0o755


def test_an_archive_that_changes_after_it_was_examined_is_not_unpacked(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.tar", *GOOD, mode="w")
    found = inspect_archive(str(made), Limits())
    archive(made, *GOOD, BAD["symbolic link"], mode="w")
    with pytest.raises(ArchiveError, match="replaced"):
        unpack_archive(found, str(tmp_path / "out"))


@pytest.mark.parametrize("pack", [gzip.open, bz2.open, lzma.open])
def test_a_bomb_costs_neither_time_nor_memory(tmp_path: Path, pack: Callable[..., Any]) -> None:
    made = tmp_path / "bomb.tar.packed"
    header = tarfile.TarInfo("data/zeros")
    header.size = 1 << 40
    with pack(made, "wb") as packed:
        packed.write(header.tobuf())
        for _megabyte in range(64):
            packed.write(bytes(1 << 20))
    program = (
        "import resource, sys\n"
        "from ansible_collections.aiops.runbooks.plugins.module_utils import archive_plan, archive_unpack\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (5, 5))\n"
        "try: archive_unpack.inspect_archive(sys.argv[1], archive_plan.Limits())\n"
        "except archive_unpack.ArchiveError as error: print(error)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(made)], capture_output=True, text=True, check=True, env=_path()
    )
    refused, kilobytes = done.stdout.splitlines()
    assert "more than" in refused
    assert int(kilobytes) < 60000


def _path() -> dict[str, str]:
    import os

    import ansible_collections

    return {**os.environ, "PYTHONPATH": str(Path(next(iter(ansible_collections.__path__))).parent)}


def test_an_archive_in_place_of_a_set_is_restored_and_goes_back(tmp_path: Path) -> None:
    place = little.production(tmp_path)
    items = [
        {"name": "app/app.db", "type": "sqlite", "target": str(place / "app.db")},
        {"name": "app/uploads", "type": "files", "target": str(place / "uploads")},
    ]
    source = little.database(tmp_path / "other.db", 4, "archive", wal=False)
    members = (("app/app.db", source.read_bytes()), ("app/uploads/c.txt", b"archive c"))
    made = archive(tmp_path / "diy.tar.gz", *members)
    request = little.request(tmp_path, place, contents=items, archive=str(made))

    def step(name: str, plan: bool = False) -> dict[str, Any]:
        return take(name, request, Settings(str(tmp_path / "state"), "", 14, plan), 1795000000.0)

    before = sorted(tmp_path.rglob("*"))
    planned = step("stage", plan=True)
    assert sorted(tmp_path.rglob("*")) == before
    assert [one["bytes"] for one in planned["items"]] == [source.stat().st_size, 9]
    assert step("stage")["unverified"] == [
        "app/app.db: checksums and rows, the set has no manifest",
        "app/uploads: checksums, the set has no manifest",
    ]
    step("swap")
    assert little.names(place / "app.db") == [("archive", 4)]
    assert [path.name for path in (place / "uploads").iterdir()] == ["c.txt"]
    assert step("stage")["resumed"] is True
    step("put_back")
    assert little.names(place / "app.db") == [("old", 3), ("old in the log", 1)]
    assert not (tmp_path / "state" / "unpacked").exists()
