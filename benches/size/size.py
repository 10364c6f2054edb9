#!/usr/bin/env python3
"""Compares the bytes of sealed events with those of the same events elsewhere.

Has the engine's bench make events and seal them as a server does, into a folder; then writes the same columns of the same rows by DuckDB
as Parquet compressed with zstd, `data` as a typed struct, with and without a UUID for each event, and the events as they came in with
`zstd -19`. DuckDB keeps the order of the rows. Prints one JSON object a form, and the ratios at the end. Needs Cargo, zstd, Python 3.9, and the network
the first time, for DuckDB.

    benches/size/size.py --events 500000
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PACKAGE = "duckdb==1.5.5"
DATA = "STRUCT(page VARCHAR, latency_ms DOUBLE, status BIGINT, bytes BIGINT, region VARCHAR, cached BOOLEAN, user_agent VARCHAR)"
COLUMNS = f"* EXCLUDE (data, metadata), data::{DATA} AS data"
# Names of what is compared with what.
OURS, TYPED, WITH_UUID = "streamflow", "duckdb parquet zstd", "duckdb parquet zstd with a UUID"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--in-venv", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.in_venv:
        return subprocess.call([python_with_duckdb(), __file__, "--in-venv", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        return measure(options.events, pathlib.Path(folder))


def measure(events, folder):
    bench = ["cargo", "bench", "--quiet", "-p", "streamflow-engine", "--bench", "history", "--", str(events), str(folder)]
    subprocess.run(bench, check=True, cwd=pathlib.Path(__file__).parent, stdout=sys.stderr)
    sealed, sent = sorted(folder.glob("*.parquet")), sorted(folder.glob("*.ndjson"))
    bytes_of = {"ndjson": size(sent), OURS: size(sealed)}
    bytes_of |= by_duckdb(sealed, folder)
    for file in sent:
        subprocess.run(["zstd", "-19", "--quiet", str(file)], check=True)
    bytes_of["ndjson, zstd -19"] = size(folder.glob("*.ndjson.zst"))
    for form, total in bytes_of.items():
        print(json.dumps({"form": form, "bytes": total, "bytes_per_event": round(total / events, 2)}))
    ratios = {form: round(bytes_of[OURS] / total, 3) for form, total in bytes_of.items() if form != OURS}
    print(json.dumps({"streamflow_relative_to": ratios}))


def by_duckdb(sealed, folder):
    import duckdb

    database = duckdb.connect()
    read = f"read_parquet({[str(file) for file in sealed]})"
    written = {}
    for form, columns in [(TYPED, COLUMNS), (WITH_UUID, f"uuid() AS event_id, {COLUMNS}")]:
        out = folder / f"{len(written)}.duckdb"
        database.execute(f"COPY (SELECT {columns} FROM {read}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        # A peer that lost rows would be small.
        same = f"SELECT count(*), sum(_offset), sum({{}}) FROM {{}}"
        ours = database.execute(same.format("(data.bytes)::BIGINT", read)).fetchone()
        theirs = database.execute(same.format("data.bytes", f"read_parquet('{out}')")).fetchone()
        if ours != theirs:
            sys.exit(f"{form}: {theirs} where {ours} was written")
        written[form] = out.stat().st_size
    return written


def size(files):
    return sum(file.stat().st_size for file in files)


def python_with_duckdb():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    folder = cache / "streamflow" / "size"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.check_call([sys.executable, "-m", "venv", folder])
    if subprocess.run([python, "-c", "import duckdb"], capture_output=True).returncode != 0:
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", PACKAGE])
    return str(python)


if __name__ == "__main__":
    sys.exit(main())
