#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examine an export that may have been made to do harm, and make it an archive that can be restored."""

from __future__ import annotations

DOCUMENTATION = r"""
module: data_import
version_added: 0.1.0
short_description: Examine an export, and make it an archive that can be restored
description:
  - Reads an export of M(aiops.runbooks.data_export) as something that anybody may have written. Names that lead
    elsewhere, names that appear twice, files below files, content that is not what its digest says, numbers that are
    none, a document that is cut off or too large, all end it before anything is written.
  - What is whole becomes an archive, which the role C(restore) puts into place and can take back.
extends_documentation_fragment: aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The export is examined; the archive is not written.
  diff_mode:
    support: none
  platform:
    platforms: posix
author: aiops.runbooks contributors (@aiops)
options:
  path:
    description: The export.
    type: path
    required: true
  names:
    description: Names of the items that may be in it.
    type: list
    elements: str
    default: []
  own:
    description: Whether the application's own command made it. It is only known to be JSON then; no archive is made.
    type: bool
    default: false
  archive:
    description: The archive to make; it must not exist.
    type: path
  limit_bytes:
    description: Largest export.
    type: int
    default: 268435456
seealso:
  - module: aiops.runbooks.data_export
  - module: aiops.runbooks.data_restore
"""

EXAMPLES = r"""
- name: Examine an export
  aiops.runbooks.data_import:
    path: /root/wiki-data-20260101_030000.json
    names: [pages]
    archive: /var/backups/wiki/imported.tar
"""

RETURN = r"""
made:
  description: When it was made, as it says.
  returned: when it is an export of ours
  type: str
  sample: "2026-01-01T03:00:00Z"
system:
  description: System that it is of, as it says.
  returned: when it is an export of ours
  type: str
  sample: wiki
files:
  description: Number of files of each item.
  returned: when it is an export of ours
  type: dict
  sample: {pages: 12}
items:
  description: Names of the items that it has.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import export_files as exports
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError


def main() -> None:
    """Examine the export, then write the archive."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "own": {"type": "bool", "default": False},
            "archive": {"type": "path"},
            "limit_bytes": {"type": "int", "default": 268435456},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        found = exports.validated(given["path"], given["limit_bytes"], given["names"], given["own"])
        if found is not None and given["archive"] and not module.check_mode:
            os.makedirs(os.path.dirname(given["archive"]), mode=0o700, exist_ok=True)
            exports.to_archive(found, given["archive"])
    except (CheckError, RunbooksError, OSError) as error:
        module.fail_json(msg=f"Nothing was imported: {exports.explain(error)}")
    result = exports.summary(found)
    module.exit_json(changed=bool(given["archive"]), **result, **{"items": sorted(result.get("files", {}))})


if __name__ == "__main__":
    main()
