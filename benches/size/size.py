#!/usr/bin/env python3
"""Compares the bytes of sealed events with those of the same events elsewhere.

Makes events, has a server take them in and seal them at its stop; then writes the same columns of the same rows by DuckDB as Parquet
compressed with zstd, `data` as a typed struct, with and without a UUID for each event, and the events as they were sent with `zstd
-19`. DuckDB keeps the order of the rows. Prints one JSON object a form, and the ratios at the end. Needs zstd, Python 3.9, and the network the
first time, for DuckDB.

The events: times with microseconds and jitter, 50,000 users of whom few are busy, 42,000 sessions, 84 user agents, seven fields in `data`, no
ids of the sender's.

    cargo build --release
    benches/size/size.py target/release/streamflow --events 500000
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile

PACKAGE = "duckdb==1.5.5"
DATA = "STRUCT(page VARCHAR, latency_ms DOUBLE, status BIGINT, bytes BIGINT, region VARCHAR, cached BOOLEAN, user_agent VARCHAR)"
COLUMNS = f"* EXCLUDE (data, metadata), data::{DATA} AS data"
# Names of what is compared with what.
OURS, TYPED, WITH_UUID = "streamflow", "duckdb parquet zstd", "duckdb parquet zstd with a UUID"

TYPES = ["web.pageview", "web.click", "api.request", "api.response", "user.login", "error"]
SOURCES = ["shop", "checkout", "search", "mobile"]
REGIONS = ["eu-west", "eu-north", "us-east", "us-west", "ap-south"]
STATUSES = [200, 200, 200, 304, 404, 500]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
FIRST_MOMENT = datetime.datetime(2026, 9, 21, tzinfo=datetime.timezone.utc)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path, help="the streamflow to measure")
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--in-venv", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.in_venv:
        return subprocess.call([python_with_duckdb(), __file__, "--in-venv", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        return measure(options.program.resolve(), options.events, pathlib.Path(folder))


def measure(program, events, folder):
    sent = folder / "events.ndjson"
    with sent.open("w") as out:
        out.writelines(made(events))
    sealed = seal(program, sent, folder)
    bytes_of = {"ndjson": sent.stat().st_size, OURS: sum(file.stat().st_size for file in sealed)}
    bytes_of |= by_duckdb(sealed, events, folder)
    subprocess.run(["zstd", "-19", "--quiet", "-T0", str(sent)], check=True)
    bytes_of["ndjson, zstd -19"] = sent.with_suffix(".ndjson.zst").stat().st_size
    for form, total in bytes_of.items():
        print(json.dumps({"form": form, "bytes": total, "bytes_per_event": round(total / events, 2)}))
    ratios = {form: round(bytes_of[OURS] / total, 3) for form, total in bytes_of.items() if form != OURS}
    print(json.dumps({"streamflow_relative_to": ratios}))


def made(events):
    """Makes the lines of events, the same each time."""
    chance = random.Random(1)

    def skewed(limit):
        return int(chance.random() ** 3 * limit)

    for number in range(events):
        time = FIRST_MOMENT + datetime.timedelta(microseconds=number * 1_000 + chance.randrange(900))
        user = skewed(50_000)
        # A user has few sessions, which follow each other.
        session = (user * 42_000 // 50_000 + chance.randrange(3)) % 42_000
        event = {
            "timestamp": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "type": TYPES[skewed(6)],
            "source": SOURCES[skewed(4)],
            "user_id": f"user-{user:06}",
            "session_id": f"s-{session:08x}",
            "data": {
                "page": f"/shop/item/{skewed(400)}",
                "latency_ms": 5 + skewed(900) + chance.randrange(10) / 10,
                "status": STATUSES[skewed(6)],
                "bytes": chance.randrange(30_000),
                "region": REGIONS[skewed(5)],
                "cached": chance.random() < 0.5,
                "user_agent": AGENT.format(40 + skewed(84)),
            },
        }
        yield json.dumps(event, separators=(",", ":")) + "\n"


def seal(program, sent, folder):
    """Returns the files that a server makes of the events."""
    (folder / "config.yaml").write_text("environment: test\n")
    start = [program, "start", "--data", folder / "data", "--port-base=0", "--ready-fd=1"]
    # One seal, at the stop.
    environment = os.environ | {"STREAMFLOW_STORAGE_SEAL_INTERVAL": "1h", "STREAMFLOW_ANALYTICS_MAX_MEMORY": "8GB"}
    server = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=environment)
    try:
        gateway = json.loads(server.stdout.readline())["gateway"]
        send = [program, "send", "--server", gateway, "-f", sent, "--quiet", "-o", "json"]
        subprocess.run(send, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        server.send_signal(signal.SIGTERM)
        server.wait()
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
    # What a day of compaction does.
    subprocess.run([program, "storage", "compact"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    listed = subprocess.run([program, "storage", "segments", "-o", "json"], check=True, capture_output=True, cwd=folder)
    names = [row["name"] for row in json.loads(listed.stdout)["rows"]]
    return sorted(file for file in (folder / "data" / "lake" / "events").glob("*.parquet") if file.name in names)


def by_duckdb(sealed, events, folder):
    import duckdb

    database = duckdb.connect()
    read = f"read_parquet({[str(file) for file in sealed]})"
    written = {}
    for form, columns in [(TYPED, COLUMNS), (WITH_UUID, f"uuid() AS event_id, {COLUMNS}")]:
        out = folder / f"{len(written)}.parquet"
        database.execute(f"COPY (SELECT {columns} FROM {read}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        # A peer that lost rows would be small.
        same = f"SELECT count(*), sum(_offset), sum({{}}) FROM {{}}"
        ours = database.execute(same.format("(data.bytes)::BIGINT", read)).fetchone()
        theirs = database.execute(same.format("data.bytes", f"read_parquet('{out}')")).fetchone()
        if ours != theirs or ours[0] != events:
            sys.exit(f"{form}: {theirs} where {ours} was written")
        written[form] = out.stat().st_size
    return written


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
