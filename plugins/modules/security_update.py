#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install security updates and nothing else."""

from __future__ import annotations

DOCUMENTATION = r"""
module: security_update
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Install security updates and nothing else
description:
  - Installs the security updates that apt or dnf know of, in the versions that were looked at, and what they cannot do
    without, but no other updates. With dnf they are the versions that security advisories name, not later ones.
  - Configuration files that somebody changed stay; no package is removed.
  - Then says which services still run replaced code, and whether the host has to be restarted. It restarts nothing.
  - When updates still wait afterwards, the module fails with their names.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
    details: The package lists are not renewed in check mode; a plan is as new as they are.
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  manager:
    description: Package manager; V(auto) takes the one that is there.
    type: str
    choices: [auto, apt, dnf]
    default: auto
  refresh:
    description: Whether the package lists are renewed first.
    type: bool
    default: true
  timeout_seconds:
    description: How long all of it may take.
    type: float
    default: 1800
seealso:
  - module: aiops.runbooks.checks_info
"""

EXAMPLES = r"""
- name: Install security updates
  aiops.runbooks.security_update:
  register: updates

- name: Restart what still runs replaced code
  ansible.builtin.systemd_service:
    name: "{{ item }}"
    state: restarted
  loop: "{{ updates.restart_units }}"
"""

RETURN = r"""
manager:
  description: Package manager that was asked.
  returned: success
  type: str
  sample: apt
updates:
  description: The security updates that were installed, or would be.
  returned: success
  type: list
  elements: str
  sample: [openssl 3.0.15-1 -> 3.0.17-1]
needed:
  description: What these updates cannot do without and what is no security update itself; it is installed with them.
  returned: success
  type: list
  elements: str
  sample: [zlib.x86_64 1.2.11-1 -> 1.2.11-4]
advisories:
  description: What the distribution says of these updates. With apt there are none, its lists do not carry them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Number of the advisory.
      type: str
      sample: RHSA-2026:1234
    severity:
      description: Its severity in the distribution's words.
      type: str
      sample: Important
    cves:
      description: The vulnerabilities.
      type: list
      elements: str
      sample: [CVE-2026-12345]
    packages:
      description: The packages that close them on this host.
      type: list
      elements: str
      sample: [openssl-libs-1:3.2.2-6.x86_64]
held_back:
  description: Packages with a security update that dnf would not install. With any of them a run fails in the end.
  returned: success
  type: list
  elements: str
  sample: [example.x86_64]
other_updates:
  description: Number of other updates, which stay.
  returned: success
  type: int
  sample: 3
restart_units:
  description: Services that run replaced code and can be restarted; none in check mode, nothing is replaced there.
  returned: success
  type: list
  elements: str
  sample: [wiki.service]
reboot_units:
  description: Units that run replaced code and are renewed only by a reboot.
  returned: success
  type: list
  elements: str
  sample: [dbus.service]
unseen_processes:
  description: Processes that could not be looked at; it is not known whether they run replaced code.
  returned: success
  type: list
  elements: str
  sample: [agent]
reboot_required:
  description: Whether the host says that it has to be restarted; none when it cannot say.
  returned: success
  type: bool
  sample: false
"""

import time
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils import security_updates
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.probe import Context
from ansible_collections.aiops.runbooks.plugins.module_utils.stale_processes import Stale, stale_processes


def main() -> None:
    """Look, install, look again."""
    module = AnsibleModule(
        argument_spec={
            "manager": {"type": "str", "choices": ["auto", "apt", "dnf"], "default": "auto"},
            "refresh": {"type": "bool", "default": True},
            "timeout_seconds": {"type": "float", "default": 1800},
        },
        supports_check_mode=True,
    )
    context = Context(now=time.time(), deadline=time.monotonic() + module.params["timeout_seconds"])
    try:
        if module.params["refresh"] and not module.check_mode:
            security_updates.refresh(module.params["manager"], context)
        after = found = security_updates.pending(module.params["manager"], context)
        if found.updates and not module.check_mode:
            security_updates.install(found, context)
            after = security_updates.pending(found.manager, context)
    except RunbooksError as error:
        module.fail_json(msg=str(error))
    waiting = [*after.updates, *after.held_back]
    if waiting and not module.check_mode:
        module.fail_json(msg=f"Still waiting after the installation: {', '.join(waiting)}", updates=waiting)
    known = Stale() if module.check_mode else stale_processes(context.remaining)
    module.exit_json(
        changed=bool(found.updates),
        manager=found.manager,
        updates=found.updates,
        needed=found.needed,
        advisories=[asdict(advisory) for advisory in found.advisories],
        held_back=found.held_back,
        other_updates=after.others,
        restart_units=known.units,
        reboot_units=known.reboot,
        unseen_processes=known.unseen,
        reboot_required=after.reboot_required,
    )


if __name__ == "__main__":
    main()
