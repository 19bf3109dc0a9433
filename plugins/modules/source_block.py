#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the sources of security events out for a while."""

from __future__ import annotations

DOCUMENTATION = r"""
module: source_block
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Keep the sources of security events out for a while
description:
  - Ranks the sources of security events in JSON logs, and blocks those with many events by nftables, in a table of its
    own.
  - A block ends by itself after some minutes, so nothing has to be taken back. The rest of the firewall is not touched.
  - In check mode it only proposes, as nftables commands and as Apache rules.
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
  logs:
    description: Log files or globs.
    type: list
    elements: str
    required: true
  events:
    description: Kinds of events that count.
    type: list
    elements: str
    required: true
  hours:
    description: How far back.
    type: float
    default: 1
  at_least:
    description: Events of a source that make it one to block.
    type: int
    default: 10
  never:
    description: Networks whose addresses are never blocked.
    type: list
    elements: str
    default: [127.0.0.0/8, '::1/128']
  minutes:
    description: For how long.
    type: int
    default: 60
  timezone:
    description: IANA name of the zone of times that name none.
    type: str
    default: UTC
  timeout_seconds:
    description: Time limit.
    type: float
    default: 30
"""

EXAMPLES = r"""
- name: Keep out who guesses paths
  aiops.runbooks.source_block:
    logs: [/var/log/wiki/*.jsonl]
    events: [path_traversal_attempt]
    minutes: 30
"""

RETURN = r"""
sources:
  description: The sources, those with the most events first, what they did, and whether they are blocked or why not.
  returned: success
  type: list
  elements: dict
blocked:
  description: Addresses that this call has blocked, or would block.
  returned: success
  type: list
  elements: str
nftables:
  description: The commands.
  returned: success
  type: str
apache:
  description: The same as rules for Apache; they are only proposed.
  returned: success
  type: str
notes:
  description: What could not be read.
  returned: success
  type: list
  elements: str
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.block_list import (
    TABLE,
    addresses_to_block,
    apache_rules,
    nft_base,
    nft_elements,
    nft_rules,
    ranked,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.recent_records import events_of_logs


def main() -> None:
    """Rank, and block what is not blocked yet."""
    module = AnsibleModule(
        argument_spec={
            "logs": {"type": "list", "elements": "str", "required": True},
            "events": {"type": "list", "elements": "str", "required": True},
            "hours": {"type": "float", "default": 1},
            "at_least": {"type": "int", "default": 10},
            "never": {"type": "list", "elements": "str", "default": ["127.0.0.0/8", "::1/128"]},
            "minutes": {"type": "int", "default": 60},
            "timezone": {"type": "str", "default": "UTC"},
            "timeout_seconds": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    asked = module.params
    if asked["minutes"] < 1 or asked["at_least"] < 1:
        module.fail_json(msg="minutes and at_least are 1 or more: a block has an end and a reason")
    context = Context(time.time(), time.monotonic() + asked["timeout_seconds"], asked["timezone"])
    notes: list[str] = []
    events = events_of_logs(asked["logs"], asked["events"], asked["hours"], context, notes)
    try:
        sources = ranked(events, asked["at_least"], asked["never"])
    except ValueError as error:
        module.fail_json(msg=f"never: {error}")
    present = _elements(module)
    new = [address for address in addresses_to_block(sources) if address not in present]
    commands = nft_base() + ("" if _has_rules(module) else nft_rules()) + nft_elements(new, asked["minutes"])
    if new and not module.check_mode:
        # One transaction: all of it is in force, or nothing.
        program = module.get_bin_path("nft", required=True, opt_dirs=["/usr/sbin", "/sbin"])
        module.run_command([program, "--file", "-"], data=commands, check_rc=True)
    module.exit_json(
        changed=bool(new),
        sources=[vars(source) for source in sources[:50]],
        blocked=new,
        nftables=commands if new else "",
        apache=apache_rules(new),
        notes=notes[:20],
    )


def _table(module: AnsibleModule) -> list[dict[str, dict[str, object]]]:
    # A plan can be made where nftables is not installed; to block needs it.
    program = module.get_bin_path("nft", required=not module.check_mode, opt_dirs=["/usr/sbin", "/sbin"])
    if program is None:
        return []
    status, out, _err = module.run_command([program, "--json", "list", "table", "inet", TABLE])
    return json.loads(out)["nftables"] if status == 0 else []


def _has_rules(module: AnsibleModule) -> bool:
    return any("rule" in each for each in _table(module))


def _elements(module: AnsibleModule) -> set[str]:
    found = set()
    for each in _table(module):
        for element in (each.get("set") or {}).get("elem") or []:
            found.add(element["elem"]["val"] if isinstance(element, dict) else element)
    return found


if __name__ == "__main__":
    main()
