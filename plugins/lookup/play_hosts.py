# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a play in the order in which they are worked on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: play_hosts
author: aiops.runbooks contributors (@aiops)
version_added: 0.1.0
short_description: Hosts of a procedure, canaries first
description:
  - Returns what belongs into C(hosts) of a play, so that C(serial) takes the canaries into the first batch.
  - Without canaries and without a job to resume, the pattern is returned as it is.
  - C(--limit) counts as always.
options:
  _terms:
    description: Pattern of hosts and groups.
    required: true
  canary:
    description:
      - Hosts or groups that go first, as far as they are among the hosts of the pattern.
      - Several are separated by commas.
    type: list
    elements: str
    default: []
    vars:
      - name: run_canary
  resume:
    description:
      - Job whose hosts that failed or were not run are to be done, what has failed first; V(last) is the newest job of
        the procedure.
    type: str
    default: ""
    vars:
      - name: run_resume
  procedure:
    description: What the job that is resumed must be about; the play's own procedure.
    type: str
    vars:
      - name: run_procedure
  store_url:
    description: SQLAlchemy URL of the store that knows the job; without it C(AIOPS_STORE_URL), or the default store.
    type: str
    default: ""
    env:
      - name: AIOPS_STORE_URL
    vars:
      - name: run_store_url
"""

EXAMPLES = r"""
- name: Restart services
  hosts: "{{ query('aiops.runbooks.play_hosts', run_hosts | default('all')) }}"
  serial: "{{ run_batch | default('1,25%,100%') | aiops.runbooks.batches }}"
"""

RETURN = r"""
_list:
  description: Patterns or names of hosts.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError


class LookupModule(LookupBase):
    """Orders the hosts of a play."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the hosts, or the patterns where there is nothing to order.

        Raises:
            AnsibleLookupError: there is no such job.
        """
        self.set_options(var_options=variables, direct=kwargs)
        patterns = _names(terms)
        canaries, job = _names(self._given("canary")), str(self._given("resume") or "")
        if not canaries and not job:
            return patterns
        hosts = self._matched(patterns, variables)
        if job:
            wanted = self._unfinished(job)
            hosts = [host for host in wanted if host in hosts]
        first = [host for host in self._matched(canaries, variables) if host in hosts] if canaries else []
        return [*first, *(host for host in hosts if host not in first)]

    def _given(self, option: str) -> Any:
        # A variable may refer to others; what it refers to is known to the play.
        return self._templar.template(self.get_option(option))

    def _matched(self, patterns: list[str], variables: dict[str, Any] | None) -> list[str]:
        inventory = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        return [str(host) for host in inventory.run([":".join(patterns)], variables=variables)]

    def _unfinished(self, job: str) -> list[str]:
        # Imported here: most plays resume nothing.
        from ansible_collections.aiops.runbooks.plugins.plugin_utils import store

        try:
            opened = store.open_store(str(self._given("store_url")) or None, create=False, read_only=True)
            return store.unfinished_hosts(opened, job, str(self._given("procedure")))[1]
        except RunbooksError as error:
            raise AnsibleLookupError(f"run_resume={job}: {error}") from None


def _names(given: Any) -> list[str]:
    values = given if isinstance(given, (list, tuple)) else [given]
    flat = [part for value in values for part in (value if isinstance(value, (list, tuple)) else [value])]
    return [name for text in flat if text is not None for name in map(str.strip, str(text).split(",")) if name]
