# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration, retention and the Public Suffix List of the batch system on its host (AIMO-07, 15, 19, 21)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import testinfra.host

from tests.hosts.definition import INVENTORY
from tests.integration.ansible_module import call_module_on
from tests.integration.hosts.acting.procedures import Acted
from tests.integration.hosts.plays import hold, on_host

pytestmark = pytest.mark.xdist_group("aimo-1")
HOST = "aimo-1"
Act = Callable[..., Acted]
CONFIRMED = ("-e", f"run_confirm={HOST}")
ENVIRONMENT = "/opt/aimo/.env.local"
PROVIDERS = "/opt/aimo/config/llm_providers.yaml"
EVERYTHING = "cd /opt/aimo; find data docs README.md .env.local -printf '%p %i %m %s %T@\\n' | sort | sha256sum"
OLD_VALUES = "LLM_DAILY_BUDGET_USD=50.0\nEXCEL_MAX_ROWS=100000\n"


@pytest.fixture(scope="module")
def host(prepared: Callable[..., None], testinfra_host: Callable[[str], testinfra.host.Host]) -> testinfra.host.Host:
    """Return the host with its healthy system."""
    prepared(HOST)
    return testinfra_host(HOST)


@pytest.fixture
def environment(host: testinfra.host.Host) -> Iterator[str]:
    """Return an environment file with values that are too high, and put back the one that there was."""
    on_host(HOST, f"cp -p {ENVIRONMENT} /root/env; cp -p {PROVIDERS} /root/providers")
    content = f"# what the runs read\nA='1'  # kept as it is\n{OLD_VALUES}\nLAST=1"
    on_host(HOST, f'printf %s "{content}" > {ENVIRONMENT}')
    yield str(host.file(ENVIRONMENT).content_string)
    on_host(HOST, f"mv /root/env {ENVIRONMENT}; mv /root/providers {PROVIDERS}; rm -f {ENVIRONMENT}.* {PROVIDERS}.*")


def test_values_are_lowered_byte_for_byte_and_go_back_on_demand(
    host: testinfra.host.Host, act: Act, environment: str
) -> None:
    budget = ("-e", "configure_preset=lower_budget")
    before = on_host(HOST, f"stat -c '%i %Y' {ENVIRONMENT}; ls -A /opt/aimo")
    assert act("configure", HOST, *budget, "--check").returncode == 0
    assert on_host(HOST, f"stat -c '%i %Y' {ENVIRONMENT}; ls -A /opt/aimo") == before
    done = act("configure", HOST, *budget)
    assert done.states["configure"] == "done", done.output
    assert "Use a smaller model for what is not in doubt." in done.detail("configure")["recommendations"]
    lowered = environment.replace("USD=50.0", "USD=5.0")
    assert host.file(ENVIRONMENT).content_string == lowered
    assert host.file(ENVIRONMENT).mode == 0o600
    assert act("configure", HOST, *budget).states["configure"] == "skipped"
    rows = act("configure", HOST, "-e", "configure_preset=lower_excel_rows")
    assert rows.states["configure"] == "done", rows.output
    assert host.file(ENVIRONMENT).content_string == lowered.replace("ROWS=100000", "ROWS=50000")
    back = act("rollback", HOST)
    assert back.states["go_back"] == "done", back.output
    assert host.file(ENVIRONMENT).content_string == lowered


def test_when_the_second_file_is_refused_the_first_goes_back(
    host: testinfra.host.Host, act: Act, environment: str
) -> None:
    providers = host.file(PROVIDERS).content_string
    values = {
        "aimo_configuration_files": {
            "environment": {"path": ENVIRONMENT},
            # The application's validator of this site: it wants at least a dollar a day.
            "providers": {"path": PROVIDERS, "validate": ["grep", "-Eq", "^  daily_limit_usd: [1-9]", "{candidate}"]},
        },
        "configure_set": [
            {"file": "environment", "key": "LLM_DAILY_BUDGET_USD", "value": 0.5},
            {"file": "providers", "key": "budget.daily_limit_usd", "value": 0.5},
        ],
    }
    failed = act("configure", HOST, "-e", json.dumps(values))
    assert failed.states["configure"] == "failed", failed.output
    message = failed.detail("configure")["message"]
    assert "refuses it with status 1" in message
    assert "the old configuration is back" in message
    assert host.file(ENVIRONMENT).content_string == environment
    assert host.file(PROVIDERS).content_string == providers


