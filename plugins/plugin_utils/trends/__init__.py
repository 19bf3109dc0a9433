# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store says over time: service level objectives, growth and forecasts, as Results like any other.

``questions.questions_of`` reads them from a profile; ``derive.derived_results`` answers them for all systems of a play
at once. Nothing is imported here: most runs ask nothing, and then only the questions are needed.
"""
