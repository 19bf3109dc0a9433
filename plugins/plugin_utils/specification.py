# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles say of their own options: the one description that validation and documentation share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

_ROLES = Path(__file__).resolve().parents[2] / "roles"


@lru_cache
def specification(role: str = "run", prefix: str = "system_") -> dict[str, Any]:
    """Return the options of a role that begin with a prefix.

    The argument specification of the role ``run`` is the one place that says what a profile may contain; that of an
    action's role says what the parameters of that action may be.
    """
    text = (_ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    options = yaml_load(text)["argument_specs"]["main"]["options"]
    return {name: rule for name, rule in options.items() if name.startswith(prefix)}


@lru_cache
def action_types() -> tuple[str, ...]:
    """Return the roles that a profile's action may name: those that know planning from doing."""
    roles = sorted(path.parents[1].name for path in _ROLES.glob("*/meta/argument_specs.yml"))
    return tuple(role for role in roles if f"{role}_plan" in specification(role, f"{role}_plan"))