OUTPUT, PROCESSED, ARCHIVE = (f"/opt/aimo/data/{name}" for name in ("output", "processed", "archive"))
OLD_DAY, BUSY_DAY = "date=2024-01-31", "date=2024-02-01"


@pytest.fixture
def grown_old(host: testinfra.host.Host) -> Iterator[None]:
    """Add what is old: reports of runs that are finished and that are not, and partitions; one of them is in use."""
    on_host(
        HOST,
        f"""mkdir -p /root/kept; cp -a {OUTPUT} {PROCESSED} /root/kept
        cd {OUTPUT}; ls | head -1 > /root/due; mkdir not-a-run; echo report > not-a-run/report.xlsx
        ln -s /etc link; find "$(cat /root/due)" not-a-run -exec touch -d '40 days ago' {{}} +
        cd {PROCESSED}/vendor=paloalto; mkdir {OLD_DAY} {BUSY_DAY}; ln -s /etc date=2024-03-01
        for day in {OLD_DAY} {BUSY_DAY}; do
            echo PAR1 > $day/run.parquet; touch -d '2024-02-02' $day/run.parquet $day
        done
        {hold("holder", f"{PROCESSED}/vendor=paloalto/{BUSY_DAY}/run.parquet")}""",
    )
    yield
    on_host(
        HOST,
        f"systemctl stop holder; rm -rf {OUTPUT} {PROCESSED} {ARCHIVE}; mv /root/kept/* {OUTPUT.rpartition('/')[0]}",
    )


@pytest.mark.usefixtures("grown_old")
def test_old_reports_go_and_old_partitions_are_archived(host: testinfra.host.Host, act: Act) -> None:
    due = host.check_output("cat /root/due")
    partitions, pack = f"{PROCESSED}/vendor=paloalto", f"{ARCHIVE}/vendor=paloalto__{OLD_DAY}.tar.gz"
    before = on_host(HOST, EVERYTHING.replace("docs README.md", ""))
    refused = act("retention", HOST)
    assert refused.returncode != 0
    assert f"run_confirm={HOST}" in refused.output
    planned = act("retention", HOST, "--check")
    assert planned.returncode == 0, planned.output
    assert on_host(HOST, EVERYTHING.replace("docs README.md", "")) == before
    # Something else has the name of a pack: the partition stays, and so does what has the name.
    on_host(HOST, f"mkdir -p {ARCHIVE}; echo precious > {pack}")
    unknown = ("-e", json.dumps({"aimo_finished_sql": "SELECT run_id FROM nowhere"}))
    failed = act("retention", HOST, *CONFIRMED, *unknown)
    assert failed.states["remove_reports"] == "failed", failed.output
    assert host.file(f"{OUTPUT}/{due}").exists
    failed = act("retention", HOST, *CONFIRMED)
    assert failed.states["archive_partitions"] == "failed", failed.output
    assert "holds something else" in failed.detail("archive_partitions")["message"]
    assert host.file(f"{partitions}/{OLD_DAY}/run.parquet").content_string == "PAR1\n"
    assert host.file(pack).content_string == "precious\n"
    assert not host.file(f"{OUTPUT}/{due}").exists
    assert host.file(f"{OUTPUT}/not-a-run/report.xlsx").exists
    on_host(HOST, f"rm {pack}")
    done = act("retention", HOST, *CONFIRMED)
    assert done.states["archive_partitions"] == "done", done.output
    [archived] = [one for one in done.detail("archive_partitions")["archived"] if one["archive"] == pack]
    assert host.file(pack).sha256sum == archived["sha256"]
    assert host.check_output(f"tar -xzOf {pack}") == "PAR1"
    assert not host.file(f"{partitions}/{OLD_DAY}").exists
    assert host.file(f"{partitions}/{BUSY_DAY}/run.parquet").exists
    assert host.file(f"{partitions}/date=2024-03-01").is_symlink
    again = act("retention", HOST, *CONFIRMED)
    assert (again.states["remove_reports"], again.states["archive_partitions"]) == ("skipped", "skipped")


