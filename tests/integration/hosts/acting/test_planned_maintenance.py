# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned maintenance of a real site: a new release comes in behind a 503 page, and goes back whichever step fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hosts.acting.incidents import Desk, desk_for
from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import on_host

pytestmark = pytest.mark.xdist_group("estimator-3")
HOST = "estimator-3"
ROOT = "/opt/ai-estimator2"
SETTINGS = {
    "estimator_migrate_command": ["python3", "migrate.py"],
    "estimator_pip_arguments": "--no-index --find-links /srv/wheels",
    "estimator_maintenance_notice_to": ["operations", "cto"],
    # On a busy machine a program takes more than a second to find that it cannot run.
    "service_control_steady_seconds": 4,
}
HERE = Path(__file__).parent
STATE = (HERE / "release_state.script").read_text(encoding="utf-8")
#: A host on which the backend is not started from a working copy any more; its database keeps the new column.
AWAY = f"""
rm -rf /srv/git /srv/clone /srv/wheels {ROOT}/.git {ROOT}/.gitignore {ROOT}/venv /var/backups/aiops-kept
rm -rf /etc/systemd/system/estimator.service.d
cd {ROOT}/backend; rm -f run.py migrate.py requirements.txt
systemctl daemon-reload; systemctl restart estimator
"""
REQUIREMENTS = "sqlite3 /opt/ai-estimator2/backend/app.db 'SELECT system_requirements FROM tasks'"
PAGE = "/etc/apache2/maintenance/estimator.conf"
DROP_IN = "/etc/systemd/system/estimator.service.d/stays.conf"
#: Refuses the configuration once, when the page has gone: somebody else's change came in between.
REFUSES_ONCE = f"[ -e {PAGE} ] || [ -e /run/refused ] || {{ touch /run/refused; exit 1; }}; exec apachectl configtest"
ASK = (
    "curl --silent --output /dev/null --cacert /etc/letsencrypt/ca.pem --user operator:estimator-demo "
    "--write-out '%{http_code} '"
)
HOLDER = """import socket, time
open = []
while True:
    open = [*open[-20:], socket.create_connection(("127.0.0.1", 8100))]
    time.sleep(0.3)
"""


@dataclass(frozen=True)
class Failure:
    """How a step of the plan is made to fail.

    Attributes:
        release: the release that comes in.
        variables: what the profile says otherwise.
        before: script that makes the fault on the host.
        after: script that takes the fault away.
    """

    release: str = "2"
    variables: dict[str, Any] = field(default_factory=dict)
    before: str = ""
    after: str = ""


#: In the order of the plan; a release that fails is described in release.script.
FAILURES = {
    "make_backup": Failure(variables={"estimator_backups": "/etc/hostname/sets"}),
    "show_page": Failure(
        variables={"estimator_renew_test_command": ["apachectl", "-f", "/missing.conf", "configtest"]}
    ),
    "drain": Failure(
        variables={"service_drain_seconds": 1},
        # The backend hangs up on whoever says nothing for long: there is always a fresh connection.
        before=f"systemd-run --quiet --collect --unit=holder python3 -c '{HOLDER}'",
        after="systemctl stop holder",
    ),
    "stop_for_maintenance": Failure(
        before=f"printf '[Unit]\\nRefuseManualStop=yes\\n' > {DROP_IN}; systemctl daemon-reload",
        after=f"rm {DROP_IN}; systemctl daemon-reload",
    ),
    "keep_state": Failure(
        variables={"estimator_kept": "/srv/volume/kept"},
        before="cat /dev/zero > /srv/volume/full 2>/dev/null || true",
        after="rm -rf /srv/volume/full /srv/volume/kept",
    ),
    "update_code": Failure("no-such-release"),
    "update_dependencies": Failure("missing-dependency"),
    "migrate_database": Failure("failing-migration"),
    "start_after_maintenance": Failure("will-not-start"),
    "verify_maintenance": Failure("is-not-well", variables={"verify_seconds": 1}),
    "functional_test": Failure("forgets-its-estimates"),
    "remove_page": Failure(
        variables={"estimator_renew_test_command": ["sh", "-c", REFUSES_ONCE]}, after="rm -f /run/refused"
    ),
}
#: What goes back when a later step fails, the last one first.
UNDONE = [
    "start_after_maintenance", "migrate_database", "update_dependencies", "update_code", "keep_state",
    "stop_for_maintenance", "show_page",
]  # fmt: skip


#: What each of those who are told reads: mail and chat say the same.
BEGINS = {
    "operations": "AI見積りシステム：メンテナンスを開始します。終了までしばらくお待ちください。",
    "cto": "AI Estimator System: maintenance begins. It will be back soon.",
}
ENDS = {
    "operations": "AI見積りシステム：メンテナンスが完了しました。",
    "cto": "AI Estimator System: maintenance is done.",
}


def told(desk: Desk) -> list[dict[str, str]]:
    """Return the notices of the last run, each by its readers."""
    mails = [(str(mail["To"]).partition("@")[0], mail.get_content().strip()) for mail in desk.box.mails]
    chat = [text.splitlines()[1] for _key, text in desk.hook.texts]
    assert sorted(chat) == sorted(text for _reader, text in mails)
    notices = [dict(mails[begin : begin + 2]) for begin in range(0, len(mails), 2)]
    assert sum(map(len, notices)) == len(mails), "nobody is told twice"
    return notices


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run what receives the messages of the profile's roles."""
    with desk_for(HOST, tmp_path_factory.mktemp("desk")) as found:
        yield found


