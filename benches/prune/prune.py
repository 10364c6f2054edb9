#!/usr/bin/env python3
"""Asks for one hour out of many months of events, and shows how much of the history was read for it.

Fills a store in --dir with generated events that are spread over --over (kept there, and used again), waits until all are sealed, and
asks for the events of an hour by type and by page. Prints one JSON object a question: the median time over HTTP, and the bytes of
history that `EXPLAIN ANALYZE` says were read, beside those that there are.

    cargo build --release
    benches/prune/prune.py target/release/streamflow --events 100000000 --over 100d --dir /var/tmp/prune
"""

import argparse
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

WAIT_SECONDS_MAX = 600
HOUR = "timestamp >= NOW() - INTERVAL '{hours} hours' AND timestamp < NOW() - INTERVAL '{before} hours'"
QUESTIONS = {
    "one hour by type": "SELECT type, count(*) FROM events WHERE {hour} GROUP BY type",
    "one hour by page": "SELECT data.page, count(*) AS n, avg(data.latency_ms) FROM events WHERE {hour} GROUP BY 1 ORDER BY n DESC LIMIT 10",
    "one hour, one user": "SELECT type, data.page, timestamp FROM events WHERE {hour} AND user_id = '{user}' ORDER BY timestamp",
    "all by type": "SELECT type, count(*) FROM events GROUP BY type",
}


class Server:
    def __init__(self, program, folder):
        command = [program, "start", "--data", folder / "data", "--project", folder, "--port-base=0", "--ready-fd=1"]
        began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the server did not start")
        self.gateway = json.loads(line)["gateway"]
        self.ready_seconds = time.monotonic() - began

    def get(self, path):
        with urllib.request.urlopen(self.gateway + path, timeout=WAIT_SECONDS_MAX) as answer:
            return answer.read().decode()

    def ask(self, sql):
        body = json.dumps({"sql": sql}).encode()
        request = urllib.request.Request(self.gateway + "/api/v1/query", body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
                return json.load(answer)["rows"]
        except urllib.error.HTTPError as error:
            sys.exit(f"{sql}: {error.read().decode()}")

    def metric(self, name):
        return float(re.search(rf"^streamflow_{name} (\S+)$", self.get("/metrics"), re.MULTILINE)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAIT_SECONDS_MAX)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path, help="the streamflow to measure, a release build")
    arguments.add_argument("--events", type=int, default=100_000_000)
    arguments.add_argument("--over", default="100d", help="time that the events are spread over (default 100d)")
    arguments.add_argument("--runs", type=int, default=5, help="measured runs of each question (default 5)")
    arguments.add_argument("--dir", type=pathlib.Path, required=True, help="folder of the store; kept, and used again")
    options = arguments.parse_args()
    program = options.program.resolve()
    options.dir.mkdir(parents=True, exist_ok=True)
    server = Server(program, options.dir)
    have = server.ask("SELECT count(*) FROM events")[0][0]
    if have < options.events:
        fill(program, server, options)
        # A clean stop seals all of it.
        server.stop()
        server = Server(program, options.dir)
    while server.metric("history_merge_waiting_files") > 0:
        time.sleep(1)
    size = server.metric("history_size_bytes")
    store = {"events": server.ask("SELECT count(*) FROM events")[0][0], "history_bytes": int(size)}
    print(json.dumps(store | {"files": int(server.metric("history_files")), "ready_seconds": round(server.ready_seconds, 3)}), flush=True)
    hour = HOUR.format(hours=1000, before=999)
    user = server.ask(f"SELECT user_id FROM events WHERE {hour} ORDER BY timestamp LIMIT 1")[0][0]
    for name, sql in QUESTIONS.items():
        sql = sql.format(hour=hour, user=user)
        print(json.dumps({"question": name} | measure(server, sql, size, options.runs)), flush=True)
    server.stop()


def fill(program, server, options):
    send = [program, "send", "--server", server.gateway, "--generate", str(options.events), "--profile", "web", "--seed", "1"]
    began = time.monotonic()
    subprocess.run([*send, "--over", options.over, "--quiet", "-o", "json"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    print(json.dumps({"filled_seconds": round(seconds, 1), "events_per_second": round(options.events / seconds)}), flush=True)


def measure(server, sql, size, runs):
    began = time.monotonic()
    rows = len(server.ask(sql))
    first = time.monotonic() - began
    seconds = []
    for _ in range(runs):
        began = time.monotonic()
        server.ask(sql)
        seconds.append(time.monotonic() - began)
    plan = json.dumps(server.ask("EXPLAIN ANALYZE " + sql))
    scanned = sum(number(text) for text in re.findall(r"bytes_scanned=([^,\]]+)", plan))
    times = {"first_ms": round(first * 1e3, 1), "median_ms": round(statistics.median(seconds) * 1e3, 1)}
    return {"rows": rows} | times | {"bytes_scanned": scanned, "of_history": round(scanned / size, 5)}


def number(text):
    """Reads `12.5 M` as DataFusion writes counts."""
    found = re.match(r"\s*([\d.]+)\s*([KMBT]?)", text)
    return round(float(found[1]) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[found[2]])


if __name__ == "__main__":
    main()
