#!/usr/bin/env python3
"""Measures how fast SQLite and DuckDB take the same events durably, for the comparison in docs/performance.md.

Reads an NDJSON file of events, appends it in batches that are each on disk before the next one begins, and prints one JSON
object a line: peer, way, events, seconds and events a second of each run, and the median. Makes a virtual environment of its
own for DuckDB.

    streamflow send --generate 200000 --profile web --seed 1 --print > events.ndjson
    benches/peers/peers.py events.ndjson --batch 1000 --runs 3
"""

import argparse
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

DUCKDB = "duckdb==1.5.5"
COLUMNS = ["type", "source", "timestamp", "severity", "user_id", "session_id", "data"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", type=pathlib.Path, help="events, one JSON object a line")
    arguments.add_argument("--batch", type=int, default=1_000, help="events a commit (default 1000)")
    arguments.add_argument("--runs", type=int, default=3, help="runs of each way (default 3)")
    arguments.add_argument("--dir", type=pathlib.Path, help="folder for the databases, on the disk to be measured")
    arguments.add_argument("--in-venv", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if not options.in_venv:
        return subprocess.call([python_with_duckdb(), __file__, "--in-venv", *sys.argv[1:]])
    lines = [line for line in options.file.read_text().splitlines() if line.strip()]
    batches = [lines[start : start + options.batch] for start in range(0, len(lines), options.batch)]
    for peer, way, run in WAYS:
        seconds = []
        for _ in range(options.runs):
            with tempfile.TemporaryDirectory(dir=options.dir) as folder:
                seconds.append(run(batches, pathlib.Path(folder), len(lines)))
        median = statistics.median(seconds)
        report = {"peer": peer, "way": way, "events": len(lines), "batch": options.batch}
        report |= {"seconds": [round(s, 3) for s in seconds], "events_per_second": round(len(lines) / median)}
        print(json.dumps(report), flush=True)
    return 0


def python_with_duckdb():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    folder = cache / "streamflow" / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.check_call([sys.executable, "-m", "venv", folder])
    have = subprocess.run([python, "-c", "import duckdb, pyarrow"], capture_output=True).returncode == 0
    if not have:
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", DUCKDB, "pyarrow"])
    return str(python)


def row(line):
    """Decoding is part of the work for every peer, as it is for a server."""
    event = json.loads(line)
    return tuple(json.dumps(event["data"]) if name == "data" else event.get(name) for name in COLUMNS)


def sqlite_rows(journal_mode):
    def run(batches, folder, expected):
        db = sqlite3.connect(folder / "events.db", isolation_level=None)
        db.execute(f"PRAGMA journal_mode={journal_mode}")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"CREATE TABLE events ({', '.join(f'{name} TEXT' for name in COLUMNS)})")
        insert = f"INSERT INTO events VALUES ({', '.join('?' * len(COLUMNS))})"
        began = time.perf_counter()
        for batch in batches:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(insert, map(row, batch))
            db.execute("COMMIT")
        seconds = time.perf_counter() - began
        check(db.execute("SELECT count(*) FROM events").fetchone()[0], expected)
        return seconds

    return run


def duckdb_table(folder):
    import duckdb

    db = duckdb.connect(str(folder / "events.duckdb"))
    db.execute("SET threads=2")
    columns = ", ".join(f"{name} {'TIMESTAMPTZ' if name == 'timestamp' else 'VARCHAR'}" for name in COLUMNS)
    db.execute(f"CREATE TABLE events ({columns})")
    return db


def duckdb_json_lines(batches, folder, expected):
    """DuckDB's own JSON reader over a file a batch, on a memory file system so that only the database is synced."""
    db = duckdb_table(folder)
    types = ", ".join(f"{name}: '{'TIMESTAMPTZ' if name == 'timestamp' else 'VARCHAR'}'" for name in COLUMNS)
    names = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as inbox:
        for number, batch in enumerate(batches):
            name = f"{inbox}/{number}.ndjson"
            pathlib.Path(name).write_text("\n".join(batch))
            names.append(name)
        began = time.perf_counter()
        for name in names:
            db.execute(
                f"INSERT INTO events SELECT {', '.join(COLUMNS)} "
                f"FROM read_json('{name}', format='newline_delimited', columns={{{types}}})"
            )
        seconds = time.perf_counter() - began
    check(db.execute("SELECT count(*) FROM events").fetchone()[0], expected)
    return seconds


def duckdb_arrow(batches, folder, expected):
    """Columns from Arrow's JSON reader, inserted from memory: the fastest way into DuckDB from Python."""
    import io

    import pyarrow as pa
    import pyarrow.json

    db = duckdb_table(folder)
    chosen = [name for name in COLUMNS if name != "data"]
    payloads = ["\n".join(batch).encode() for batch in batches]
    began = time.perf_counter()
    for payload in payloads:
        table = pa.json.read_json(io.BytesIO(payload))
        missing = pa.nulls(len(table), pa.string())
        columns = {name: table.column(name) if name in table.column_names else missing for name in chosen}
        db.register("batch", pa.table({**columns, "data": table.column("data").combine_chunks()}))
        db.execute(f"INSERT INTO events SELECT {', '.join(chosen)}, data::JSON::VARCHAR FROM batch")
        db.unregister("batch")
    seconds = time.perf_counter() - began
    check(db.execute("SELECT count(*) FROM events").fetchone()[0], expected)
    return seconds


def check(found, expected):
    if found != expected:
        sys.exit(f"error: {found} events are stored, {expected} were sent")


WAYS = [
    ("sqlite", "rows, WAL, synchronous=FULL", sqlite_rows("WAL")),
    ("sqlite", "rows, rollback journal, synchronous=FULL", sqlite_rows("DELETE")),
    ("duckdb", "INSERT FROM read_json, a commit a batch", duckdb_json_lines),
    ("duckdb", "INSERT FROM arrow, a commit a batch", duckdb_arrow),
]

if __name__ == "__main__":
    sys.exit(main())
