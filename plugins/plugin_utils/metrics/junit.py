# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs of a play as JUnit XML, which every CI server shows. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.aiops.runbooks.plugins.plugin_utils.catalog import Catalog, reason_text, remedy_text

#: Characters that XML cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(runs: Sequence[Mapping[str, Any]], catalog: Catalog, language: str = "en") -> str:
    """Return one test suite for each run, with one test case for each check and each action.

    Critical is a failure, unknown an error (nobody has looked), a warning passes and says why in its output. An action
    that was only planned or was not due is skipped. A run that failed as a whole is an error of its own.

    Args:
        runs: run records.
        catalog: the sentences of the reasons.
        language: ``en`` or ``ja``.
    """
    root = ET.Element("testsuites")
    for run in runs:
        name = f"{run['procedure']}.{run['system']}.{run['host']}"
        suite = ET.SubElement(root, "testsuite", name=_text(name), timestamp=_text(run["started"])[:19])
        for result in run["results"]:
            _add_check(suite, name, result, catalog, language)
        for action in run["actions"]:
            _add_action(suite, name, action)
        if run.get("failure"):
            case = _case(suite, name, "run", "run", 0)
            _mark(case, "error", str(run["failure"].get("stage")), str(run["failure"].get("message")))
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        for attribute, mark in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(attribute, str(sum(case.find(mark) is not None for case in cases)))
        suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_check(suite: ET.Element, name: str, result: Mapping[str, Any], catalog: Catalog, language: str) -> None:
    kind = str(result.get("kind"))
    case = _case(suite, name, result["check"], "check", result.get("seconds"))
    sentence = reason_text(catalog, result.get("reason"), language, kind)
    lines = [sentence, remedy_text(catalog, result.get("reason"), language, kind), *(result.get("evidence") or [])]
    words = "\n".join(line for line in lines if line)
    marks = {"critical": "failure", "unknown": "error"}
    if result["state"] in marks:
        _mark(case, marks[result["state"]], result["state"], sentence or result["state"], words)
    elif result["state"] != "ok":
        ET.SubElement(case, "system-out").text = _text(words)


def _add_action(suite: ET.Element, name: str, action: Mapping[str, Any]) -> None:
    case = _case(suite, name, action["name"], "action", action.get("seconds"))
    message = str((action.get("detail") or {}).get("message") or action["state"])
    if action["state"] == "failed":
        _mark(case, "failure", "failed", message)
    elif action["state"] != "done":
        ET.SubElement(case, "skipped", message=_text(message))


def _case(suite: ET.Element, name: str, what: str, group: str, seconds: Any) -> ET.Element:
    time = f"{float(seconds or 0):.3f}"
    return ET.SubElement(suite, "testcase", name=_text(what), classname=_text(f"{name}.{group}"), time=time)


def _mark(case: ET.Element, mark: str, kind: str, message: str, words: str = "") -> None:
    element = ET.SubElement(case, mark, type=_text(kind), message=_text(message))
    element.text = _text(words or message)


def _text(value: object) -> str:
    return _NOT_XML.sub("\ufffd", str(value))
