# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever removes old files stops at real mounts: of another file system, and of the same one (a bind mount)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ansible_collections.aiops.runbooks.plugins.module_utils.mount_points import lies_behind, points_in, strays
from tests.integration.mount_namespace import run_apart

#: In a mount namespace of its own: everything below `precious` is also seen below the roots.
PROGRAM = """
import json, os, subprocess, sys, time
from pathlib import Path
from ansible_collections.aiops.runbooks.plugins.module_utils import (
    copies_bound, log_rotation, record_retention, retention_apply, tree_archive, work_directories,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError
from ansible_collections.aiops.runbooks.plugins.module_utils.logs.timestamps import TimestampReader

base, now = Path(sys.argv[1]), time.time()
def old(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"timestamp": "2020-01-01T00:00:00Z"}\\n')
    os.utime(path, (now - 400 * 86400,) * 2)
    os.utime(path.parent, (now - 400 * 86400,) * 2)
    return path
def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)

for name in ("root/own", "root/bound", "root/other", "root/deep/bound", "precious/inner"):
    old(base / name / "a.log")
for name in ("file.log", "root/file.log"):
    old(base / name)
for number in (1, 2):
    old(base / f"evidence/2020010{number}_000000_restart/evidence.txt")
(base / "evidence/20200101_000000_restart/mounted").mkdir()
mount("--bind", base / "precious", base / "root/bound")
mount("--bind", base / "precious/inner", base / "root/deep/bound")
mount("--bind", base / "precious", base / "evidence/20200101_000000_restart/mounted")
mount("--bind", base / "file.log", base / "root/file.log")
mount("-t", "tmpfs", "tmpfs", base / "root/other")
old(base / "root/other/a.log")
for folder in ("bound", "other", "deep"):
    os.utime(base / "root" / folder, (now - 400 * 86400,) * 2)

found = {}
rules = {"path": str(base / "root"), "recursive": True, "pattern": "*", "delete_after_days": 30, "keep_newest": 0}
planned = retention_apply.make_plan([rules], now, "UTC")
found["file_retention"] = sorted(os.path.relpath(one.path, base) for one in planned.due)
names = work_directories.scan(str(base / "root"), lambda: False)
found["work_directories"] = {one.name: one.problem or one.kind for one in names}
found["tree_archive"] = [one.name for one in tree_archive.make_plan(str(base / "root"), 1, ".+", 30, now).due]
pattern = str(base / "root/*/*.log")
classes = record_retention.parse_classes([{"name": "all", "keep_days": 30}])
rules = record_retention.Rules(classes, ["timestamp"], "message", TimestampReader("UTC"))
records = record_retention.make_plan([pattern], 0, record_retention.decide(rules, now))
found["record_retention"] = [os.path.relpath(one.path, base) for one in records.due]
rotated = log_rotation.rotation_plan([pattern, str(base / "root/*.log")], 0, 5)
found["log_rotate"] = sorted(os.path.relpath(one.path, base) for one in rotated.rotations)
due = copies_bound.due_evidence(str(base / "evidence"), 0, 30, now)
found["evidence"] = [os.path.basename(one) for one in due]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return what each procedure would remove or rewrite where real mounts lie in its way."""
    folder = tmp_path_factory.mktemp("mounts")
    done = run_apart([sys.executable, "-c", PROGRAM, str(folder)], 900)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("procedure", "expected"),
    [
        ("file_retention", ["root/own/a.log"]),
        (
            "work_directories",
            {"bound": "mount", "deep": "a mount inside", "file.log": "other", "other": "mount", "own": "directory"},
        ),
        ("tree_archive", ["own"]),
        ("record_retention", ["root/own/a.log"]),
        ("log_rotate", ["root/own/a.log"]),
        ("evidence", ["20200102_000000_restart"]),
    ],
)
def test_what_lies_behind_a_mount_is_nobodys_to_remove(
    found: dict[str, object], procedure: str, expected: object
) -> None:
    assert found[procedure] == expected


def test_mount_points_are_read_with_their_blanks() -> None:
    text = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:1 /a /srv/with\\040blank rw - ext4 /dev/sda1 rw\nbroken\n"
    points = points_in(text)
    assert points == {"/", "/srv/with blank"}
    assert lies_behind("/srv", points)
    assert lies_behind("/srv/with blank", points)
    assert not lies_behind("/srv/with blank/below", points)
    assert not lies_behind("/srv/with", points)


def test_a_link_that_a_wildcard_finds_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "planted").symlink_to("/etc")
    pattern = f"{tmp_path}/*/app.log"
    assert strays(pattern, f"{tmp_path}/planted/app.log", ())
    assert not strays(pattern, f"{tmp_path}/real/app.log", ())
    # What the profile names is what somebody meant.
    assert not strays(f"{tmp_path}/planted/*.log", f"{tmp_path}/planted/app.log", ())
    assert strays(pattern, f"{tmp_path}/real/app.log", {f"{tmp_path}/real"})
