# Copyright (c) 2026 aiops.runbooks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DuckDB's contestant: the same questions in SQL, with two threads, from memory and from no file of its own."""

from __future__ import annotations

import sys

import duckdb

_TABLES = {
    "access": r"""
        create temp table records as
        select m.client client, strptime(m.time, '%d/%b/%Y:%H:%M:%S %z') as time, m.request request, m.status status,
            m.duration::bigint duration
        from (
            select regexp_extract(line,
                '^(\S+) \S+ [^\[]+ \[([^\]]+)\] "([^"]*)" (\d{3}) \S+ "[^"]*" "[^"]*" (\d+)$',
                ['client', 'time', 'request', 'status', 'duration']) m
            from read_csv(?, columns = {'line': 'varchar'}, delim = chr(1), quote = '', escape = '', header = false,
                auto_detect = false)
        )
        where time >= '2026-11-24' and time < '2026-11-25'""",
    "jsonl": """
        create temp table records as
        select * from read_json(?, format = 'newline_delimited', columns = {
            timestamp: 'timestamptz', level: 'varchar', logger: 'varchar', message: 'varchar', route: 'varchar',
            details: 'struct(client_ip varchar)', status: 'varchar', duration_ms: 'double', event: 'varchar',
            memory_mb: 'double'})
        where timestamp >= '2026-11-24' and timestamp < '2026-11-25'""",
}
_QUESTIONS = {
    "access": (
        """select count(*), quantile_disc(duration, [0.5, 0.95, 0.99]), avg(duration), max(duration),
            count(*) filter (duration > 5000000), count(distinct client) from records""",
        "select status, count(*) from records group by 1",
        "select status, request, count(*) from records where status >= '500' group by 1, 2 order by 3 desc limit 6",
        """select request, max(duration), count(*) from records where duration > 5000000
            group by 1 order by 2 desc limit 9""",
        "select client, count(*) from records where status in ('401', '429') group by 1 order by 2 desc limit 5",
        "select client, epoch(time)::bigint // 300, count(*) from records where status = '401' group by 1, 2"
        " having count(*) >= 10",
        r"""select client, count(*) from records
            where regexp_matches(request, '(?i)\.\.(/|%2f)|(<|%3c)script|union(%20|\+)select')
            group by 1 order by 2 desc""",
        "select epoch(time)::bigint // 3600, count(*) from records group by 1 order by 2 desc",
        "select client, count(*) from records group by 1 order by 2 desc limit 1",
    ),
    "jsonl": (
        """select count(*), quantile_disc(duration_ms, [0.5, 0.95, 0.99]), avg(duration_ms), max(duration_ms),
            count(*) filter (duration_ms > 1000), count(distinct details.client_ip), count(*) filter (status = 'error'),
            count(*) filter (level in ('ERROR', 'CRITICAL')), max(memory_mb), arg_min(memory_mb, timestamp),
            arg_max(memory_mb, timestamp), count(*) filter (event = 'rate_limit_exceeded') from records""",
        "select level, count(*) from records group by 1",
        "select route, max(duration_ms), count(*) from records where duration_ms > 1000 group by 1 order by 2 desc",
        "select message, count(*) from records where level = 'ERROR' group by 1 order by 2 desc limit 5",
        r"""select case when regexp_matches(message, '(?i)openai|insufficient_quota') then 'openai'
            when regexp_matches(message, '(?i)database (table )?is locked') then 'lock'
            when regexp_matches(message, '(?i)\bMemoryError\b|out of memory') then 'memory'
            when regexp_matches(message, '(?i)timed? ?out') then 'timeout' else 'other' end, count(*)
            from records where level = 'ERROR' group by 1""",
        "select event, count(*) from records where logger = 'ai_diy.security' group by 1 order by 2 desc",
        """select details.client_ip, count(*) from records where logger = 'ai_diy.security' group by 1
            order by 2 desc limit 4""",
    ),
}


def main(log: str, path: str) -> None:
    """Ask everything and print the answers."""
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("set timezone = 'UTC'")
    connection.execute(_TABLES[log], [path])
    for question in _QUESTIONS[log]:
        print(connection.execute(question).fetchall())


if __name__ == "__main__":
    main(*sys.argv[1:])
