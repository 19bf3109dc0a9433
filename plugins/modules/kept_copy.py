#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep copies of what a change will touch, and put them back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kept_copy
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Keep copies of what a change will touch, and put them back
description:
  - Copies files and directories before a change, with owners, modes, times and links, and puts them back exactly. That
    what was put back is what was there is proven by digests over names, modes, owners and contents.
  - A path that does not exist is kept as such. Putting back then moves away what has appeared there since, for example
    the write-ahead log of a newer database.
  - Nothing is deleted when something is put back. What stood there is kept beside with C(.replaced-NAME) added.
  - A copy has its name when it is whole, verified and lasting. Interrupted anywhere, each path is what it was or what
    it became, and the next call goes on.
  - Nothing may write to the paths meanwhile. A path that changes while it is copied is an error.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  directory:
    description: Directory of the kept copies. It is made for its owner alone.
    type: path
    required: true
  name:
    description: Name of the copy. Needed unless O(state=pruned).
    type: str
  state:
    description:
      - V(kept) makes the copy.
      - V(back) puts back what it holds, and changes nothing when everything is as it was.
      - V(pruned) removes all copies but the newest O(keep).
    type: str
    choices: [kept, back, pruned]
    default: kept
  paths:
    description: What is copied, absolute paths. Needed for O(state=kept).
    type: list
    elements: path
    default: []
  keep:
    description: How many copies stay when others are removed. At least one always does.
    type: int
    default: 3
  timeout_seconds:
    description: How long copying, comparing or putting back may take.
    type: float
    default: 600
"""

EXAMPLES = r"""
- name: Keep the environment before its packages are renewed
  aiops.runbooks.kept_copy:
    directory: /var/backups/aiops-kept
    name: wiki-20261125T030000Z
    paths: [/srv/wiki/.venv, /srv/wiki/.env]

- name: Put it back
  aiops.runbooks.kept_copy:
    directory: /var/backups/aiops-kept
    name: wiki-20261125T030000Z
    state: back
"""

RETURN = r"""
digests:
  description: For each path the digest of what was kept; none where there was nothing.
  returned: when O(state) is V(kept) or V(back)
  type: dict
  sample: {/srv/wiki/.env: 3f0a3c...}
put_back:
  description: The paths that had changed and were put back, or would be.
  returned: when O(state=back)
  type: list
  elements: str
  sample: [/srv/wiki/.venv]
removed:
  description: Names of the copies that were removed, or would be.
  returned: when O(state=pruned)
  type: list
  elements: str
  sample: [wiki-20261001T030000Z]
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import kept_copies
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError


def main() -> None:
    """Keep, put back or prune."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "name": {"type": "str"},
            "state": {"type": "str", "choices": ["kept", "back", "pruned"], "default": "kept"},
            "paths": {"type": "list", "elements": "path", "default": []},
            "keep": {"type": "int", "default": 3},
            "timeout_seconds": {"type": "float", "default": 600},
        },
        required_if=[("state", "kept", ("name", "paths")), ("state", "back", ("name",))],
        supports_check_mode=True,
    )
    deadline = time.monotonic() + module.params["timeout_seconds"]
    act = {"kept": _keep, "back": _put_back, "pruned": _prune}[module.params["state"]]
    try:
        answer = act(module, lambda: deadline - time.monotonic())
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['directory']}: {os.strerror(error.errno or 0)}")
    module.exit_json(**answer)


def _keep(module, remaining):
    directory, name, paths = (module.params[key] for key in ("directory", "name", "paths"))
    if name in kept_copies.kept_copies(directory):
        kept = kept_copies.read_kept(directory, name)
        if [one.path for one in kept] == paths and not kept_copies.changed_since(kept, remaining):
            return {"changed": False, "digests": {one.path: one.digest for one in kept}}
    if module.check_mode:
        return {"changed": True, "digests": {path: kept_copies.tree_digest(path, remaining) for path in paths}}
    kept = kept_copies.keep(paths, directory, name, remaining)
    return {"changed": True, "digests": {one.path: one.digest for one in kept}}


def _put_back(module, remaining):
    directory, name = module.params["directory"], module.params["name"]
    kept = kept_copies.read_kept(directory, name)
    changed = kept_copies.changed_since(kept, remaining)
    if changed and not module.check_mode:
        kept_copies.put_back(directory, name, remaining)
        left = kept_copies.changed_since(kept, remaining)
        if left:
            module.fail_json(msg=f"Not as it was, although it was put back: {', '.join(left)}", put_back=changed)
    digests = {one.path: one.digest for one in kept}
    return {"changed": bool(changed), "put_back": changed, "digests": digests}


def _prune(module, remaining):
    directory = module.params["directory"]
    extra = kept_copies.kept_copies(directory)[max(1, module.params["keep"]) :]
    for name in extra if not module.check_mode else ():
        kept_copies.drop(directory, name)
    return {"changed": bool(extra), "removed": extra}


if __name__ == "__main__":
    main()
