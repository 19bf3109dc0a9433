# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimator's tasks over HTTP: created, asked about, answered, estimated, downloaded, deleted."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from typing import Any

from ..clock import utc_sql, utc_sql_exact
from ..paths import EstimatorPaths
from ..web import Request, Response, json_response
from .database import DAILY_RATE_YEN

PREFIX = "/api/v1/tasks"
QUESTIONS = ("Which systems does it connect to?", "Is there a deadline?")
_FORM_FIELD = re.compile(rb'name="(?P<name>[a-z_]+)"\r\n\r\n(?P<value>.*?)\r\n--', re.DOTALL)
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DAYS = 5.0


def answer_task(paths: EstimatorPaths, request: Request) -> Response:
    """Answer a request below `PREFIX`; 404 for what there is not, 422 for a task without deliverables."""
    connection = sqlite3.connect(str(paths.database), timeout=5)
    connection.execute("PRAGMA foreign_keys = on")
    try:
        with connection:
            return _answer(connection, request)
    finally:
        connection.close()


def _answer(connection: sqlite3.Connection, request: Request) -> Response:
    _empty, _slash, rest = request.path[len(PREFIX) :].partition("/")
    if not rest:
        return _create(connection, request) if request.method == "POST" else json_response({"detail": "Not Found"}, 404)
    task, _slash, word = rest.partition("/")
    row = connection.execute("SELECT id, status, created_at FROM tasks WHERE id = ?", (task,)).fetchone()
    if row is None:
        return json_response({"detail": "Task not found"}, 404)
    if request.method == "DELETE" and not word:
        # The rows that belong to it go with it.
        connection.execute("DELETE FROM tasks WHERE id = ?", (task,))
        return json_response({"message": "Task deleted"})
    if request.method == "POST" and word == "answers":
        return _estimate(connection, task, json.loads(request.body or b"[]"))
    if word == "questions":
        return json_response(list(QUESTIONS))
    if word == "status":
        return json_response({"id": task, "status": row[1]})
    estimates = connection.execute(
        "SELECT deliverable_name, person_days, amount FROM estimates WHERE task_id = ?", (task,)
    ).fetchall()
    if word == "result":
        listed = [dict(zip(("name", "person_days", "amount"), each)) for each in estimates]
        return json_response({"id": task, "status": row[1], "estimates": listed})
    if word == "download":
        # The first bytes of an archive, as a spreadsheet has them; the demo makes no real one.
        return Response(200, b"PK\x03\x04" + json.dumps(estimates).encode(), {"Content-Type": _SPREADSHEET})
    return json_response({"detail": "Not Found"}, 404)


def _create(connection: sqlite3.Connection, request: Request) -> Response:
    fields = {
        match.group("name").decode(): match.group("value").decode() for match in _FORM_FIELD.finditer(request.body)
    }
    try:
        deliverables: list[dict[str, Any]] = json.loads(fields.get("deliverables_json", "[]"))
    except ValueError:
        deliverables = []
    if not deliverables:
        return json_response({"detail": "No deliverables"}, 422)
    task, now = str(uuid.uuid4()), time.time()
    connection.execute(
        "INSERT INTO tasks (id, system_requirements, status, created_at, updated_at) VALUES (?,?,?,?,?)",
        (task, fields.get("system_requirements", ""), "pending", utc_sql(now), utc_sql_exact(now)),
    )
    connection.executemany(
        "INSERT INTO deliverables (task_id, name, description) VALUES (?,?,?)",
        [(task, str(each.get("name", "")), str(each.get("description", ""))) for each in deliverables],
    )
    return json_response({"id": task, "status": "pending", "created_at": utc_sql(now)})


def _estimate(connection: sqlite3.Connection, task: str, answers: list[dict[str, Any]]) -> Response:
    connection.executemany(
        'INSERT INTO qa_pairs (task_id, question, answer, "order") VALUES (?,?,?,?)',
        [(task, each.get("question"), each.get("answer"), order) for order, each in enumerate(answers, 1)],
    )
    connection.execute(
        "INSERT INTO estimates (task_id, deliverable_name, deliverable_description, person_days, amount, reasoning)"
        " SELECT task_id, name, description, ?, ?, 'Comparable projects' FROM deliverables WHERE task_id = ?",
        (_DAYS, _DAYS * DAILY_RATE_YEN, task),
    )
    connection.execute(
        "UPDATE tasks SET status = 'completed', updated_at = ? WHERE id = ?", (utc_sql_exact(time.time()), task)
    )
    return json_response({"id": task, "status": "completed"})
