# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions of the library: one family, caught once by whoever called it."""

from __future__ import annotations


class RunbooksError(Exception):
    """Something that cannot be done, said in one line that names the thing and the way out.

    Args:
        message: what is wrong, naming the file, key or host.
        way_out: what the reader can do about it; may be empty.
    """

    def __init__(self, message: str, way_out: str = "") -> None:
        self.message = message
        self.way_out = way_out
        super().__init__(f"{message}. {way_out}" if way_out else message)


class ProfileError(RunbooksError):
    """A profile or a parameter that cannot be used: names the check, the key and the choices."""


class CheckError(RunbooksError):
    """A named fault of one check; the engine turns it into that check's Result.

    Args:
        reason_id: id in the catalogue.
        state: ``warning``, ``unknown`` or ``critical``.
        evidence: up to 20 lines of what was seen.
        fields: what the catalogue's sentence needs.
    """

    def __init__(
        self, reason_id: str, state: str = "unknown", evidence: list[str] | None = None, **fields: object
    ) -> None:
        self.reason_id = reason_id
        self.state = state
        self.evidence = list(evidence or [])
        self.fields = fields
        super().__init__(f"{reason_id} {fields}")
