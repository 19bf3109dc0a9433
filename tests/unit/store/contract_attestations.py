# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every database under the store must do with attestations; test modules bring a ``store_url`` fixture."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ansible_collections.aiops.runbooks.plugins.plugin_utils.store import (
    StoreError,
    attest,
    attestations,
    finish,
    open_store,
    runs_asking,
)
from tests.unit.store.builders import EVER, attested, finished, run, take


def test_an_attestation_comes_back_as_it_was_given(store_url: str) -> None:
    store = open_store(store_url)
    given = [attested("a1"), attested("a2", attested="2026-11-21T13:00:00Z", evidence_run_id=None)]
    attest(store, given[::-1])
    assert attestations(store) == given
    assert attestations(open_store(store_url, read_only=True), ["aimo1"]) == given
    assert attestations(store, ["other"]) == []


def test_a_moment_is_kept_whatever_it_is_given_as(store_url: str) -> None:
    store = open_store(store_url)
    attest(store, [attested("a1", attested=datetime(2026, 11, 21, 12, 30, tzinfo=UTC))])
    assert attestations(store)[0]["attested"] == "2026-11-21T12:30:00Z"


@pytest.mark.parametrize("missing", ["item", "operator", "note"])
def test_a_record_that_does_not_say_who_and_what_is_refused(store_url: str, missing: str) -> None:
    store = open_store(store_url)
    with pytest.raises(StoreError, match=f"lacks {missing}"):
        attest(store, [attested("a1"), attested("a2", **{missing: ""})])
    assert attestations(store) == []


def test_an_attestation_is_never_overwritten(store_url: str) -> None:
    store = open_store(store_url)
    attest(store, [attested("a1")])
    with pytest.raises(StoreError):
        attest(store, [attested("a1", note="something else")])
    assert attestations(store) == [attested("a1")]


def test_only_finished_runs_of_the_named_procedures_ask(store_url: str) -> None:
    store = open_store(store_url)
    finish(store, [finished("r1"), finished("r2", procedure="daily"), finished("r3", host="est2")])
    take(store, [run("r4", "est3")])
    assert [each.run_id for each in runs_asking(store, None, ["weekly"], *EVER)] == ["r1", "r3"]
    (asked,) = runs_asking(store, ["est2"], ["weekly", "daily"], *EVER)
    assert (asked.system, asked.host, asked.procedure) == ("estimator", "est2", "weekly")
