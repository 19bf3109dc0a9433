# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of alerts, journal entries and recorded runs, and what is refused."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.runbooks.plugins.plugin_utils.events import alertmanager, journal, recorded
from ansible_collections.aiops.runbooks.plugins.plugin_utils.events.event import Event, EventError, harmless
from ansible_collections.aiops.runbooks.plugins.plugin_utils.events.systems import systems_of
from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import finish, open_store
from tests.unit.store.builders import result
from tests.unit.store.builders import run as a_run

SYSTEMS = systems_of(
    [{"host": "wiki-1"}, {"host": "shop-1", "labels": {"instance": "10.0.0.5:9100"}, "fields": {"_HOSTNAME": "big"}}]
)
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def alert(name: str = "Slow", status: str = "firing", fingerprint: str = "a1", **labels: str) -> dict[str, Any]:
    """Return one alert of a notification."""
    return {
        "status": status,
        "labels": {"alertname": name, "host": "wiki-1", **labels},
        "annotations": {"summary": f"{name} it is"},
        "startsAt": "2026-11-26T03:00:12.345Z",
        "fingerprint": fingerprint,
    }


def notified(
    *alerts: dict[str, Any], known: alertmanager.Known | None = None, now: float = 0.0
) -> tuple[list[Event], list[str]]:
    """Return the events of a notification, and the alerts that are about no system."""
    body = json.dumps({"version": "4", "alerts": list(alerts)}).encode()
    events, strange = alertmanager.events_of(alertmanager.alerts_of(body), SYSTEMS, known or alertmanager.Known(), now)
    return events, [each.labels["alertname"] for each in strange]


def test_the_alerts_of_a_system_are_one_event_with_the_worst_level() -> None:
    few = [alert(name, fingerprint=f"a{number}", severity=severity) for number, (name, severity) in enumerate(WORDS)]
    (event,), strange = notified(*few)
    assert (event.host, event.level, event.status, strange) == ("wiki-1", "P2", "firing", [])
    assert event.what == "Alertmanager: Slow: Slow it is; Full: Full it is; Hot: Hot it is; and 1 more"
    assert notified(*reversed(few))[0][0].key == event.key
    assert notified(*few[1:])[0][0].key != event.key


WORDS = (("Slow", "warning"), ("Full", "critical"), ("Hot", "info"), ("Old", "none"))


def test_an_alert_goes_to_every_system_of_its_machine_and_to_no_other() -> None:
    events, strange = notified(alert(instance="10.0.0.5:9100"), alert("Elsewhere", host="wiki-2"))
    assert [event.host for event in events] == ["wiki-1", "shop-1"]
    assert strange == ["Elsewhere"]


def test_it_is_over_when_no_alert_of_the_system_fires_in_any_group() -> None:
    known = alertmanager.Known()
    notified(alert(fingerprint="a1"), known=known)
    notified(alert(fingerprint="b2"), known=known)
    assert notified(alert(status="resolved", fingerprint="a1"), known=known)[0] == []
    (event,), _strange = notified(alert(status="resolved", fingerprint="b2"), known=known)
    assert (event.status, event.wire()["incident"]["level"]) == ("resolved", "")


def test_an_alert_of_which_nobody_speaks_any_more_holds_nothing_up() -> None:
    known = alertmanager.Known()
    notified(alert(fingerprint="a1"), known=known)
    later = alertmanager.FORGOTTEN_SECONDS + 1
    assert notified(alert(status="resolved", fingerprint="b2"), known=known, now=later)[0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is no JSON. Send"),
        (b"[]", "no JSON object"),
        (b"[" * 100_000, "no JSON"),
        (b'{"alerts": []}', "version is missing"),
        (b'{"version": "3", "alerts": []}', "version is '3'"),
        (b'{"version": "4"}', "alerts is missing, not a list"),
        (b'{"version": "4", "alerts": [7]}', r"alerts\[0\] is 7, not an object"),
    ],
)
def test_what_is_no_notification_is_refused_with_its_reason(body: bytes, message: str) -> None:
    with pytest.raises(EventError, match=message):
        alertmanager.alerts_of(body)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("status", "pending"),
        ("fingerprint", None),
        ("fingerprint", "{{ x }}"),
        ("startsAt", "yesterday"),
        ("labels", {"alertname": 1}),
        ("annotations", "none"),
    ],
)
def test_a_wrong_key_of_an_alert_is_named(key: str, value: Any) -> None:
    body = json.dumps({"version": "4", "alerts": [alert(), {**alert(), key: value}]}).encode()
    with pytest.raises(EventError, match=rf"alerts\[1\]\.{key}"):
        alertmanager.alerts_of(body)


