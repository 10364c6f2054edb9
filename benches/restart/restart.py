#!/usr/bin/env python3
"""Measures how long a server that was killed takes to serve again, with so much of its journal not sealed.

Fills a new folder in the temporary directory, kills the server with SIGKILL, and starts it again and again, with a kill after each
start. Prints one JSON object a start: events, their bytes as JSON and in the journal (which is compressed), seconds from the start of the process until every port
serves, and until the first `count(*)` is answered. Fails when the count is not that of the acknowledged events.

    cargo build --release
    benches/restart/restart.py target/release/streamflow --megabytes 100 --starts 5
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

# Events of one call of `send` while the journal is filled.
EVENTS_A_CALL = 20_000
# A server that takes longer hangs.
WAIT_SECONDS_MAX = 120


class Server:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.began = time.perf_counter()
        command = [program, "start", "--data", folder / "data", "--port-base=0", "--ready-fd=1"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
        line = self.process.stdout.readline()
        self.ready_seconds = time.perf_counter() - self.began
        if not line:
            sys.exit("the server did not start")
        self.gateway = json.loads(line)["gateway"]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.gateway + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS_MAX) as answer:
            return json.load(answer)

    def count(self):
        return self.ask("/api/v1/query", {"sql": "SELECT count(*) FROM events"})["rows"][0][0]

    def journal_bytes(self):
        return self.ask("/api/v1/status")["data"]["journal"]["bytes"]

    def fill(self, seed):
        send = [self.program, "send", "--server", self.gateway, "--generate", str(EVENTS_A_CALL), "--seed", str(seed)]
        sent = subprocess.run([*send, "--profile", "web", "--quiet", "-o", "json"], check=True, capture_output=True)
        return json.loads(sent.stdout)["bytes"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path, help="the streamflow to measure")
    arguments.add_argument("--megabytes", type=int, default=100, help="what is not sealed, in 10^6 bytes (default 100)")
    counted = {"choices": ["events", "journal"], "default": "events"}
    arguments.add_argument("--of", **counted, help="whether megabytes are of events as JSON, or of the journal on disk")
    arguments.add_argument("--starts", type=int, default=5, help="how often it is started again (default 5)")
    options = arguments.parse_args()
    program = options.program.resolve()
    with tempfile.TemporaryDirectory() as folder:
        measure(program, pathlib.Path(folder), options)


def measure(program, folder, options):
    server = Server(program, folder)
    calls, event_bytes, journal_bytes = 0, 0, 0
    while {"events": event_bytes, "journal": journal_bytes}[options.of] < options.megabytes * 1_000_000:
        calls += 1
        event_bytes += server.fill(calls)
        journal_bytes = server.journal_bytes()
    ready, answered = [], []
    for _ in range(options.starts):
        server.kill()
        server = Server(program, folder)
        count = server.count()
        answered.append(time.perf_counter() - server.began)
        ready.append(server.ready_seconds)
        if count != calls * EVENTS_A_CALL:
            server.kill()
            sys.exit(f"{calls * EVENTS_A_CALL} events were acknowledged, {count} are there")
        sizes = {"events": count, "event_bytes": event_bytes, "journal_bytes": journal_bytes}
        report = sizes | {"ready_seconds": round(ready[-1], 3)}
        print(json.dumps(report | {"first_answer_seconds": round(answered[-1], 3)}), flush=True)
    server.kill()
    medians = {"ready_seconds_median": round(statistics.median(ready), 3)}
    print(json.dumps(medians | {"first_answer_seconds_median": round(statistics.median(answered), 3)}))


if __name__ == "__main__":
    main()
