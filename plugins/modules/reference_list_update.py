#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Update a reference list from the network, atomically and with its digest noted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reference_list_update
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Update a reference list from the network
description:
  - Downloads a list such as the Public Suffix List, refuses what is not the whole of it, and puts it into place by a
    rename. The old list is kept beside under a dated name.
  - Notes the digest of the list in documents, and clears caches that were made of the old one.
  - What an interruption left undone - a note, a cache - is done by the next call, also when the list is up to date.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The list is downloaded into memory and judged; nothing is written.
  diff_mode:
    support: full
  platform:
    platforms: posix
options:
  path:
    description: The list.
    type: path
    required: true
  url:
    description: Where the new one is. Required unless O(restore) is given.
    type: str
  restore:
    description: A kept list to go back to instead - its name, or V(previous) for the newest one that differs.
    type: str
  markers:
    description: Lines that the list must have, in this order.
    type: list
    elements: str
    default: []
  minimum_bytes:
    description: A smaller list is refused.
    type: int
    default: 1
  minimum_lines:
    description: A list with fewer lines that are neither blank nor comments is refused.
    type: int
    default: 1
  shrinks_percent:
    description: A list that is smaller than the old one by more than that is refused.
    type: float
    default: 20
  maximum_bytes:
    description: A larger answer is refused.
    type: int
    default: 16777216
  notes:
    description: Documents in which the digest is noted.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The document.
        type: path
        required: true
      line:
        description:
          - Line that is added after the last one that begins like it. C({day}), C({sha256}) and C({source}) are filled
            in.
        type: str
      near:
        description: Text of the lines in which the digest that stands there is replaced.
        type: str
  caches:
    description: Directories that are removed when they are older than the list; programs make them anew.
    type: list
    elements: path
    default: []
  keep_copies:
    description:
      - How many kept lists and documents stay of each; 0 for any number. They are looked at when one is added. The
        one that V(previous) leads to always stays.
    type: int
    default: 20
  keep_copies_days:
    description: How old a kept one may be; 0 for any age.
    type: float
    default: 365
  timeout_seconds:
    description: How long the download may take.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Update the Public Suffix List
  aiops.runbooks.reference_list_update:
    path: /srv/jobs/data/psl/public_suffix_list.dat
    url: https://publicsuffix.org/list/public_suffix_list.dat
    markers: ["// ===BEGIN ICANN DOMAINS===", "// ===END ICANN DOMAINS==="]
    minimum_lines: 5000
    notes:
      - path: /srv/jobs/docs/domains.md
        line: "- {day}: PSL snapshot sha256={sha256} (source: {source})"
      - path: /srv/jobs/README.md
        near: sha256
"""

RETURN = r"""
sha256:
  description: Digest of the list that is in place, or would be.
  returned: success
  type: str
previous_sha256:
  description: Digest of the list before.
  returned: success
  type: str
backup:
  description: The kept list; none where the list did not change and in check mode.
  returned: success
  type: str
noted:
  description: Documents in which the digest was, or would be, noted.
  returned: success
  type: list
  elements: str
removed_copies:
  description: Kept files that went, or would go, because of O(keep_copies) and O(keep_copies_days).
  returned: success
  type: list
  elements: str
