# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far models have drifted from what they see, in bands, and for how long (SBX-07).

The scores are those that the application reports. One that reports drift only is read as back to normal when it has
been silent for longer than ``gap_seconds``.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Iterable, Mapping, Pattern, Sequence

from ..drift_episodes import Episode, Score, episodes
from ..errors import CheckError
from ..judge import Level, parse_level
from ..logs.files import Reading
from ..logs.mixed import Entry, parts
from ..logs.mixed_files import PARAMETERS as LOG_PARAMETERS
from ..logs.mixed_files import compiled, entries_of
from ..logs.together import prepare
from ..logs.window import window_of
from ..model import CRITICAL, OK, WARNING, Observation, Reason, Scalar
from ..models import dotted
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    **LOG_PARAMETERS,
    "window": {**LOG_PARAMETERS["window"], "default": "72"},
    "score_pattern": {
        "type": "str",
        "default": r"[Dd]rift detected \(score=(?P<score>[0-9]+(?:\.[0-9]+)?)\)",
        "description": "Regular expression of a line with a score: group score and, where there is one, subject.",
    },
    "subject_pattern": {
        "type": "str",
        "description": "Regular expression of a line before it that names whom what follows is about: group subject.",
    },
    "score_key": {"type": "str", "description": "Dotted key of the score in a JSON object."},
    "subject_key": {"type": "str", "description": "Dotted key of whom the object is about."},
    "monitor": {"type": "str", "default": ">= 3", "description": "Scores that are moderate drift, as a level."},
    "retrain": {"type": "str", "default": "> 5", "description": "Scores that are severe drift, as a level."},
    "persistent_hours": {
        "type": "float",
        "default": 24,
        "description": "Moderate drift that lasts this long asks for a training to be scheduled.",
    },
    "overdue_hours": {
        "type": "float",
        "default": 48,
        "description": "Moderate drift that lasts this long will not settle by itself: critical.",
    },
    "gap_seconds": {
        "type": "float",
        "default": 3600,
        "description": "Without a score for longer than this, drift is over.",
    },
    "enabled_from": {
        "type": "dict",
        "description": "A JSON configuration that says whether the application looks for drift at all.",
        "options": {
            "file": {"type": "path", "required": True, "description": "The configuration."},
            "key": {"type": "str", "required": True, "description": "Dotted key of true or false."},
        },
    },
}
METRICS = {
    "score": "",
    "persistent_hours": "",
    "subjects_moderate": "count",
    "subjects_severe": "count",
    "scores": "count",
}
TOGETHER = prepare


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the scores of the window and judge those that are still there.

    Raises:
        CheckError: as :func:`entries_of`; ``json_file_invalid`` when the configuration cannot be read.
        ProfileError: a pattern or a level cannot be used.
    """
    if parameters.get("enabled_from") and not _enabled(parameters["enabled_from"], context):
        reason = Reason("drift_check_off", {"key": parameters["enabled_from"]["key"]})
        return Observation(reason=reason, nothing_to_measure=True, source=parameters["enabled_from"]["file"])
    reading = Reading()
    found, recent = drifting(parameters, context, reading)
    return observe(found, recent, parse_level(parameters["retrain"], "retrain"), parameters, reading)


def drifting(parameters: dict[str, Any], context: Context, reading: Reading) -> tuple[list[Episode], int]:
    """Return the drift that is still there, one per subject, and how many scores there were.

    Args:
        parameters: of the check.
        context: bounds of the check.
        reading: notes what was read.

    Raises:
        CheckError: as :func:`entries_of`.
        ProfileError: a pattern or a level cannot be used.
    """
    monitor = parse_level(parameters["monitor"], "monitor")
    score_pattern = compiled(parameters["score_pattern"], "score_pattern")
    subject = parameters.get("subject_pattern")
    subject_pattern = compiled(subject, "subject_pattern") if subject else None
    window = window_of(parameters["window"], context.now, context.timezone)
    scores = list(
        scores_in(entries_of(parameters, window.start, context, reading), score_pattern, subject_pattern, parameters)
    )
    recent = [score for score in scores if window.holds(score.time)]
    return episodes(recent, monitor, parameters["gap_seconds"], context.now), len(recent)


def _enabled(where: Mapping[str, Any], context: Context) -> bool:
    import json

    with context.open(where["file"]) as file:
        try:
            data = json.loads(file.read(1 << 24).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise CheckError("json_file_invalid", path=where["file"], problem=str(error)[:200]) from None
    return dotted(data, where["key"]) is True


def scores_in(
    entries: Iterable[Entry], score_pattern: Pattern[str], subject_pattern: Pattern[str] | None, keys: Mapping[str, Any]
) -> Iterable[Score]:
    """Yield every score of a log, with whom it is about.

    Args:
        entries: of the log.
        score_pattern: of lines.
        subject_pattern: of the lines before them.
        keys: score_key and subject_key of JSON objects.
    """
    subject, file = "", -1
    for entry in entries:
        if entry.file != file:
            subject, file = "", entry.file
        if entry.latest is None:
            continue
        if entry.document is not None:
            for part in parts(entry.document) if keys.get("score_key") else []:
                score = dotted(part, keys["score_key"])
                if isinstance(score, (int, float)) and not isinstance(score, bool) and isfinite(score):
                    yield Score(str(dotted(part, keys.get("subject_key") or "") or ""), entry.latest, float(score))
            continue
        match = score_pattern.search(entry.text)
        if match is not None:
            groups = match.groupdict()
            yield Score(groups.get("subject") or subject, entry.latest, float(groups.get("score") or match.group(1)))
        elif subject_pattern is not None:
            named = subject_pattern.search(entry.text)
            if named is not None:
                subject = named.groupdict().get("subject") or named.group(1)


def observe(
    found: Sequence[Episode], scores: int, retrain: Level | None, parameters: Mapping[str, Any], reading: Reading
) -> Observation:
    """Turn the drift that is still there into an Observation; pure.

    Args:
        found: one per subject.
        scores: how many there were in the window.
        retrain: what is severe.
        parameters: persistent_hours and overdue_hours of the check.
        reading: what was read.
    """
    severe = [one for one in found if retrain is not None and retrain.reached(one.latest)]
    moderate = [one for one in found if one not in severe]
    lasting = [one for one in moderate if one.hours >= parameters["persistent_hours"]]
    state, reason = OK, None
    if severe:
        worst = max(severe, key=lambda one: one.latest)
        fields = {"services": _names(severe), "score": worst.latest}
        state, reason = CRITICAL, Reason("drift_severe", fields)
    elif lasting:
        longest = max(lasting, key=lambda one: one.hours)
        fields = {"services": _names(lasting), "score": longest.latest, "hours": longest.hours}
        state = CRITICAL if longest.hours >= parameters["overdue_hours"] else WARNING
        reason = Reason("drift_persistent", fields)
    elif moderate:
        highest = max(moderate, key=lambda one: one.latest)
        fields = {"services": _names(moderate), "score": highest.latest, "hours": parameters["persistent_hours"]}
        state, reason = WARNING, Reason("drift_moderate", fields)
    else:
        reason = Reason("drift_none_reported", {"scores": scores})
    metrics: dict[str, Scalar] = {
        "score": max((one.latest for one in found), default=None),
        "persistent_hours": max((one.hours for one in found), default=0.0),
        "subjects_moderate": len(moderate),
        "subjects_severe": len(severe),
        "scores": scores,
    }
    ranked = sorted(found, key=lambda one: -one.latest)
    return Observation(
        value=metrics["score"],
        state=state,
        reason=reason,
        metrics=metrics,
        evidence=[
            f"{one.subject or 'a service'}: score {one.latest:g}, highest {one.highest:g}, for {one.hours:.1f} hours, "
            f"{one.scores} scores"
            for one in ranked
        ]
        + reading.notes[:3],
        source=", ".join(reading.paths) or None,
        nothing_to_measure=not found,
    )


def _names(found: Sequence[Episode]) -> str:
    return ", ".join(sorted(one.subject or "?" for one in found)[:10])