def test_more_alerts_than_anybody_reads_are_refused() -> None:
    body = json.dumps({"version": "4", "alerts": [alert()] * 1001}).encode()
    with pytest.raises(EventError, match="max_alerts"):
        alertmanager.alerts_of(body)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_posted_is_a_notification_or_refused(body: bytes) -> None:
    with contextlib.suppress(EventError):
        alertmanager.alerts_of(body)


@given(st.text(max_size=300), st.integers(1, 100))
def test_no_text_is_a_template_or_longer_than_allowed(text: str, characters: int) -> None:
    shown = harmless(text, characters)
    assert not set("{}\n\r\0") & set(shown)
    assert len(shown) <= characters


def test_secrets_in_what_a_sender_writes_are_masked() -> None:
    assert harmless("login with password=hunter22 failed", 100) == "login with password=******** failed"


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (None, "systems is None"),
        ([], "systems is"),
        (["wiki-1"], r"systems\[0\] is 'wiki-1', not a map"),
        ([{"host": "all:!x"}], "patterns are refused"),
        ([{"host": "wiki-*"}], "patterns are refused"),
        ([{"host": "wiki-1"}, {"host": "wiki-1"}], "wiki-1 twice"),
        ([{"host": "wiki-1", "label": {}}], "has label"),
        ([{"host": "wiki-1", "labels": {}}], r"systems\[0\]\.labels"),
        ([{"host": "wiki-1", "fields": {"_PID": 1}}], r"systems\[0\]\.fields"),
    ],
)
def test_a_wrong_list_of_systems_is_refused_with_its_place(stated: Any, message: str) -> None:
    with pytest.raises(EventError, match=message):
        systems_of(stated)


def entry(**changes: Any) -> bytes:
    """Return a line as journalctl prints it."""
    fields = {
        "__CURSOR": "s=6c1d;i=2f;b=9a;m=1;t=2;x=3",
        "__REALTIME_TIMESTAMP": "1795662012345678",
        "_HOSTNAME": "wiki-1",
        "_SYSTEMD_UNIT": "init.scope",
        "UNIT": "wiki.service",
        "SYSLOG_IDENTIFIER": "systemd",
        "PRIORITY": "3",
        "MESSAGE": "wiki.service: Failed with result 'exit-code' after 17 s.",
        **changes,
    }
    return json.dumps(fields).encode() + b"\n"


def watch(**arguments: Any) -> journal.Watch:
    """Return what a source follows."""
    return journal.watch_of({"systems": [{"host": "wiki-1"}], **arguments})


def told(line: bytes, **arguments: Any) -> list[Event]:
    """Return the events of a line."""
    found = journal.entry_of(line)
    return [] if found is None else journal.events_of(found, watch(**arguments))


def test_an_entry_is_an_event_of_its_unit_and_the_same_once_more_has_the_same_key() -> None:
    (event,) = told(entry(), level="P3")
    assert (event.host, event.level) == ("wiki-1", "P3")
    assert event.what == "Journal: wiki.service: wiki.service: Failed with result 'exit-code' after 17 s."
    (again,) = told(entry())
    (later,) = told(entry(__CURSOR="other", MESSAGE="wiki.service: Failed with result 'exit-code' after 18 s."))
    assert again.key == event.key != later.key
    assert later.group == event.group, "what differs in numbers only is throttled together"


@pytest.mark.parametrize(
    "line",
    [b"-- Journal begins at", b"{", b"[]", b'{"MESSAGE": "no cursor"}', entry(_HOSTNAME="wiki-2")],
)
def test_what_is_no_entry_of_a_system_is_no_event(line: bytes) -> None:
    assert told(line) == []


def test_what_playbooks_write_is_no_event() -> None:
    assert told(entry(SYSLOG_IDENTIFIER="ansible-ansible.legacy.command")) == []