LIST = "/opt/aimo/data/psl/public_suffix_list.dat"
NOTES, README = "/opt/aimo/docs/domain_parsing.md", "/opt/aimo/README.md"
CACHE = "/root/.cache/python-tldextract"
UPDATE = ("-e", "aimo_suffix_list_url=http://127.0.0.1:8199/list.dat")
READER = f"""
import hashlib, pathlib
stop, seen = pathlib.Path("/root/reader/stop"), set()
while not stop.exists():
    seen.add(hashlib.sha256(pathlib.Path("{LIST}").read_bytes()).hexdigest())
pathlib.Path("/root/reader/seen").write_text(" ".join(sorted(seen)))
"""


def suffix_list(rules: int) -> str:
    """Return a shell command that prints a list with so many rules."""
    return (
        "{ echo '// ===BEGIN ICANN DOMAINS==='; "
        f"seq -f 'suffix-of-a-registry-%g.example' {rules}; "
        "printf '// ===END ICANN DOMAINS===\\n// ===BEGIN PRIVATE DOMAINS===\\n'; }"
    )


@pytest.fixture
def published_list(host: testinfra.host.Host) -> Iterator[str]:
    """Serve a list over HTTP and install an older one; return the digest of that one."""
    on_host(
        HOST,
        f"""mkdir -p /srv/published /root/reader {LIST.rpartition("/")[0]} /opt/aimo/docs {CACHE}
        {suffix_list(6000)} > {LIST}; {suffix_list(6100)} > /srv/published/list.dat
        printf '# Domains\\n- 2026-01-01: PSL snapshot sha256=%s (source: x)\\n\\nThe end\\n' \\
            $(sha256sum < {LIST} | cut -c-64) > {NOTES}
        printf 'The list has sha256 `%s`.\\n' $(sha256sum < {LIST} | cut -c-64) > {README}
        touch -d '2 days ago' {LIST} {CACHE}
        systemd-run --quiet --collect --unit=published python3 -m http.server --bind 127.0.0.1 \\
            --directory /srv/published 8199
        timeout 240 sh -c 'until curl -fs -o /dev/null http://127.0.0.1:8199/; do sleep 0.1; done'""",
    )
    yield str(host.file(LIST).sha256sum)
    on_host(
        HOST,
        f"""systemctl stop published; rm -rf /srv/published /root/reader /opt/aimo/data/psl /opt/aimo/docs
        rm -rf {README} {README}.* {CACHE}""",
    )