cleared:
  description: Caches that were, or would be, removed.
  returned: success
  type: list
  elements: str
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import config_file
from ansible_collections.aiops.runbooks.plugins.module_utils.copies_bound import due_configurations, remove_files
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.reference_list import (
    digest_of,
    fetch,
    noted,
    refuse_implausible,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.work_directories import checked_root


def main() -> None:
    """Judge, and outside of check mode put into place."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "url": {"type": "str"},
            "restore": {"type": "str"},
            "markers": {"type": "list", "elements": "str", "default": []},
            "minimum_bytes": {"type": "int", "default": 1},
            "minimum_lines": {"type": "int", "default": 1},
            "shrinks_percent": {"type": "float", "default": 20},
            "maximum_bytes": {"type": "int", "default": 16777216},
            "notes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "line": {"type": "str"},
                    "near": {"type": "str"},
                },
            },
            "caches": {"type": "list", "elements": "path", "default": []},
            "keep_copies": {"type": "int", "default": 20},
            "keep_copies_days": {"type": "float", "default": 365},
            "timeout_seconds": {"type": "float", "default": 60},
        },
        required_one_of=[("url", "restore")],
        supports_check_mode=True,
    )
    try:
        result = work(module.params, module.check_mode)
    except CheckError as fault:
        module.fail_json(msg=f"{fault.reason_id}: {fault.fields}")
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")
    for problem in result.pop("copies_problems"):
        module.warn(f"An old copy stays: {problem}")
    module.exit_json(**result)


def work(given: dict[str, Any], only_plan: bool) -> dict[str, Any]:
    """Return what was done, or would be."""
    path, now = given["path"], time.time()
    old = config_file.read(path)
    new, source = wanted(given, old)
    digest, day = digest_of(new), time.strftime("%Y-%m-%d", time.gmtime(now))
    # Everything that can be refused is refused before anything changes.
    documents = []
    for note in given["notes"]:
        document = config_file.read(note["path"])
        text = noted(document.decode("utf-8"), note, digest, day, source).encode("utf-8")
        if text != document:
            documents.append((note["path"], document, text))
    listed = os.stat(path).st_mtime
    caches = [one for one in given["caches"] if is_stale(one, now if new != old else listed)]
    backup, problems = None, []
    changes = [(path, old, new)] * (new != old) + documents
    bounds = (given["keep_copies"], given["keep_copies_days"], now)
    due = [copy for change in changes for copy in due_configurations(*change, *bounds)]
    if not only_plan:
        backup = put_in(changes, now).get(path)
        problems = remove_files(due)
        for one in caches:
            clear(one)
    return {
        "changed": new != old or bool(documents or caches),
        "removed_copies": due,
        "copies_problems": problems,
        "sha256": digest,
        "previous_sha256": digest_of(old),
        "backup": backup,
        "noted": [one for one, _before, _text in documents],
        "cleared": caches,
        "diff": {"before": f"sha256 {digest_of(old)}\n", "after": f"sha256 {digest}\n"},
    }


def put_in(changes: list[tuple[str, bytes, bytes]], now: float) -> dict[str, str]:
    """Write the list and its notes, or leave all of them as they were.

    Args:
        changes: path, content that was read and content that is wanted of each file, the list first.
        now: seconds since the epoch.

    Returns:
        What is kept of each file.
    """
    kept: dict[str, str] = {}
    try:
        for path, old, new in changes:
            kept[path] = config_file.replace(path, old, new, now, in_place=False)
    except RunbooksError as error:
        for path, copy in reversed(list(kept.items())):
            os.replace(copy, path)
        raise RunbooksError(f"{error}. The list and its notes are as they were") from None
    return kept


def wanted(given: dict[str, Any], old: bytes) -> tuple[bytes, str]:
    """Return the list that is wanted, and where it is from."""
    if given["restore"]:
        kept = config_file.chosen_backup(given["path"], given["restore"])
        return config_file.read(kept), os.path.basename(kept)
    new = fetch(given["url"], given["timeout_seconds"], given["maximum_bytes"])
    limits = (given["minimum_bytes"], given["minimum_lines"])
    refuse_implausible(new, given["markers"], *limits, old, given["shrinks_percent"])
    return new, given["url"]


def is_stale(cache: str, listed: float) -> bool:
    """Tell whether a cache is there and was made before the list."""
    return os.path.isdir(cache) and not os.path.islink(cache) and os.stat(cache).st_mtime < listed


def clear(cache: str) -> None:
    """Remove a cache: under its name it is there as a whole or not at all."""
    import shutil

    real = checked_root(cache)
    away = f"{real}.stale-{os.getpid()}"
    os.rename(real, away)
    shutil.rmtree(away)


if __name__ == "__main__":
    main()
