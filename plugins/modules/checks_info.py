#!/usr/bin/python
# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a system in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: checks_info
version_added: 0.1.0
author: aiops.runbooks contributors (@aiops)
short_description: Look at a system in one round trip
description:
  - Asks any number of read-only checks on a host in one call. They run side by side, each with its own time limit.
  - A check that hangs, crashes or exhausts its time limit comes back as V(unknown) and costs no other check its answer.
  - An unhealthy system is data. The module fails only when it could not look.
  - Where the connection can send data to a command's standard input (SSH, local, most container connections), only the
    library files that the asked kinds need are sent and run from memory, with nothing written to the host. Elsewhere
    the ordinary module is used. Both give the same results.
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
  system:
    description: Name of the system; repeated in each result.
    type: str
    required: true
  timezone:
    description: IANA name of the time zone of the system's logs and backups.
    type: str
    default: UTC
  transport:
    description:
      - V(auto) takes the lean lane where the connection has one.
      - V(lean) insists on it, V(module) insists on the ordinary module.
    type: str
    choices: [auto, lean, module]
    default: auto
  checks:
    description: The checks to ask.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the check.
        type: str
        required: true
      kind:
        description:
          - V(access_log) reads Apache access logs, with their error rate and exact percentiles.
          - V(backup_set) reads backup sets by their own timestamps, with items, sizes, manifests and what has shrunk.
          - V(certificate) reads a certificate file and what an endpoint serves, the whole chain.
          - V(command) runs a command and reads its exit status or a figure that it prints; V(command_in_container) does
            so in the container of a compose service.
          - V(compose_service) inspects a compose service's containers; restarts, exit, log limits, time zone, usage.
          - V(cpu), V(memory) and V(disk) read the host's resources, the file system's inodes included.
          - V(database_lock) tells whether one process keeps all others from writing to an SQLite database.
          - V(diagnosis) tries the known causes of a symptom, each by a check of its own, and names one.
          - V(directory_size) and V(log_size) add up files; V(file) reads one file's age and size.
          - V(drift) reads how far models have drifted and for how long.
          - V(duckdb_integrity) reads every block and every value of a DuckDB database, and judges its write-ahead log.
          - V(duckdb_query) and V(sqlite_query) read figures from a database that stays untouched.
          - V(duckdb_tempdir) reads where DuckDB spills to and what is left there.
          - V(durations) reads how long one thing takes, from the records that say so, and ranks what is slow.
          - V(error_log) reads error logs (Apache's, JSON lines), clustered by cause, with failed logins by source.
          - V(file_stability) and V(text_encoding) look at delivered files; do they change, how encoded.
          - V(http) asks an endpoint and reads its status and its body.
          - V(journal) counts the errors of systemd units in the journal, reading only what is new since the last run.
          - V(json_file) reads whether a JSON file is one, has its keys and which figures stand in it.
          - V(json_records) holds the records of a JSON file against a JSON Schema; double ones, age.
          - V(jsonl_log) reads JSON lines, with their error rate, durations and security events.
          - V(lock) tells a held lock from a stale one, by proof only.
          - V(metrics_names) compares the names that a metrics database knows with those that a configuration lists.
          - V(metrics_query) asks a metrics database with the Prometheus query interface.
          - V(model_files) lists what is missing or cannot be loaded of each service's models.
          - V(model_recency) reads when each configured service's model was trained.
          - V(personal_data) finds personal data in logs; values, not the words for them, masked in evidence.
          - V(process_usage) measures processor and memory of a service's own processes.
          - V(rate_limit_probe) asks until it is refused, bounded, and only the system itself.
          - V(recent_lines) reads the last lines of logs that match a pattern, and how delivered files begin, masked.
          - V(retention) and V(work_directories) list what may go.
          - V(security_updates) lists pending security updates (apt, dnf).
          - V(service) reads the state of a systemd unit, a pid file or a compose service.
          - V(settings) reads a configuration file (JSON, plain YAML, KEY=VALUE) and compares it.
          - V(sqlite) reads a SQLite file's integrity; see M(aiops.runbooks.sqlite_integrity).
          - V(table_header) compares the columns of delivered tables with their mapping.
          - V(text_log) reads when something last ran and how it ended, from lines mixed with JSON documents.
          - V(trial_run) runs an application's own tests, or the application itself, in a copy of its files.
        type: str
        required: true
        choices:
          - access_log
          - backup_set
          - certificate
          - command
          - command_in_container
          - compose_service
          - cpu
          - database_lock
          - diagnosis
          - directory_size
          - disk
          - drift
          - duckdb_integrity
          - duckdb_query
          - duckdb_tempdir
          - durations
          - error_log
          - file
          - file_stability
          - http
          - journal
          - json_file
          - json_records
          - jsonl_log
          - lock
          - log_size
          - memory
          - metrics_names
          - metrics_query
          - model_files
          - model_recency
          - personal_data
          - process_usage
          - rate_limit_probe
          - recent_lines
          - retention
          - security_updates
          - service
          - settings
          - sqlite
          - sqlite_query
          - table_header
          - text_encoding
          - text_log
          - trial_run
          - work_directories
      parameters:
        description: Parameters of the kind. A wrong one is refused with the kind's own list.
        type: dict
        default: {}
      warning:
        description: Level of the value with its operator, such as V(>= 80).
        type: str
      critical:
        description: Level of the value with its operator, such as V(>= 90).
        type: str
      limits:
        description: Levels of further metrics of the kind; each has C(warning) and C(critical).
        type: dict
        default: {}
      timeout_seconds:
        description: Time limit of this check, in seconds.
        type: float
        default: 10
      coverage_floor:
        description: Share of the input (0 to 1) that must have been understood; below it the result is V(unknown).
        type: float
      runbook:
        description: Item of the runbook that asks for this check.
        type: str
      source:
        description: What the figure was taken from, where the runbook would have expected something else.
        type: str
seealso:
  - module: aiops.runbooks.sqlite_integrity
"""

EXAMPLES = r"""
- name: Look at a disk, a service and a database at once
  aiops.runbooks.checks_info:
    system: wiki
    timezone: Europe/Paris
    checks:
      - name: disk
        kind: disk
        parameters:
          path: /
        warning: ">= 80"
        critical: ">= 90"
        limits:
          inodes_percent:
            warning: ">= 80"
      - name: web
        kind: http
        parameters:
          url: http://127.0.0.1:8080/health
          expect_body:
            status: healthy
        timeout_seconds: 5
      - name: database
        kind: sqlite
        parameters:
          path: /srv/wiki/wiki.db
          tables: [pages]
  register: look

- name: Show what is not well
  ansible.builtin.debug:
    msg: "{{ look.results | rejectattr('state', 'equalto', 'ok') | map(attribute='check') }}"
"""

RETURN = r"""
results:
  description: One result for each check, in the order of the checks.
  returned: success
  type: list
  elements: dict
  contains:
    system:
      description: Name of the system.
      type: str
    check:
      description: Name of the check.
      type: str
    kind:
      description: Kind of the check.
      type: str
    state:
      description: V(ok), V(warning), V(unknown) or V(critical), from harmless to worst.
      type: str
    value:
      description: The kind's first metric; null when it could not be measured.
      type: raw
    unit:
      description: Unit of the value.
      type: str
    warning:
      description: The warning level.
      type: str
    critical:
      description: The critical level.
      type: str
    reason:
      description: Why the state is what it is, as an C(id) and the C(fields) of its sentence.
      type: dict
    evidence:
      description: Up to 20 lines of what was seen, secrets masked.
      type: list
      elements: str
    coverage:
      description: Share of the input that was understood, where that applies.
      type: float
    runbook:
      description: Item of the runbook.
      type: str
    started:
      description: When the look began, in UTC.
      type: str
    seconds:
      description: How long the check took.
      type: float
    metrics:
      description: Further figures of the kind, by name.
      type: dict
    source:
      description: What was read, where that is not obvious.
      type: str
transport:
  description: V(lean) or V(module).
  returned: success
  type: str
seconds:
  description: How long the look took, round trip included.
  returned: success
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.aiops.runbooks.plugins.module_utils.checks import (
    access_log,
    backup_set,
    certificate,
    command,
    command_in_container,
    compose_service,
    cpu,
    database_lock,
    diagnosis,
    directory_size,
    disk,
    drift,
    duckdb_integrity,
    duckdb_query,
    duckdb_tempdir,
    durations,
    engine,
    error_log,
    file,
    file_stability,
    http,
    journal,
    json_file,
    json_records,
    jsonl_log,
    lock,
    log_size,
    memory,
    metrics_names,
    metrics_query,
    model_files,
    model_recency,
    personal_data,
    process_usage,
    rate_limit_probe,
    recent_lines,
    retention,
    security_updates,
    service,
    settings,
    sqlite,
    sqlite_query,
    table_header,
    text_encoding,
    text_log,
    trial_run,
    work_directories,
)
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError

# Only statically imported files reach the managed host: here every kind is named, and all of them are sent.
_KINDS = {
    "access_log": access_log,
    "backup_set": backup_set,
    "certificate": certificate,
    "command": command,
    "command_in_container": command_in_container,
    "compose_service": compose_service,
    "cpu": cpu,
    "database_lock": database_lock,
    "diagnosis": diagnosis,
    "directory_size": directory_size,
    "disk": disk,
    "drift": drift,
    "duckdb_integrity": duckdb_integrity,
    "duckdb_query": duckdb_query,
    "duckdb_tempdir": duckdb_tempdir,
    "durations": durations,
    "error_log": error_log,
    "file": file,
    "file_stability": file_stability,
    "http": http,
    "journal": journal,
    "json_file": json_file,
    "json_records": json_records,
    "jsonl_log": jsonl_log,
    "lock": lock,
    "log_size": log_size,
    "memory": memory,
    "metrics_names": metrics_names,
    "metrics_query": metrics_query,
    "model_files": model_files,
    "model_recency": model_recency,
    "personal_data": personal_data,
    "process_usage": process_usage,
    "rate_limit_probe": rate_limit_probe,
    "recent_lines": recent_lines,
    "retention": retention,
    "security_updates": security_updates,
    "service": service,
    "settings": settings,
    "sqlite": sqlite,
    "sqlite_query": sqlite_query,
    "table_header": table_header,
    "text_encoding": text_encoding,
    "text_log": text_log,
    "trial_run": trial_run,
    "work_directories": work_directories,
}


def main() -> None:
    """Read the arguments, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "system": {"type": "str", "required": True},
            "timezone": {"type": "str", "default": "UTC"},
            "transport": {"type": "str", "choices": ["auto", "lean", "module"], "default": "auto"},
            "checks": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "kind": {"type": "str", "required": True, "choices": sorted(_KINDS)},
                    "parameters": {"type": "dict", "default": {}},
                    "warning": {"type": "str"},
                    "critical": {"type": "str"},
                    "limits": {"type": "dict", "default": {}},
                    "timeout_seconds": {"type": "float", "default": 10},
                    "coverage_floor": {"type": "float"},
                    "runbook": {"type": "str"},
                    "source": {"type": "str"},
                },
            },
        },
        supports_check_mode=True,
    )
    try:
        checks = [engine.parse_check(check, _KINDS.__getitem__) for check in module.params["checks"]]
    except ProfileError as error:
        module.fail_json(msg=str(error))
    results = engine.look(module.params["system"], checks, _KINDS.__getitem__, module.params["timezone"])
    module.exit_json(changed=False, results=results, transport="module")


if __name__ == "__main__":
    main()
