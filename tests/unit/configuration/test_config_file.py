# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration file is replaced or stays as it is, whatever happens."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils import config_file
from ansible_collections.aiops.runbooks.plugins.module_utils.config_file import Validator
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError

NOW = 1795604645.25
NAME = "config.json.20261125T110405250000Z.bak"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration file that only its owner and group may read."""
    path = tmp_path / "config.json"
    path.write_bytes(b'{"a": 1}\n')
    path.chmod(0o640)
    return path


def test_the_old_file_is_kept_and_the_new_one_has_its_mode(config: Path) -> None:
    inode = config.stat().st_ino
    kept = config_file.replace(str(config), config.read_bytes(), b"{}\n", NOW, in_place=False)
    assert Path(kept).name == NAME
    assert Path(kept).read_bytes() == b'{"a": 1}\n'
    assert config.read_bytes() == b"{}\n"
    assert config.stat().st_ino != inode
    assert {path.stat().st_mode & 0o777 for path in (config, Path(kept))} == {0o640}
    assert sorted(os.listdir(config.parent)) == ["config.json", NAME]


def test_in_place_it_stays_the_same_file(config: Path) -> None:
    inode = config.stat().st_ino
    config_file.replace(str(config), config.read_bytes(), b"{}\n", NOW, in_place=True)
    assert (config.read_bytes(), config.stat().st_ino) == (b"{}\n", inode)
    assert sorted(os.listdir(config.parent)) == ["config.json", NAME]


def test_a_change_of_somebody_else_meanwhile_is_not_overwritten(config: Path) -> None:
    with pytest.raises(RunbooksError, match="changed by somebody else"):
        config_file.replace(str(config), b"what was read", b"{}\n", NOW, in_place=False)
    assert os.listdir(config.parent) == ["config.json"]


def test_an_interrupted_write_in_place_is_read_as_it_was_and_put_right(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, real = config.read_bytes(), os.fsync

    def full(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}") == str(config):
            os.truncate(config, 1)
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunbooksError, match="No space left"):
        config_file.replace(str(config), old, b"{}\n", NOW, in_place=True)
    assert config.read_bytes() != old
    monkeypatch.undo()
    assert config_file.is_unfinished(str(config))
    assert config_file.read(str(config)) == old
    config_file.replace(str(config), old, old, NOW + 1, in_place=True)
    assert config.read_bytes() == old
    assert not config_file.is_unfinished(str(config))


@pytest.mark.parametrize("moment", range(1, 8))
def test_wherever_it_is_interrupted_the_file_is_the_old_or_the_new_one(
    config: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    old, calls = config.read_bytes(), []

    def interrupted(name: str) -> None:
        real = getattr(os, name)

        def counted(*arguments: object, **options: object) -> object:
            calls.append(name)
            if len(calls) == moment:
                raise KeyboardInterrupt
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, counted)

    for name in ("fsync", "replace", "fchmod"):
        interrupted(name)
    finished = False
    try:
        config_file.replace(str(config), old, b"{}\n", NOW, in_place=False)
        finished = True
    except KeyboardInterrupt:
        pass
    monkeypatch.undo()
    assert config.read_bytes() in ([b"{}\n"] if finished else [old, b"{}\n"])
    # And the next call gets there.
    config_file.replace(str(config), config.read_bytes(), b"{}\n", NOW + 1, in_place=False)
    assert config.read_bytes() == b"{}\n"


def test_the_validator_judges_the_candidate_and_a_refusal_changes_nothing(config: Path) -> None:
    program = "import json, sys; json.load(open(sys.argv[1])); print('checked', sys.argv[1])"
    validator = Validator([sys.executable, "-c", program, "{candidate}"])
    config_file.validate(str(config), b"{}", validator, str(config.parent))
    with pytest.raises(RunbooksError, match=r"refuses it with status 1: .*JSONDecodeError"):
        config_file.validate(str(config), b"{", validator, str(config.parent))
    assert os.listdir(config.parent) == ["config.json"]


def test_a_validator_that_hangs_or_is_missing_is_a_refusal(config: Path) -> None:
    with pytest.raises(RunbooksError, match="did not answer in time"):
        config_file.validate(str(config), b"{}", Validator(["sleep", "600"], timeout_seconds=0.2), str(config.parent))
    with pytest.raises(RunbooksError, match="cannot be run"):
        config_file.validate(str(config), b"{}", Validator(["/no/validator"]), str(config.parent))
    assert os.listdir(config.parent) == ["config.json"]


def test_the_previous_configuration_is_the_newest_that_differs(config: Path) -> None:
    for number, content in enumerate((b"two", b"three")):
        config_file.replace(str(config), config.read_bytes(), content, NOW + number, in_place=False)
    kept = config_file.backups_of(str(config))
    assert [Path(one).read_bytes() for one in kept] == [b"two", b'{"a": 1}\n']
    assert config_file.chosen_backup(str(config), "previous") == kept[0]
    assert config_file.chosen_backup(str(config), Path(kept[1]).name) == kept[1]
    with pytest.raises(RunbooksError, match=f"Kept: .*{NAME}"):
        config_file.chosen_backup(str(config), "yesterday")


def test_a_link_names_the_file_that_is_meant(config: Path) -> None:
    link = config.with_name("link.json")
    link.symlink_to(config)
    with pytest.raises(RunbooksError, match=f"Name {config} instead"):
        config_file.read(str(link))


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("moment", [1, 2])
def test_a_full_disk_leaves_the_file_as_it_was_and_no_half_copy(
    config: Path, monkeypatch: pytest.MonkeyPatch, moment: int, in_place: bool
) -> None:
    old, real, calls = config.read_bytes(), os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == moment:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunbooksError, match="No space left"):
        config_file.replace(str(config), old, b"{}\n", NOW, in_place=in_place)
    monkeypatch.undo()
    assert config.read_bytes() == old
    assert [name for name in os.listdir(config.parent) if name.endswith(".bak")] == []
    config_file.replace(str(config), old, b"{}\n", NOW + 1, in_place=in_place)
    assert config.read_bytes() == b"{}\n"


def test_killed_while_the_copy_is_written_there_is_no_half_copy_to_go_back_to(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = config.read_bytes()
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, "fsync", lambda _descriptor: os.kill(os.getpid(), signal.SIGKILL))
        config_file.replace(str(config), old, b"{}\n", NOW, in_place=False)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert config_file.backups_of(str(config)) == []
    config_file.replace(str(config), old, b"{}\n", NOW + 1, in_place=False)
    assert len(config_file.backups_of(str(config))) == 1
    assert sorted(os.listdir(config.parent)) == ["config.json", "config.json.20261125T110406250000Z.bak"]
