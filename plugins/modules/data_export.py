#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export an application's data into one JSON document, and remove old exports."""

from __future__ import annotations

DOCUMENTATION = r"""
module: data_export
version_added: 0.1.0
short_description: Export an application's data into one JSON document, and remove old exports
description:
  - Uses the application's own export command where there is one. Otherwise its files go into the document, each with
    its digest, so that the document proves itself.
  - An export is written beside, read back to its end, and only then named. What is empty or cannot be read is an error.
  - Exports that are old are removed afterwards; the newest one never is.
extends_documentation_fragment: aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The files are read and counted; the application's own command is not run.
  diff_mode:
    support: none
  platform:
    platforms: posix
author: aiops.runbooks contributors (@aiops)
options:
  system:
    description: Name of the system, for the document.
    type: str
    required: true
  directory:
    description: Where exports are; made when it is missing.
    type: path
    required: true
  prefix:
    description: Beginning of their names; a time and C(.json) follow.
    type: str
    required: true
  contents:
    description: What is exported.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the item in the export.
        type: str
        required: true
      source:
        description: A file or a directory.
        type: path
        required: true
  argv:
    description: The application's own command, which writes JSON to its standard output; used in place of O(contents).
    type: list
    elements: str
    default: []
  cwd:
    description: Directory in which that command runs.
    type: path
  command_seconds:
    description: How long it may take.
    type: float
    default: 300
  keep_days:
    description: How long exports stay.
    type: float
    default: 30
  limit_bytes:
    description: Largest export.
    type: int
    default: 268435456
seealso:
  - module: aiops.runbooks.data_import
"""

EXAMPLES = r"""
- name: Export the wiki's pages
  aiops.runbooks.data_export:
    system: wiki
    directory: /var/backups/wiki/exports
    prefix: wiki-data
    contents:
      - {name: pages, source: /srv/wiki/pages}
"""

RETURN = r"""
path:
  description: The export.
  returned: success
  type: str
  sample: /var/backups/wiki/exports/wiki-data-20260101_030000.json
bytes:
  description: Its size.
  returned: success
  type: int
  sample: 20480
files:
  description: Number of files of each item.
  returned: when it was not made by the application's own command
  type: dict
  sample: {pages: 12}
removed:
  description: Exports that were removed, or would be.
  returned: success
  type: list
  elements: str
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import export_document as document
from ansible_collections.aiops.runbooks.plugins.module_utils import export_files as exports
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import CheckError, RunbooksError


def main() -> None:
    """Make and validate an export, then remove the old ones."""
    module = AnsibleModule(
        argument_spec={
            "system": {"type": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "prefix": {"type": "str", "required": True},
            "contents": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "source": {"type": "path", "required": True},
                },
            },
            "argv": {"type": "list", "elements": "str", "default": []},
            "cwd": {"type": "path"},
            "command_seconds": {"type": "float", "default": 300},
            "keep_days": {"type": "float", "default": 30},
            "limit_bytes": {"type": "int", "default": 268435456},
        },
        supports_check_mode=True,
    )
    given, now = module.params, time.time()
    if not given["argv"] and not given["contents"]:
        module.fail_json(msg="There is nothing to export: give contents, or the application's own command in argv")
    directory, name, limit = given["directory"], exports.name_of(given["prefix"], now), given["limit_bytes"]
    path, own = os.path.join(directory, name), bool(given["argv"])
    result = {"path": path, "bytes": 0}
    try:
        content = b""
        if not own:
            found = document.gather(given["system"], given["contents"], now, limit)
            content = document.to_bytes(found)
            result.update(exports.summary(found), bytes=len(content))
        if not module.check_mode:
            with exports.attempt(directory, given["prefix"]):
                partial = path + ".partial"
                if own:
                    exports.run_command(given["argv"], given["cwd"], partial, given["command_seconds"])
                else:
                    partial = exports.write(directory, name, content)
                exports.validated(partial, 2 * limit, exports.named(given["contents"]), own)
                exports.give_name(partial)
            result["bytes"] = os.stat(path).st_size
        result["removed"] = exports.due(directory, given["prefix"], given["keep_days"], now)
        for old in [] if module.check_mode else result["removed"]:
            os.unlink(old)
    except (CheckError, RunbooksError, OSError) as error:
        module.fail_json(msg=f"Nothing was exported: {exports.explain(error)}")
    module.exit_json(changed=True, **result)


if __name__ == "__main__":
    main()
