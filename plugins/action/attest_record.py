# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record that a person has looked at an item of the hosts' profiles, in one write."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.plugin_utils import attesting, profile, store
from ansible_collections.aiops.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.aiops.runbooks.plugins.plugin_utils.play import batch_hosts

ARGUMENTS: dict[str, dict[str, Any]] = {
    "item": {"type": "str", "required": True},
    "note": {"type": "str", "required": True},
    "store_url": {"type": "str", "required": True, "no_log": True},
}
#: A run older than this is evidence of nothing.
EVIDENCE_DAYS = 400


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the control side, without a connection."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the records, one for each host of the batch.

        Raises:
            AnsibleActionFail: a host's profile has no such item or is wrong, there is no evidence or no note, or the
                store cannot be used. Nothing is recorded then.
        """
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(ARGUMENTS)
        arguments = plain(arguments)
        try:
            records = self._records(variables, arguments, datetime.now(UTC))
            if not self._task.check_mode:
                store.attest(store.open_store(arguments["store_url"]), records)
        except RunbooksError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"changed": bool(records), "attestations": records}

    def _records(self, variables: dict[str, Any], arguments: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
        item, note = arguments["item"], arguments["note"].strip()
        if not note:
            raise attesting.AttestationError(
                f"{item}: an attestation needs a note", "Say what was looked at: -e attest_note='...'"
            )
        hosts = batch_hosts(variables)
        stated = {}
        for host in hosts:
            found = profile.resolve(host, variables["hostvars"][host], variables["hostvars"].raw_get(host), "all")
            chosen = attesting.attested_item(host, found.snapshot.get("attestations") or [], item)
            stated[host] = (found.system, chosen)
        opened = store.open_store(arguments["store_url"], create=False, read_only=True)
        start, end = now - timedelta(days=EVIDENCE_DAYS), now + timedelta(seconds=1)
        runs = store.runs_asking(opened, hosts, profile.CADENCES, start, end)
        who = store.current_holder()
        return [
            attesting.attestation_record(
                host,
                system,
                item,
                note,
                attesting.evidence_run(host, system, chosen, runs),
                who,
                now,
                secrets.token_hex(3),
            )
            for host, (system, chosen) in stated.items()
        ]
