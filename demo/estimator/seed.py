# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds the estimator: database, uploads, environment file, backups, logs, certificates."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..clock import DAY_SECONDS, HOUR_SECONDS, local, local_midnight
from ..files import clear_directory, set_modified, write_bytes, write_text
from ..paths import EstimatorPaths
from .database import create_database, failed_tasks, tasks_at
from .logs import write_history
from .traffic import Request, requests_until

BACKUP_SETS = 14
BACKUP_HOUR = 3
HOST_NAME = "estimator.test"
ENVIRONMENT = """OPENAI_API_KEY=sk-demo-not-a-real-key
DAILY_UPLOAD_LIMIT=100
DATA_RETENTION_DAYS=30
RATE_LIMIT_MAX_REQUESTS=100
RATE_LIMIT_WINDOW_SECONDS=3600
"""
UNIT = """[Unit]
Description=AI Estimator backend
After=network.target

[Service]
Type=simple
EnvironmentFile=%(backend)s/.env
WorkingDirectory=%(backend)s
Restart=on-failure
RestartSec=5
StandardOutput=append:%(logs)s/backend.log
StandardError=append:%(logs)s/backend-error.log

[Install]
WantedBy=multi-user.target
"""
SITE = """<VirtualHost *:443>
    ServerName %s
    ProxyPass /api/ http://127.0.0.1:8100/api/
    ProxyPass /static/ http://127.0.0.1:8100/static/
    ProxyPass / http://127.0.0.1:8100/ui/
</VirtualHost>
"""


def seed(paths: EstimatorPaths, layout: str, now: float) -> None:
    """Write everything the estimator would have on its disk at `now` (epoch seconds)."""
    requests = requests_until(now)
    failed = failed_tasks(requests)
    create_database(paths.database, tasks_at(requests, now), failed)
    write_text(paths.environment_file, ENVIRONMENT, now - 60 * DAY_SECONDS, 0o600)
    clear_directory(paths.uploads)
    _write_uploads(paths.uploads, tasks_at(requests, now))
    clear_directory(paths.backups)
    for age in range(BACKUP_SETS):
        _write_backup(paths, requests, failed, _backup_time(now, age))
    write_history(paths, requests, now, layout)


def _backup_time(now: float, age: int) -> float:
    """03:00 local time, `age` days before the latest 03:00 that is past."""
    latest = local_midnight(now) + BACKUP_HOUR * HOUR_SECONDS
    if latest > now:
        latest = local_midnight(now - DAY_SECONDS) + BACKUP_HOUR * HOUR_SECONDS
    return local_midnight(latest - age * DAY_SECONDS) + BACKUP_HOUR * HOUR_SECONDS + 1


def _write_uploads(directory: Path, tasks: list[Request]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for request in tasks[-20:]:
        content = b"deliverable,description\n" + request.task.encode("ascii") * 64
        write_bytes(directory / (request.task + ".xlsx"), content, request.epoch)


def _write_backup(paths: EstimatorPaths, requests: list[Request], failed: list[str], epoch: float) -> None:
    target = paths.backups / local(epoch, "%Y%m%d_%H%M%S")
    tasks = tasks_at(requests, epoch)
    # The backup script copies the file of a running application: it is in WAL mode like the original.
    create_database(target / "app.db", tasks, failed)
    shutil.copy2(str(paths.environment_file), str(target / ".env"))
    _write_uploads(target / "uploads", tasks)
    write_text(target / (HOST_NAME + ".conf"), SITE % HOST_NAME, epoch)
    write_text(target / "estimator.service", UNIT % {"backend": paths.backend, "logs": paths.logs}, epoch)
    set_modified(target / "app.db", epoch)
    set_modified(target, epoch)
