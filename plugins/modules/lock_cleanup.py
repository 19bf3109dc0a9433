#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free an application's lock whose holder is proven dead, or stuck."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lock_cleanup
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Free an application's lock whose holder is proven dead, or stuck
description:
  - A lock is C(stale) only on proof of death. Its process id is free, ended, or given to a process that began later,
    or the lock is older than the boot; and no process of any user or namespace has the lock or the database open
    or locked. A lock on a network file system, without a process id, or of a process in another namespace is C(unknown)
    and stays as it is.
  - A holder that lives is C(stuck) when its lock is older than a limit and neither it nor anything it started used the
    processor, read or wrote anything, or let a log grow for a while. It is stopped only with O(stop_stuck), first with
    SIGTERM, after a grace time with SIGKILL; before each signal it is compared with the process that was judged.
  - Nothing is deleted. The lock and its pid file are renamed, to names beside their places that end in C(.stale-) and
    the time, and judged again after the rename; a lock that was taken anew in between gets its name back.
  - The module fails when the lock is not free afterwards. A call that is interrupted is completed by the next one.
extends_documentation_fragment:
  - aiops.runbooks.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
options:
  lock_path:
    description: The lock, a file or a directory.
    type: path
    required: true
  pid_path:
    description: The file with the holder's process id. Without it the lock itself is read, or C(pid) in a directory.
    type: path
  database:
    description: A file that only the holder opens. While any process has it open, the lock is not stale.
    type: path
  command_contains:
    description: Text that the holder's command line has to contain.
    type: str
  wait_seconds:
    description: How long to wait for a holder that is at work. Check mode does not wait.
    type: float
    default: 0
  stuck_after_seconds:
    description: Age of the lock below which a living holder is never called stuck.
    type: float
    default: 3600
  window_seconds:
    description: How long a holder is watched for any sign of work.
    type: float
    default: 30
  progress_logs:
    description: Files and globs that grow while the holder works.
    type: list
    elements: str
    default: []
  stop_stuck:
    description: Whether a stuck holder may be stopped.
    type: bool
    default: false
  grace_seconds:
    description: Time between SIGTERM and SIGKILL.
    type: float
    default: 30
seealso:
  - module: aiops.runbooks.checks_info
"""

EXAMPLES = r"""
- name: Put a dead run's lock aside
  aiops.runbooks.lock_cleanup:
    lock_path: /srv/jobs/state/engine.lock.d
    pid_path: /srv/jobs/state/engine.pid
    database: /srv/jobs/jobs.duckdb
    command_contains: src/main.py
    progress_logs: [/srv/jobs/logs/*.log]

- name: Stop a run that has made no progress for a minute and is older than an hour
  aiops.runbooks.lock_cleanup:
    lock_path: /srv/jobs/state/engine.lock
    pid_path: /srv/jobs/state/engine.pid
    window_seconds: 60
    stop_stuck: true
"""

RETURN = r"""
verdict:
  description: V(none), V(held), V(stale), V(stuck) or V(unknown), as it was found.
  returned: always
  type: str
  sample: stale
reason:
  description: Why, as an id of the report's catalogue, with its fields in RV(fields).
  returned: always
  type: str
  sample: lock_stale
fields:
  description: Fields of the reason.
  returned: always
  type: dict
  sample: {pid: 4711, proof: process_gone, seconds: 5400.0}
put_aside:
  description: What was renamed, with its old path and its new one. In check mode the new path is empty.
  returned: always
  type: list
  elements: dict
  sample: [{path: /srv/jobs/state/engine.pid, aside: /srv/jobs/state/engine.pid.stale-20260301T031500Z}]
signals:
  description: Which signals were sent to which processes; in check mode the first one of each.
  returned: always
  type: list
  elements: str
  sample: ["SIGTERM to 4711: python src/main.py run"]
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.errors import RunbooksError
from ansible_collections.aiops.runbooks.plugins.module_utils.lock_cleanup import (
    LockOutcome,
    LockSettings,
    free,
    leftover_pid_file,
    look,
    plan,
    wait_for_holder,
)


def main() -> None:
    """Look, wait if need be, plan, and outside of check mode free the lock."""
    module = AnsibleModule(
        argument_spec={
            "lock_path": {"type": "path", "required": True},
            "pid_path": {"type": "path"},
            "database": {"type": "path"},
            "command_contains": {"type": "str"},
            "wait_seconds": {"type": "float", "default": 0},
            "stuck_after_seconds": {"type": "float", "default": 3600},
            "window_seconds": {"type": "float", "default": 30},
            "progress_logs": {"type": "list", "elements": "str", "default": []},
            "stop_stuck": {"type": "bool", "default": False},
            "grace_seconds": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    given = module.params
    settings = LockSettings(
        lock_path=given["lock_path"],
        pid_path=given["pid_path"],
        database=given["database"],
        command_contains=given["command_contains"],
        stuck_after_seconds=given["stuck_after_seconds"],
        window_seconds=given["window_seconds"],
        progress_logs=tuple(given["progress_logs"]),
        grace_seconds=given["grace_seconds"],
    )
    result: dict[str, Any] = {"verdict": "unknown", "reason": "", "fields": {}, "put_aside": [], "signals": []}
    outcome = LockOutcome()
    try:
        found = look(settings, time.time())
        if not module.check_mode:
            found = wait_for_holder(settings, given["wait_seconds"], found)
        found = leftover_pid_file(settings, found, time.time())
        result.update(verdict=found.verdict, reason=found.reason, fields=found.fields)
        refusal = _refusal(settings, found.verdict, found.fields, given["stop_stuck"])
        if refusal:
            module.fail_json(msg=refusal, **result)
        outcome = plan(settings, found)
        if not module.check_mode and (outcome.put_aside or outcome.signals):
            outcome = LockOutcome()
            free(settings, found, outcome)
    except (RunbooksError, OSError) as error:
        result.update(put_aside=outcome.put_aside, signals=outcome.signals)
        module.fail_json(msg=str(error), changed=bool(outcome.put_aside or outcome.signals), **result)
    result.update(put_aside=outcome.put_aside, signals=outcome.signals)
    paths = [moved["path"] + "\n" for moved in outcome.put_aside]
    result["diff"] = {
        "before": "".join(paths),
        "after": "".join(one["aside"] + "\n" for one in outcome.put_aside if one["aside"]),
    }
    module.exit_json(changed=bool(outcome.put_aside or outcome.signals), **result)


def _refusal(settings: LockSettings, verdict: str, fields: dict[str, Any], stop_stuck: bool) -> str:
    """Return why the lock is left alone; empty when it may be freed or is free."""
    path, pid = settings.lock_path, fields.get("pid")
    if verdict == "held":
        return f"{path} is held by process {pid}, which is at work. Wait until it is done, or raise wait_seconds"
    if verdict == "unknown":
        why = ", ".join(f"{key}: {value}" for key, value in sorted(fields.items()) if value is not None)
        return f"{path} is left alone: nothing proves that its holder is dead ({why or 'see reason'})"
    if verdict == "stuck" and not stop_stuck:
        seconds = settings.window_seconds
        return (
            f"{path} is held by process {pid}, which did nothing for {seconds:g} s. stop_stuck would allow to stop it"
        )
    return ""


if __name__ == "__main__":
    main()
