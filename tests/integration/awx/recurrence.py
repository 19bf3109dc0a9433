# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of repetition that AWX 24.6.1 takes for a schedule."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NUMBERS = ("BYMONTHDAY", "BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS", "BYYEARDAY", "BYWEEKNO", "COUNT")
MOST = 999
INVALID = "rrule parsing failed validation: {}"


def faults(rule: str) -> list[str]:
    """Return what AWX says against a rule."""
    if "exdate:" in rule.lower():
        return ["EXDATE not allowed in rrule."]
    if "rdate:" in rule.lower():
        return ["RDATE not allowed in rrule."]
    starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", rule)
    found = []
    if not starts:
        found.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if re.search(r"DTSTART:[0-9]+T[0-9]+ ", rule):
        found.append("DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
    if len(starts) > 1:
        found.append("Multiple DTSTART is not supported.")
    if "rrule:" not in rule.lower():
        found.append("One or more rule required in rrule.")
    for each in re.findall(r"RULE:\S*", rule):
        found += _faults_of_one(each)
    return found or _parsed(rule)


def _faults_of_one(rule: str) -> list[str]:
    found = []
    if "interval" not in rule.lower():
        found.append(f"INTERVAL required in rrule: {rule}")
    elif "secondly" in rule.lower():
        found.append(f"SECONDLY is not supported: {rule}")
    if re.search(r"BYDAY[:=][0-9]+[a-zA-Z]{2}", rule):
        found.append(f"BYDAY with numeric prefix not supported: {rule}")
    if "COUNT" in rule and "UNTIL" in rule:
        found.append(f"RRULE may not contain both COUNT and UNTIL: {rule}")
    count = re.search(r"COUNT=([0-9]+)", rule)
    if count and int(count[1]) > MOST:
        found.append(f"COUNT > {MOST} is unsupported: {rule}")
    return found


def _parsed(rule: str) -> list[str]:
    start, *rules = rule.split()
    head, moment = start.split(":", 1)
    try:
        datetime.strptime(moment.removesuffix("Z"), "%Y%m%dT%H%M%S").astimezone()
        for parameter in head.split(";")[1:]:
            name, _equals, zone = parameter.partition("=")
            if name != "TZID":
                return [INVALID.format(f"unsupported DTSTART parm: {parameter}")]
            ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError):
        return [INVALID.format("A valid TZID must be provided (e.g., America/New_York)")]
    for each in rules:
        kind, _colon, parts = each.partition(":")
        if kind not in ("RRULE", "EXRULE"):
            return [INVALID.format(f"unsupported property: {kind}")]
        pairs = dict(part.partition("=")[::2] for part in parts.split(";"))
        wrong = [f"invalid '{name}': {value}" for name, value in pairs.items() if not _understood(name, value)]
        if wrong or "FREQ" not in pairs:
            return [INVALID.format((wrong or ["'FREQ'"])[0])]
    return []


def _understood(name: str, value: str) -> bool:
    if name == "FREQ":
        return value in FREQUENCIES
    if name in ("BYDAY", "WKST"):
        return all(day.lstrip("+-0123456789") in DAYS for day in value.split(","))
    if name == "UNTIL":
        return bool(re.fullmatch(r"[0-9]{8}T[0-9]{6}Z?", value))
    numbers = ("INTERVAL", *NUMBERS)
    return name in numbers and all(re.fullmatch(r"-?[0-9]+", number) for number in value.split(","))