@pytest.mark.parametrize(
    ("message", "shown"),
    [([227, 129, 130, 255], "あ\ufffd"), (None, "(no message)"), (["one", "two"], "one two"), ("x" * 9999, "x")],
)
def test_messages_in_every_form_are_read(message: Any, shown: str) -> None:
    (event,) = told(entry(MESSAGE=message))
    assert event.what.startswith(f"Journal: wiki.service: {shown}")
    assert len(event.what) < 500


def test_only_messages_that_match_are_events() -> None:
    assert told(entry(), pattern="Out of memory") == []
    assert told(entry(MESSAGE="Out of memory: Killed process 7"), pattern="Out of memory")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"priority": "error"}, "Priorities are emerg"),
        ({"pattern": "("}, "Write a regular expression"),
        ({"level": "P5"}, "level is 'P5'"),
        ({"units": "wiki.service"}, "units is 'wiki.service', not a list"),
        ({"ssh": "-oProxyCommand=x"}, "Write the name of one machine"),
        ({"ssh": "host; rm"}, "Write the name of one machine"),
    ],
)
def test_a_wrong_argument_of_the_journal_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(EventError, match=message):
        watch(**arguments)


def test_journalctl_goes_on_behind_the_cursor_here_and_on_another_machine() -> None:
    here = watch(units=["wiki.service"]).command("s=1;i=2")
    assert here[0] == "journalctl"
    assert {"--unit=wiki.service", "--priority=err", "--after-cursor=s=1;i=2"} < set(here)
    assert "--lines=0" in watch().command(None)
    there = watch(ssh="root@wiki.example", ssh_config="/etc/x").command("s=1;i=2")
    assert there[:3] == ["ssh", "-F", "/etc/x"]
    assert there[-3:-1] == ["root@wiki.example", "--"]
    assert "'--after-cursor=s=1;i=2'" in there[-1], "the shell over there sees one word"


def recorded_runs(tmp_path: Path) -> Any:
    """Return a store with runs that found something, and some that did not."""
    opened = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    bad = [result("web", "critical"), result("disk", "ok")]
    stated = [
        ("before", -5, "critical", bad, {}),
        ("bad", 5, "critical", bad, {}),
        ("good", 6, "ok", [result("web", "ok")], {}),
        ("warned", 7, "warning", [result("web", "warning")], {"priority": "P3"}),
        ("gone", 8, "critical", [], {"reachable": False}),
        ("own", 9, "critical", bad, {"procedure": "incident"}),
    ]
    runs = []
    for identity, minutes, state, results, changes in stated:
        moment = (NOON + timedelta(minutes=minutes)).isoformat()
        record = {**a_run(identity), "finished": moment, "state": state, "results": results}
        runs.append({"reachable": True, **record, **changes})
    finish(opened, runs)
    return opened


def test_runs_that_found_something_are_handed_on_once_also_after_a_restart(tmp_path: Path) -> None:
    opened = recorded_runs(tmp_path)
    position = recorded.position_of(None, NOON)
    new = recorded.new_runs(opened, {"est1"}, position)
    assert [run["id"] for run in new] == ["bad", "warned", "gone"]
    assert [recorded.event_of(run).what for run in new] == [
        "weekly run: web",
        "weekly run: needs attention",
        "weekly run: not reachable",
    ]
    assert recorded.new_runs(opened, {"est2"}, position) == []
    assert recorded.new_runs(opened, {"est1"}, position, ["daily"]) == []
    for run in new[:2]:
        position.note(run)
    restarted = recorded.position_of(position.to_text(), NOON + timedelta(hours=1))
    assert [run["id"] for run in recorded.new_runs(opened, {"est1"}, restarted)] == ["gone"]


@pytest.mark.parametrize("text", ["", "x", "[]", '{"first": 1}', '{"first": "y", "until": "z", "known": {}}'])
def test_an_unreadable_position_is_a_first_start(text: str) -> None:
    assert recorded.position_of(text, NOON).begin() == NOON


def test_what_is_remembered_of_runs_stays_small() -> None:
    position = recorded.position_of(None, NOON)
    for minute in range(500):
        position.note({"id": f"r{minute}", "finished": NOON + timedelta(minutes=minute)})
    assert len(position.known) == 11
