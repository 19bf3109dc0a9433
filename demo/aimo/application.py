# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AIMO's own files: mappings of its vendors, rules, prices, the report's template, its environment, its tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ..clock import DAY_SECONDS, utc_iso
from ..files import write_json, write_lines, write_text
from ..paths import AimoPaths
from .database import SERVICES
from .runs import MODEL, VENDORS

HEADER = "time,user,url,bytes_sent"
GENAI_SERVICES = 4
GOLDEN_SIGNATURES = 40
_MAPPING = """\
# Columns of this vendor's export
vendor: {vendor}
event_type: web

timestamp:
  candidates: ["time", "datetime", 日時]
  parse:
    time:
      type: "iso8601"
      timezone_default: "UTC"
url:
  full_candidates: ["url", "request_url"]
  domain_from_url: true
identity:
  user_candidates: [user, "user_name"]
bytes:
  sent_candidates: ["bytes_sent"]
action:
  map:
    allow: ["allow"]
    block: ["deny", "drop"]
  default: "unknown"
notes: |
  Further columns are ignored: they differ from customer to customer.
"""
_PRICES = """\
# Prices change: compare them with the provider's own.
default_provider: gemini

providers:
  gemini:
    auth_env: "GEMINI_API_KEY"
    model: "{model}"
    pricing:
      currency: "USD"
      input_per_1m_tokens_usd: 0.30    # input
      output_per_1m_tokens_usd: 2.50
  openai:
    model: "gpt-4o-mini"
    pricing:
      currency: "USD"
      input_per_1m_tokens: 0.15
      output_per_1m_tokens: 0.60

budget:
  daily_limit_usd: 10.0
  priority_order: ["A", "B", "C"]
"""
_ENVIRONMENT = """\
# The environment of the runs
LLM_DAILY_BUDGET_USD=5.0
EXCEL_MAX_ROWS=100000
LOCK_TIMEOUT_SECONDS=60
"""
_MAIN = '''\
"""A run over one file, as far as its results can be looked at."""

import csv
import json
import pathlib
import sys


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    with open(arguments[0], encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    read = [row for row in rows if row.get("url")]
    signatures = {row["url"].split("?")[0] for row in read}
    spill = pathlib.Path("data/cache/duckdb_tmp").absolute()
    spill.mkdir(parents=True, exist_ok=True)
    report = pathlib.Path("data/output/sample/run_sample_summary.json")
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"run_id": "sample", "counts": {"total_signatures": len(signatures)}}))
    print(f"DuckDB temp_directory: {spill}")
    print("=== Execution KPI ===")
    print(f"rows_in: {len(rows)}")
    print(f"rows_out: {len(read)}")
    print(f"unique_signatures: {len(signatures)}")
    print("Pipeline completed successfully!")
    return 0
'''
_ENTRY = """

if __name__ == "__main__":
    sys.exit(main())
"""
_VALIDATION = """\
import json
import pathlib

from src.main import main


def test_a_sample_makes_a_summary():
    assert main(["sample_logs/paloalto_sample.csv", "--vendor", "paloalto"]) == 0
    summary = json.loads(pathlib.Path("data/output/sample/run_sample_summary.json").read_text())
    assert summary["counts"]["total_signatures"] > 0
"""
_RULE_TESTS = """\
import json
import pathlib


def test_every_rule_matches_something():
    for rule in json.loads(pathlib.Path("rules/base_rules.json").read_text()):
        assert rule["match"]["domain_suffixes"]
"""
_TEXT = {"type": "string"}
_RULE_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Rule",
    "type": "object",
    "additionalProperties": False,
    "required": ["rule_id", "rule_version", "service_name", "category", "usage_type", "default_risk", "match"],
    "properties": {
        "rule_id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        "rule_version": {"type": "integer", "minimum": 1},
        "service_name": _TEXT,
        "category": _TEXT,
        "usage_type": {"type": "string", "enum": ["business", "genai", "storage", "unknown"]},
        "default_risk": {"type": "string", "enum": ["low", "medium", "high"]},
        "match": {
            "type": "object",
            "additionalProperties": False,
            "required": ["domain_suffixes"],
            "properties": {"domain_suffixes": {"type": "array", "items": _TEXT, "minItems": 1}},
        },
        "priority": {"type": "integer", "minimum": 0, "default": 100},
    },
}


def write_application(paths: AimoPaths, layout: str, now: float) -> None:
    """Write what the application brings along; as published it has no golden signatures and no entry in main.py."""
    root, installed = paths.root, now - 30 * DAY_SECONDS
    for vendor in VENDORS:
        write_text(root / "schemas" / "vendors" / vendor / "mapping.yaml", _MAPPING.format(vendor=vendor), installed)
    write_json(root / "rules" / "base_rules.json", [_rule(name) for name in SERVICES], installed)
    write_json(root / "rules" / "rule.schema.json", _RULE_SCHEMA, installed)
    write_text(root / "config" / "llm_providers.yaml", _PRICES.format(model=MODEL), installed)
    template = {"sheets": [{"name": "Summary"}], "generation": {"constant_memory": True, "max_sheet_rows": 1048576}}
    write_json(root / "report" / "excel_template_spec.json", template, installed)
    write_text(root / ".env.local", _ENVIRONMENT, installed, mode=0o600)
    lines = [f"{utc_iso(now - 60 * row)},user{row},https://example.com/{row % 7},{row * 37}" for row in range(40)]
    write_lines(root / "sample_logs" / "paloalto_sample.csv", [HEADER, *lines], installed)
    write_text(root / "src" / "main.py", _MAIN + (_ENTRY if layout == "runbook" else ""), installed)
    write_text(root / "tests" / "test_e2e_validation.py", _VALIDATION, installed)
    write_text(root / "tests" / "test_rules.py", _RULE_TESTS, installed)
    _write_golden(root / "tests" / "fixtures" / "golden_signatures.json", layout, installed)


def _rule(service: str) -> dict[str, Any]:
    name = service.lower().replace(" ", "_")
    genai = SERVICES.index(service) < GENAI_SERVICES
    return {
        "rule_id": name,
        "rule_version": 1,
        "service_name": service,
        "category": "GenAI" if genai else "SaaS",
        "usage_type": "genai" if genai else "business",
        "default_risk": "high" if genai else "low",
        "match": {"domain_suffixes": [name.replace("_", "") + ".example"]},
        "priority": 100,
    }


def _write_golden(path: Path, layout: str, installed: float) -> None:
    if layout != "runbook":
        return
    signatures = [
        {
            "url_signature": hashlib.sha256(b"signature-%d" % number).hexdigest(),
            "service": SERVICES[number % len(SERVICES)],
        }
        for number in range(GOLDEN_SIGNATURES)
    ]
    write_json(path, signatures, installed)
