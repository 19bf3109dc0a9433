# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runbook would have an operator type for the fifteen checks of the benchmark's profile."""

from __future__ import annotations

from pathlib import Path

#: What has to be on the machine, by the name of its Debian package.
TOOLS = {
    "openssh-server": "/usr/sbin/sshd",
    "openssh-client": "ssh",
    "curl": "curl",
    "sqlite3": "sqlite3",
    "openssl": "openssl",
    "procps": "top",
}
# Name of the check in inventory/group_vars/bench.yml, and the commands that answer the same question by hand.
_COMMANDS = {
    "app_service": 'ps -o pid,etimes,args -p "$(cat {root}/app.pid)"',
    "front_service": 'ps -o pid,etimes,args -p "$(cat {root}/front.pid)"',
    "health": "curl -sf http://127.0.0.1:{port}/health",
    "backup": (
        'newest="$(ls -d {root}/backups/*_* | tail -n 1)"; ls -l "$newest/.env" && du -s {root}/backups/* && '
        'sqlite3 "file:$newest/app.db?mode=ro" "PRAGMA quick_check"'
    ),
    "certificate": "openssl x509 -enddate -noout -in {root}/fullchain.pem",
    "log_size": "find {root}/logs -name '*.log' -size +100M; du -h {root}/logs/*.log",
    "database": 'sqlite3 "file:{root}/app.db?mode=ro" "PRAGMA integrity_check; PRAGMA foreign_key_check" .tables',
    "records": (
        'sqlite3 "file:{root}/app.db?mode=ro" '
        "\"SELECT COUNT(*) FROM tasks WHERE created_at >= datetime('now', '-7 days')\""
    ),
    "traffic": (
        "awk '{{ n++; if ($9 >= 500) e++; t += $NF }} END {{ print n, e + 0, t / n }}' {root}/logs/access_log; "
        "awk '{{ print $1 }}' {root}/logs/access_log | sort -u | wc -l"
    ),
    "disk": "df -P / && df -Pi /",
    "memory": "free -m",
    "cpu": "top -bn1 | head -n 4",
    "settings": "stat -c '%s %y' {root}/.env",
    "uploads": "du -sb {root}/uploads",
    "lock": "test ! -e {root}/app.lock",
}


def commands(root: Path, port: int) -> dict[str, str]:
    """Return the commands by name of the check.

    Args:
        root: the application's directory.
        port: where its health is asked for.
    """
    return {name: text.format(root=root, port=port) for name, text in _COMMANDS.items()}


def script(by_name: dict[str, str]) -> str:
    """Return one shell script that runs all of them and fails when one failed."""
    steps = [f"echo '# {name}'; {{ {text}; }} || failed=\"$failed {name}\"" for name, text in by_name.items()]
    return "\n".join(["failed=", *steps, 'test -z "$failed" || { echo "failed:$failed" >&2; exit 1; }', ""])
