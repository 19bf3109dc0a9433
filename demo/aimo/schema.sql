-- Copyright (c) 2026 aiops.runbooks contributors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
-- The tables of AIMO that the runbook's questions need, with the column names and types of the application.
CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY, run_key VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP, status VARCHAR,
    last_completed_stage INTEGER, target_range_start DATE, target_range_end DATE, vendor_scope VARCHAR,
    code_version VARCHAR, signature_version VARCHAR, rule_version VARCHAR, prompt_version VARCHAR,
    taxonomy_version VARCHAR, evidence_pack_version VARCHAR, engine_spec_version VARCHAR, psl_hash VARCHAR,
    input_manifest_hash VARCHAR, total_events BIGINT, unique_signatures BIGINT, cache_hit_count BIGINT,
    llm_sent_count BIGINT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE input_files (
    file_id VARCHAR PRIMARY KEY, run_id VARCHAR, file_path VARCHAR, file_size BIGINT, file_hash VARCHAR,
    vendor VARCHAR, log_type VARCHAR, min_time TIMESTAMP, max_time TIMESTAMP, row_count BIGINT,
    parse_error_count BIGINT, ingested_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE analysis_cache (
    url_signature VARCHAR PRIMARY KEY, service_name VARCHAR, usage_type VARCHAR, risk_level VARCHAR, category VARCHAR,
    confidence DOUBLE, rationale_short VARCHAR, classification_source VARCHAR, signature_version VARCHAR,
    rule_version VARCHAR, prompt_version VARCHAR, taxonomy_version VARCHAR, model VARCHAR,
    status VARCHAR DEFAULT 'active', is_human_verified BOOLEAN DEFAULT FALSE, error_type VARCHAR,
    error_reason VARCHAR, retry_after TIMESTAMP, failure_count INTEGER DEFAULT 0, last_error_at TIMESTAMP,
    analysis_date DATE, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE signature_stats (
    run_id VARCHAR, url_signature VARCHAR, norm_host VARCHAR, norm_path_template VARCHAR, dest_domain VARCHAR,
    bytes_sent_bucket VARCHAR, access_count BIGINT, unique_users BIGINT, bytes_sent_sum BIGINT,
    candidate_flags VARCHAR, sampled BOOLEAN, first_seen TIMESTAMP, last_seen TIMESTAMP,
    PRIMARY KEY (run_id, url_signature));
CREATE SEQUENCE seq_api_costs_id START 1000;
CREATE TABLE api_costs (
    id INTEGER PRIMARY KEY, run_id VARCHAR, provider VARCHAR, model VARCHAR, request_count BIGINT,
    input_tokens BIGINT, output_tokens BIGINT, cost_usd_estimated DOUBLE, latency_ms BIGINT,
    recorded_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE performance_metrics (
    id INTEGER PRIMARY KEY, run_id VARCHAR, stage VARCHAR, metric_name VARCHAR, value DOUBLE, unit VARCHAR,
    started_at TIMESTAMP, finished_at TIMESTAMP, recorded_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE pii_audit (
    id INTEGER PRIMARY KEY, run_id VARCHAR, url_signature VARCHAR, pii_type VARCHAR, field_source VARCHAR,
    redaction_applied VARCHAR, original_hash VARCHAR, occurrence_count INTEGER,
    detected_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX idx_analysis_cache_status ON analysis_cache (status);
