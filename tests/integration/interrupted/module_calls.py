# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that runs modules of the collection one after the other in this very process, so that it can be traced."""

from __future__ import annotations

import importlib
import json
import sys

from ansible.module_utils import basic


def main() -> int:
    """Run the calls that standard input lists, module name and arguments of each; the first that fails ends it."""
    for name, arguments in json.load(sys.stdin):
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        module = importlib.import_module(f"ansible_collections.aiops.runbooks.plugins.modules.{name}")
        try:
            module.main()
        except SystemExit as end:
            if isinstance(end.code, int) and end.code != 0:
                return end.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
