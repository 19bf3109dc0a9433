# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the models that a training left: missing, old, fewer than before, or where nobody reads them."""

from __future__ import annotations

import glob
import os
from typing import Sequence

from .models import Model


def model_faults(before: Sequence[Model], after: Sequence[Model], services: Sequence[str], began: float) -> list[str]:
    """Say what is wrong with the models that a training left; pure.

    Args:
        before: models that there were.
        after: models that there are.
        services: that were to be trained; empty means all that have models.
        began: when the training began, seconds since the epoch.
    """
    faults = []
    for service in services or sorted({model.service for model in (*before, *after)}):
        old = [model for model in before if model.service == service]
        new = [model for model in after if model.service == service]
        fresh = [model for model in new if model.trained is not None and model.trained >= began]
        unreadable = [model for model in new if model.trained is None]
        if not new:
            faults.append(f"{service} has no model after the training")
        elif unreadable:
            faults.append(f"{service}: {unreadable[0].path} does not say when it was trained ({unreadable[0].problem})")
        elif not fresh:
            faults.append(f"{service} has no new model: the newest is older than the training")
        elif len(fresh) < len(old):
            faults.append(f"{service} has {len(fresh)} new models, there were {len(old)}")
    return faults


def unread_faults(directory: str, layouts: Sequence[str], services: Sequence[str], began: float) -> list[str]:
    """Say which services' new models inference would not find; its layout is not always that of training.

    Args:
        directory: where inference reads.
        layouts: globs with {service} of the metadata that it reads there; without any, nothing is said.
        services: that were trained.
        began: when the training began, seconds since the epoch.
    """
    faults = []
    for service in services if layouts else ():
        patterns = [layout.replace("{service}", service) for layout in layouts]
        found = [path for one in patterns for path in glob.glob(os.path.join(directory, one))]
        if not found:
            faults.append(
                "Inference cannot read the models of {}: nothing at {}".format(
                    service, " or ".join(os.path.join(directory, one) for one in patterns)
                )
            )
        elif max(os.stat(path).st_mtime for path in found) < began:
            faults.append(f"Inference reads old models of {service}: {found[0]}")
    return faults
