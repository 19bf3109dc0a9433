# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records in, files out: the report as text in each language and as one self-contained page.

Nothing here reads a clock, a store or a host: the same records give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jinja2

from ansible_collections.aiops.runbooks.plugins.module_utils.checks.registry import load
from ansible_collections.aiops.runbooks.plugins.module_utils.errors import ProfileError

from ..catalog import LANGUAGES, Catalog, load_catalog
from .attestations import Attestation, attestations_of
from .document import SystemReport, build_system
from .figures import Run
from .layout import load_standard_layout
from .period import Period, seconds_of, timestamp
from .period import moment as parsed
from .view import fleet_view
from .width import pad, wrap

TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "report" / "templates"
#: Cells of a line of the text report: what a mail program shows without breaking.
TEXT_WIDTH = 100


@dataclass(frozen=True)
class Reviews:
    """What is known about the attestations of all systems.

    Args:
        recorded: what was attested: ``system``, ``host``, ``item``, ``attested``, ``operator``, ``note``.
        asked: the runs that may have opened one: ``system``, ``host``, ``procedure``, ``started``.
    """

    recorded: Sequence[Mapping[str, Any]] = ()
    asked: Sequence[Mapping[str, Any]] = ()


def render(
    procedure: str,
    runs: Iterable[Run],
    current: Sequence[Run],
    period: Period,
    languages: Sequence[str] = LANGUAGES,
    *,
    reviews: Reviews | None = None,
    maintenance: Sequence[Mapping[str, Any]] = (),
    catalog: Catalog | None = None,
    name: str | None = None,
) -> dict[str, str]:
    """Render a procedure's report of every system instance (EST-10, EST-18, EST-24).

    Args:
        procedure: ``daily``, ``evening``, ``weekly``, ``monthly`` or ``quarterly``.
        runs: recorded runs of the period; a little before it (26 hours) lets a state carry in. Those of ``current``
            may be among them.
        current: the runs that this report is about, one per system instance; when empty, the newest run of the
            procedure of each instance in ``runs``, or its newest run at all.
        period: the period, see `period_for`.
        languages: ``en`` and ``ja`` in the order in which they are offered.
        reviews: what was attested, and what asked for it.
        maintenance: maintenance windows as the store gives them.
        catalog: sentences; None loads the collection's own.
        name: stem of the file names; None takes ``<procedure>-<moment of the report>``.

    Returns:
        Text by file name: ``<name>.<language>.txt`` per language and ``<name>.html`` with all of them.
    """
    reports = system_reports(procedure, runs, current, period, reviews, maintenance)
    return render_reports(procedure, reports, period, languages, catalog=catalog, name=name)


def render_reports(
    procedure: str,
    reports: Sequence[SystemReport],
    period: Period,
    languages: Sequence[str] = LANGUAGES,
    *,
    catalog: Catalog | None = None,
    name: str | None = None,
) -> dict[str, str]:
    """Render reports that `system_reports` has built; see `render`."""
    sentences = replace(catalog or load_catalog(), zone=period.timezone)
    views = [fleet_view(reports, period, procedure, sentences, language, first_metric) for language in languages]
    stem = name or f"{procedure}-{_compact(period.made or period.finished)}"
    templates = _environment()
    files = {f"{stem}.{view['language']}.txt": templates.get_template("report.txt.j2").render(view) for view in views}
    files[f"{stem}.html"] = templates.get_template("report.html.j2").render(views=views)
    return files


def system_reports(
    procedure: str,
    runs: Iterable[Run],
    current: Sequence[Run],
    period: Period,
    reviews: Reviews | None = None,
    maintenance: Sequence[Mapping[str, Any]] = (),
) -> list[SystemReport]:
    """Return the report of each system instance, without a language."""
    histories = _histories(runs, current)
    newest = {_instance(run): run for run in current} or {
        instance: _own_run(history, procedure) for instance, history in histories.items()
    }
    standard = load_standard_layout()
    return [
        build_system(
            [*_before(histories[instance], run), run],
            period,
            procedure,
            standard,
            first_metric,
            attestations=_attestations(run, reviews or Reviews(), period),
            maintenance=[window for window in maintenance if _instance(window) == instance],
        )
        for instance, run in newest.items()
    ]


def _attestations(run: Run, reviews: Reviews, period: Period) -> list[Attestation]:
    stated = (run.get("profile") or {}).get("attestations") or []
    recorded = [each for each in reviews.recorded if _instance(each) == _instance(run)]
    asked = [
        (str(each["procedure"]), str(each["started"])) for each in reviews.asked if _instance(each) == _instance(run)
    ]
    own = (str(run.get("procedure")), str(run["started"]))
    made = period.made or period.finished
    return attestations_of(stated, recorded, [*asked, own], made, period.timezone)


def first_metric(kind: str) -> str | None:
    """Return the name of a check kind's value; None for a kind that this version does not know."""
    try:
        return next(iter(load(kind).METRICS), None)
    except (ImportError, ProfileError):
        return None


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["pad"] = pad
    environment.filters["wrapped"] = _wrapped
    return environment


def _wrapped(text: str, indent: int = 0, width: int = TEXT_WIDTH) -> str:
    """Return text in lines of the report's width, the following ones indented."""
    return ("\n" + " " * indent).join(wrap(text, width - indent))


def _instance(run: Mapping[str, Any]) -> tuple[str, str]:
    return str(run.get("system")), str(run.get("host"))


def _histories(runs: Iterable[Run], current: Sequence[Run]) -> dict[tuple[str, str], list[Run]]:
    """Return the runs of each instance, oldest first, each once."""
    by_id = {str(run.get("id")): run for run in [*runs, *current]}
    histories: dict[tuple[str, str], list[Run]] = {}
    for run in sorted(by_id.values(), key=lambda each: seconds_of(str(each["started"]))):
        histories.setdefault(_instance(run), []).append(run)
    return histories


def _own_run(history: Sequence[Run], procedure: str) -> Run:
    """Return the newest run of the procedure, or the newest run when it never ran."""
    return next((run for run in reversed(history) if run.get("procedure") == procedure), history[-1])


def _before(history: Sequence[Run], run: Run) -> list[Run]:
    """Return what was recorded up to a run, without the run."""
    until = seconds_of(str(run["started"]))
    return [each for each in history if each.get("id") != run.get("id") and seconds_of(str(each["started"])) <= until]


def _compact(moment: str) -> str:
    """Return ``2026-11-21T10:00:00Z`` as ``20261121T100000Z``, fit for a file name."""
    return timestamp(parsed(moment)).replace("-", "").replace(":", "")
