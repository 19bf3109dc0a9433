# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which encoding the beginning of delivered files is; anything but UTF-8 is named (AIMO-10)."""

from __future__ import annotations

import codecs
from typing import Any, Sequence

from ..delivered_files import delivered
from ..model import OK, UNKNOWN, Observation, Reason
from ..probe import Context

PARAMETERS: dict[str, dict[str, Any]] = {
    "path": {"type": "list", "elements": "path", "required": True, "description": "Files or globs."},
    "accepted": {
        "type": "list",
        "elements": "str",
        "default": ["ASCII", "UTF-8", "UTF-8 with BOM"],
        "description": "Encodings that the application reads, by the names that this check gives them.",
    },
    "maximum_files": {"type": "int", "default": 20, "description": "How many of the newest files are looked at."},
    "maximum_bytes": {"type": "int", "default": 1048576, "description": "How much of each is read."},
}
METRICS = {"other_encodings": "count", "files": "count", "undecided": "count"}
UNDECIDED = "unrecognised"
EMPTY = "empty"
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# In this order: what is valid EUC-JP is mostly valid Shift_JIS as well (as half-width kana), hardly ever the reverse.
_JAPANESE = (("euc_jp", "EUC-JP"), ("cp932", "Shift_JIS"))


def look(parameters: dict[str, Any], context: Context) -> Observation:
    """Read the beginning of the newest files.

    Raises:
        CheckError: as :func:`delivered_files.delivered`, and ``permission_denied`` or ``file_missing``.
    """
    found = []
    for file in delivered(parameters["path"], parameters["maximum_files"], context):
        with context.open(file.path) as opened:
            beginning = opened.read(parameters["maximum_bytes"] + 1)
        whole = len(beginning) <= parameters["maximum_bytes"]
        found.append((file.path, encoding_of(beginning[: parameters["maximum_bytes"]], whole)))
    return observe(found, parameters["accepted"])


def encoding_of(beginning: bytes, whole: bool) -> str:
    """Return the name of the encoding of a text.

    Args:
        beginning: the first bytes of the text.
        whole: that is all of it; otherwise a character may be cut off at the end.

    Returns:
        ``empty``, ``ASCII``, ``UTF-8``, ``UTF-8 with BOM``, ``UTF-16``, ``UTF-32``, ``EUC-JP``, ``Shift_JIS`` or
        ``unrecognised``. Single-byte encodings have no mark by which they could be told apart.
    """
    if not beginning:
        return EMPTY
    for mark, name in _MARKS:
        if beginning.startswith(mark):
            return name if name != "UTF-8 with BOM" or _valid(beginning, "utf-8", whole) else UNDECIDED
    zeros = beginning.count(0)
    if zeros:
        even, odd = beginning[0::2].count(0), beginning[1::2].count(0)
        # Mostly Latin text: every other byte is zero.
        return "UTF-16" if zeros * 4 > len(beginning) and min(even, odd) * 10 < max(even, odd) else UNDECIDED
    if all(byte < 128 for byte in beginning):
        return "ASCII"
    if _valid(beginning, "utf-8", whole):
        return "UTF-8"
    return next((name for codec, name in _JAPANESE if _valid(beginning, codec, whole)), UNDECIDED)


def observe(found: Sequence[tuple[str, str]], accepted: Sequence[str]) -> Observation:
    """Judge the encodings of some files; pure.

    Args:
        found: path and name of the encoding of each file.
        accepted: names that are fine.
    """
    if not found:
        return Observation(value=0, reason=Reason("no_delivered_files", {}), metrics={"files": 0})
    others = [(path, name) for path, name in found if name not in accepted and name not in (UNDECIDED, EMPTY)]
    undecided = [(path, name) for path, name in found if name == UNDECIDED and name not in accepted]
    state, reason = OK, None
    if others:
        reason = Reason("text_encoding_other", {"path": others[0][0], "encoding": others[0][1]})
    elif undecided:
        state, reason = UNKNOWN, Reason("text_encoding_unrecognised", {"path": undecided[0][0]})
    return Observation(
        value=len(others),
        state=state,
        reason=reason,
        metrics={"files": len(found), "undecided": len(undecided)},
        evidence=[f"{path}: {name}" for path, name in [*others, *undecided, *found]][:20],
    )


def _valid(text: bytes, codec: str, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(text, final=whole)
    except UnicodeDecodeError:
        return False
    return True
