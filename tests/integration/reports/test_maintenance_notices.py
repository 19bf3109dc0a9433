# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people are told of maintenance (EST-30): ahead, as it begins, as it ends; a real mail server and a webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.hosts.acting.incidents import Webhook, webhook_server
from tests.integration.weekly.runs import Played, play
from tests.unit.notify.mailbox import Mailbox, mail_server

AHEAD = ("-e", "window_start='2099-12-01 22:00'", "-e", "window_end='2 hours'", "-e", "window_reason='New disk'")
TELL = ("-e", "window_notify_to=users")
NOTICE = {"type": "maintenance_notice", "every": ["maintenance"]}


@dataclass
class Wiki:
    """A wiki of this machine that is well while a file is there, and those who use it: one by mail, one in a chat."""

    directory: Path
    box: Mailbox
    hook: Webhook

    def play(self, name: str, *arguments: str) -> Played:
        """Run a playbook on it."""
        return play(
            self.directory / "hosts.json", self.directory / "state", *arguments, playbook=f"playbooks/{name}.yml"
        )

    @property
    def mails(self) -> list[tuple[str, str]]:
        """Return what came by mail: receiver and text."""
        return [(str(mail["To"]), mail.get_content().strip()) for mail in self.box.mails]

    @property
    def chat(self) -> list[str]:
        """Return what came into the chat."""
        return [text.strip() for _key, text in self.hook.texts]


@pytest.fixture
def wiki(tmp_path: Path) -> Iterator[Wiki]:
    """Describe the system, and run its receivers."""
    well, page = tmp_path / "well", tmp_path / "page.txt"
    well.touch()
    page.write_text("Welcome")
    with mail_server(tmp_path, tls=False) as box, webhook_server() as hook:
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "system_name": "wiki",
            "system_title": {"en": "Team Wiki", "ja": "社内Wiki"},
            "system_timezone": "Asia/Tokyo",
            "system_checks": [
                {
                    "name": "well",
                    "kind": "command",
                    "every": ["daily"],
                    "parameters": {"argv": ["test", "-e", str(well)]},
                }
            ],
            "system_verification": ["well"],
            "system_actions": [
                {**NOTICE, "name": "notice_begin", "parameters": {"event": "begins", "to": ["users"]}},
                {
                    "name": "keep_page",
                    "type": "paths_keep",
                    "every": ["maintenance"],
                    "rollback": True,
                    "parameters": {"paths": [str(page)], "directory": str(tmp_path / "kept")},
                },
                {"name": "verify", "type": "verify", "every": ["maintenance"], "parameters": {"seconds": 1}},
                {**NOTICE, "name": "notice_end", "always": True, "parameters": {"event": "ends", "to": ["users"]}},
            ],
            "system_channels": [
                {
                    "name": "mail",
                    "type": "email",
                    "host": "127.0.0.1",
                    "port": box.port,
                    "tls": "none",
                    "sender": "wiki@example.org",
                },
                {"name": "chat", "type": "slack", "url": f"http://127.0.0.1:{hook.port}/hook"},
            ],
            "system_contacts": [
                {"role": "users", "language": "ja", "channels": [{"channel": "mail", "to": "sato@example.org"}]},
                {"role": "users", "language": "en", "channels": [{"channel": "chat"}]},
            ],
        }
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"wiki-1": host}}}))
        yield Wiki(tmp_path, box, hook)


def test_a_window_is_told_ahead_once_to_everybody_in_their_language_and_time(wiki: Wiki) -> None:
    assert wiki.play("maintenance_window", *AHEAD, *TELL, "--check").status == 0
    assert (wiki.mails, wiki.chat) == ([], []), "a plan tells nobody"
    planned = wiki.play("maintenance_window", *AHEAD, *TELL)
    assert planned.status == 0, planned.output
    mail = "社内Wiki：2099-12-01 22:00から2099-12-02 00:00まで（Asia/Tokyo）メンテナンスを行います。内容：New disk"
    chat = "Team Wiki: maintenance from 2099-12-01 22:00 to 2099-12-02 00:00 (Asia/Tokyo): New disk"
    assert wiki.mails == [("sato@example.org", mail)]
    assert str(wiki.box.mails[0]["Subject"]) == mail
    assert len(wiki.chat) == 1
    assert chat in wiki.chat[0]
    # Neither planned again nor listed is it news.
    wiki.play("maintenance_window", *AHEAD, *TELL)
    wiki.play("maintenance_window", *TELL)
    assert (len(wiki.mails), len(wiki.chat)) == (1, 1)
    cancelled = wiki.play("maintenance_window", "-e", "window_state=cancelled", *TELL)
    assert cancelled.status == 0, cancelled.output
    assert [text for _to, text in wiki.mails[1:]] == [
        "社内Wiki：2099-12-01 22:00（Asia/Tokyo）に予定していたメンテナンスは中止します。内容：New disk"
    ]
    assert "does not take place" in wiki.chat[1]


def test_maintenance_tells_its_beginning_and_its_end(wiki: Wiki) -> None:
    assert wiki.play("maintenance", "--check").status == 0
    assert (wiki.mails, wiki.chat) == ([], []), "a plan tells nobody"
    done = wiki.play("maintenance")
    assert done.status == 0, done.output
    assert wiki.mails == [
        ("sato@example.org", "社内Wiki：メンテナンスを開始します。終了までしばらくお待ちください。"),
        ("sato@example.org", "社内Wiki：メンテナンスが完了しました。"),
    ]
    assert [text.splitlines()[1] for text in wiki.chat] == [
        "Team Wiki: maintenance begins. It will be back soon.",
        "Team Wiki: maintenance is done.",
    ]


def test_a_failure_is_told_once_and_truthfully(wiki: Wiki) -> None:
    (wiki.directory / "well").unlink()
    failed = wiki.play("maintenance")
    assert failed.status == 2, failed.output
    assert [text for _to, text in wiki.mails] == [
        "社内Wiki：メンテナンスを開始します。終了までしばらくお待ちください。",
        "社内Wiki：メンテナンスは「verify」で失敗したため、元の状態に戻しました。",
    ]
    assert len(wiki.chat) == 2
    assert "maintenance failed at verify; everything was taken back to what it was." in wiki.chat[1]


def test_a_receiver_that_is_down_gets_its_notice_later_and_stops_no_work(wiki: Wiki) -> None:
    wiki.box.answers = ["451 4.3.2 Not now"] * 2
    done = wiki.play("maintenance", "-e", "notify_patience_seconds=0")
    assert done.status == 0, done.output
    assert (len(wiki.mails), len(wiki.chat)) == (0, 2)
