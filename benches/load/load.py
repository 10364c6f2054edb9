#!/usr/bin/env python3
"""Puts a server under load for minutes while it seals and compacts, and watches its memory.

Starts a server in a new folder below --dir, sends lists of events with `streamflow bench ingest` in rounds of a minute, and reads once
a second what the server's metrics and the kernel say of it. Prints one JSON object a round, and at the end what became of the
events: those that the bench saw acknowledged are compared with `count(*)`. Exit code 1 when they differ.

    cargo build --release
    benches/load/load.py target/release/streamflow --rate 500 --minutes 5
    benches/load/load.py target/release/streamflow --rate 5000 --batch 10 --minutes 5
    benches/load/load.py target/release/streamflow --rate twice --minutes 8
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

# A server that takes longer hangs.
WAIT_SECONDS_MAX = 120
# How long the most that the machine takes is measured, for a rate that is a multiple of it.
CALIBRATION = "20s"


class Server:
    def __init__(self, program, folder, memory):
        self.program, self.folder = program, folder
        command = [program, "start", "--data", folder / "data", "--project", folder, "--port-base=0", "--ready-fd=1"]
        environment = os.environ | {"STREAMFLOW_ANALYTICS_MAX_MEMORY": memory, "STREAMFLOW_LOGGING_LEVEL": "warn"}
        log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=folder, env=environment)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
        self.gateway = json.loads(line)["gateway"]

    def get(self, path):
        with urllib.request.urlopen(self.gateway + path, timeout=WAIT_SECONDS_MAX) as answer:
            return answer.read().decode()

    def count(self):
        body = json.dumps({"sql": "SELECT count(*) FROM events"}).encode()
        request = urllib.request.Request(self.gateway + "/api/v1/query", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
            return json.load(answer)["rows"][0][0]

    def metrics(self):
        found = re.findall(r"^streamflow_(\w+) (\S+)$", self.get("/metrics"), re.MULTILINE)
        return {name: float(value) for name, value in found}

    def memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS_MAX)


class Watch(threading.Thread):
    """Reads the server once a second; keeps the largest of each figure since it was last asked."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.largest, self.lock, self.ends = server, {}, threading.Lock(), threading.Event()

    def run(self):
        while not self.ends.wait(1):
            metrics = self.server.metrics()
            seen = {
                "memory_bytes": self.server.memory_bytes(),
                "tail_bytes": metrics["tail_memory_bytes"],
                "journal_bytes": metrics["journal_size_bytes"],
                "merge_waiting_files": metrics["history_merge_waiting_files"],
            }
            with self.lock:
                for name, value in seen.items():
                    self.largest[name] = max(self.largest.get(name, 0), int(value))

    def take(self):
        with self.lock:
            taken, self.largest = self.largest, {}
        return taken


def bench(server, rate, batch, duration, connections):
    command = [server.program, "bench", "ingest", "--server", server.gateway, "--server-pid", str(server.process.pid)]
    command += ["--rate", str(rate), "--batch", str(batch), "--duration", duration, "--warm-up", "0s", "--rounds", "1", "-o", "json"]
    command += ["--connections", str(connections)] if connections else []
    ran = subprocess.run(command, capture_output=True, text=True, cwd=server.folder)
    if not ran.stdout.strip():
        sys.exit(f"bench failed with {ran.returncode}: {ran.stderr}")
    return next(row for row in json.loads(ran.stdout)["rows"] if row["round"] == "1")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path, help="the streamflow to measure, a release build")
    arguments.add_argument("--rate", default="500", help="requests a second; max; or twice: of what the machine takes (default 500)")
    arguments.add_argument("--batch", type=int, default=1_000, help="events of a request (default 1000)")
    arguments.add_argument("--minutes", type=int, default=5, help="rounds of a minute (default 5)")
    arguments.add_argument("--connections", type=int, help="connections of the bench; its own default unless given")
    arguments.add_argument("--memory", default="2GB", help="analytics.max_memory of the server (default 2GB, as it comes)")
    arguments.add_argument("--dir", type=pathlib.Path, help="folder for the data, on the disk to be measured")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        return measure(options, pathlib.Path(folder))


def measure(options, folder):
    server = Server(options.program.resolve(), folder, options.memory)
    try:
        return watched(options, server)
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def watched(options, server):
    acknowledged, rate = 0, options.rate
    if rate == "twice":
        most = bench(server, "max", options.batch, CALIBRATION, options.connections)
        acknowledged += int(most["acknowledged"])
        rate = round(2 * most["requests_per_second"])
        print(json.dumps({"most_requests_per_second": most["requests_per_second"], "offered": rate}), flush=True)
    watch = Watch(server)
    watch.start()
    for minute in range(1, options.minutes + 1):
        row = bench(server, rate, options.batch, "60s", options.connections)
        acknowledged += int(row["acknowledged"])
        told = ["offered_per_second", "requests_per_second", "events_per_second", "p50_ms", "p99_ms", "p99_9_ms", "max_ms"]
        told += ["server_cpu_us", "refused", "unanswered"]
        print(json.dumps({"minute": minute} | {name: row[name] for name in told} | watch.take()), flush=True)
    watch.ends.set()
    watch.join()
    began = time.monotonic()
    while server.metrics()["history_merge_waiting_files"] > 0 and time.monotonic() - began < WAIT_SECONDS_MAX:
        time.sleep(0.5)
    caught_up = round(time.monotonic() - began, 1)
    metrics, count = server.metrics(), server.count()
    status = server.stop()
    sizes = {name: int(metrics[f"history_{name}"]) for name in ["events", "files", "size_bytes"]}
    print(json.dumps({"acknowledged": acknowledged, "count": count, "history": sizes, "merging_ended_after_seconds": caught_up, "exit": status}))
    return 0 if count == acknowledged else 1


if __name__ == "__main__":
    sys.exit(main())