def test_the_suffix_list_is_whole_at_any_time_and_its_digest_is_noted(
    host: testinfra.host.Host, act: Act, published_list: str
) -> None:
    new = host.file("/srv/published/list.dat").sha256sum
    before, notes = on_host(HOST, EVERYTHING), host.file(NOTES).content_string
    assert act("update", HOST, *UPDATE, "--check").returncode == 0
    assert on_host(HOST, EVERYTHING) == before
    # An error page, and half a list: refused before anything is written.
    on_host(HOST, "cd /srv/published; mv list.dat whole.dat; echo '<html>503</html>' > list.dat")
    failed = act("update", HOST, *UPDATE)
    assert "has no line '// ===BEGIN ICANN DOMAINS==='" in failed.detail("update_suffix_list")["message"]
    on_host(HOST, "cd /srv/published; head -c 120000 whole.dat > list.dat")
    assert act("update", HOST, *UPDATE).states["update_suffix_list"] == "failed"
    assert on_host(HOST, EVERYTHING) == before
    on_host(
        HOST,
        f"mv /srv/published/whole.dat /srv/published/list.dat\nprintf %s '{READER}' > /root/reader/read.py\n"
        "systemd-run --quiet --collect --unit=reader python3 /root/reader/read.py",
    )
    try:
        done = act("update", HOST, *UPDATE)
    finally:
        on_host(HOST, "touch /root/reader/stop; timeout 240 sh -c 'until [ -s /root/reader/seen ]; do sleep 0.1; done'")
    assert done.states["update_suffix_list"] == "done", done.output
    assert set(host.file("/root/reader/seen").content_string.split()) <= {published_list, new}
    assert host.file(LIST).sha256sum == done.detail("update_suffix_list")["sha256"] == new
    assert host.file(README).content_string == f"The list has sha256 `{new}`.\n"
    noted = host.file(NOTES).content_string.splitlines()
    assert f"PSL snapshot sha256={new} (source: http://127.0.0.1:8199/list.dat)" in noted[2]
    assert [*noted[:2], *noted[3:]] == notes.splitlines()
    assert not host.file(CACHE).exists
    assert act("update", HOST, *UPDATE).states["update_suffix_list"] == "skipped"
    back = act("update", HOST, "-e", "reference_list_update_restore=previous")
    assert back.states["update_suffix_list"] == "done", back.output
    assert host.file(LIST).sha256sum == published_list
    assert published_list in host.file(README).content_string


def test_a_list_whose_digest_cannot_be_noted_goes_back(
    host: testinfra.host.Host, act: Act, published_list: str
) -> None:
    on_host(
        HOST,
        """mv /opt/aimo/docs /srv/volume/docs; ln -s /srv/volume/docs /opt/aimo/docs
        cat /dev/zero > /srv/volume/ballast 2> /dev/null || true""",
    )
    try:
        before = on_host(HOST, f"sha256sum {NOTES} {README} {LIST}; ls -a {LIST.rpartition('/')[0]}")
        failed = act("update", HOST, *UPDATE)
        assert failed.states["update_suffix_list"] == "failed", failed.output
        message = failed.detail("update_suffix_list")["message"]
        assert "No space left on device" in message
        assert "The list and its notes are as they were" in message
        assert on_host(HOST, f"sha256sum {NOTES} {README} {LIST}; ls -a {LIST.rpartition('/')[0]}") == before
        assert host.file(CACHE).exists
    finally:
        on_host(HOST, "rm -r /srv/volume/ballast /opt/aimo/docs; mv /srv/volume/docs /opt/aimo/docs")


#: An archived journal whose last entry is twenty days old: its name says so, and so does its time.
OLD_JOURNAL = """
journalctl --rotate
folder=$(ls -d /var/log/journal/*/ /run/log/journal/*/ 2>/dev/null | head -1)
archived=$(ls "$folder"system@*.journal | head -1)
old="$folder"system@$(printf %032x 7)-$(printf %016x 1)-$(printf %016x $(date -d '20 days ago' +%s000000)).journal
cp -a "$archived" "$old"; touch -d '20 days ago' "$old"; ls "$folder" > /root/journals; echo "$old"
"""


def test_archived_journals_go_by_their_age(host: testinfra.host.Host) -> None:
    old = on_host(HOST, OLD_JOURNAL).splitlines()[-1]
    names = set(host.check_output("cat /root/journals").split())
    arguments = {"maximum_bytes": 1 << 40, "keep_days": 7}
    try:
        planned = call_module_on(HOST, INVENTORY, "journal_vacuum", arguments, "--check")
        assert planned.word == "CHANGED"
        assert host.file(old).exists
        done = call_module_on(HOST, INVENTORY, "journal_vacuum", arguments)
        assert done.word == "CHANGED"
        assert done.result["before_bytes"] > done.result["after_bytes"]
        left = set(host.check_output(f"ls {old.rpartition('/')[0]}").split())
        assert names - left == {old.rpartition("/")[2]}
        assert call_module_on(HOST, INVENTORY, "journal_vacuum", arguments).word == "SUCCESS"
    finally:
        on_host(HOST, f"rm -f {old} /root/journals")