@pytest.fixture(scope="module")
def maintain(prepared: Callable[..., None], act: Callable[..., Acted], desk: Desk) -> Iterator[Callable[..., Acted]]:
    """Return a function that runs planned maintenance with a release."""
    prepared(HOST)
    on_host(HOST, (HERE / "release.script").read_text(encoding="utf-8"))

    def run(release: str, *arguments: str, **variables: Any) -> Acted:
        desk.box.mails.clear()
        desk.hook.texts.clear()
        given = json.dumps({**SETTINGS, "estimator_code_version": release, **variables})
        return act("maintenance", HOST, "-e", given, *arguments)

    yield run
    on_host(HOST, AWAY)


@pytest.fixture(scope="module")
def window(act: Callable[..., Acted], maintain: Callable[..., Acted]) -> None:
    """Open a maintenance window."""
    act("maintenance_window", HOST, "-e", "window='now for 8 hours'", "-e", "window_reason='New release'")


def state() -> str:
    """Return what the release and the site are now, as digests."""
    return on_host(HOST, STATE)


def running_release() -> str:
    """Return what the newest start of the backend said of itself."""
    return on_host(HOST, "grep --text '^release ' /var/log/estimator/backend.log | tail -n 1").strip()


def site() -> str:
    """Return how the site answers, as a client sees it: the application, and what is beside it."""
    return on_host(HOST, f"{ASK} https://estimator.test/api/v1/health; {ASK} https://estimator.test/about/copyright")


def test_outside_a_window_nothing_happens(maintain: Callable[..., Acted], desk: Desk) -> None:
    before = state()
    refused = maintain("2")
    assert refused.returncode == 2
    assert f"none is open for {HOST}" in " ".join(refused.output.split())
    assert (refused.run["failure"]["stage"], refused.run["actions"], state()) == ("window", [], before)
    assert told(desk) == []


def test_a_plan_shows_every_step_and_changes_nothing(maintain: Callable[..., Acted], window: None, desk: Desk) -> None:
    before = state()
    planned = maintain("2", "--check")
    assert planned.returncode == 0, planned.output
    assert [step for step in FAILURES if f"Plan {step}" not in planned.output] == []
    assert state() == before
    assert "release 1" in running_release()
    assert told(desk) == []


@pytest.mark.parametrize("step", FAILURES)
def test_a_step_that_fails_takes_everything_back(
    maintain: Callable[..., Acted], window: None, desk: Desk, step: str
) -> None:
    failure, before = FAILURES[step], state()
    on_host(HOST, failure.before)
    try:
        run = maintain(failure.release, **failure.variables)
    finally:
        on_host(HOST, failure.after)
    assert run.returncode == 2, run.output
    steps = list(FAILURES)
    done = [name for name in run.states if name in FAILURES and "not run:" not in run.detail(name).get("message", "")]
    assert (done, run.states[step]) == (steps[: steps.index(step) + 1], "failed")
    gone_back = [name.removeprefix("rollback_") for name in run.states if name.startswith("rollback_")]
    assert gone_back == [name for name in UNDONE if name in done]
    assert "failed" not in {value for name, value in run.states.items() if name != step}, run.run["actions"]
    assert state() == before
    assert "release 1 with rules 1.0" in running_release()
    assert site() == "200 200 "
    assert {result["check"]: result["state"] for result in run.run["results"]}["health"] == "ok"
    begun = [BEGINS] if step != "make_backup" else []
    failed = {
        "operations": f"AI見積りシステム：メンテナンスは「{step}」で失敗したため、元の状態に戻しました。",
        "cto": f"AI Estimator System: maintenance failed at {step}; everything was taken back to what it was.",
    }
    assert told(desk) == [*begun, failed]


def test_files_changed_by_hand_are_refused_before_they_are_lost(maintain: Callable[..., Acted], window: None) -> None:
    on_host(HOST, f"echo '# by hand' >> {ROOT}/backend/run.py")
    run = maintain("2")
    assert run.states["update_code"] == "failed"
    assert "backend/run.py" in run.detail("update_code")["message"]
    assert "# by hand" in on_host(HOST, f"tail -n 1 {ROOT}/backend/run.py")
    on_host(HOST, f"git -C {ROOT} checkout --quiet backend/run.py; systemctl is-active estimator")


def test_a_good_release_comes_in_behind_the_page(
    maintain: Callable[..., Acted], window: None, desk: Desk, testinfra_host: Callable
) -> None:
    on_host(HOST, (HERE / "watch_page.script").read_text(encoding="utf-8"))
    run = maintain("2")
    on_host(HOST, "systemctl stop watch-page")
    assert run.returncode == 0, run.output
    assert set(run.states.values()) <= {"done", "skipped"}, run.states
    assert "release 2 with rules 2.0" in running_release()
    watched = on_host(HOST, "cat /tmp/watched").splitlines()
    assert "api/v1/health 503 1800" in watched, "the page has a Retry-After"
    about = {line.split()[1] for line in watched if line.startswith("about/")}
    assert about == {"200"}, "the rest of the site lives"
    host = testinfra_host(HOST)
    assert host.service("estimator").is_running
    assert not host.file(PAGE).exists
    assert "priority" in state()
    assert "Functional test" not in on_host(HOST, REQUIREMENTS)
    assert "refs/heads" in on_host(HOST, f"git -C {ROOT} symbolic-ref HEAD")
    assert told(desk) == [BEGINS, ENDS]


def test_doing_it_again_brings_nothing_new(maintain: Callable[..., Acted], window: None) -> None:
    before = state()
    run = maintain("2")
    assert run.returncode == 0, run.output
    assert (run.states["update_code"], run.states["migrate_database"]) == ("skipped", "skipped")
    assert state() == before
