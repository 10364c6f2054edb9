#!/usr/bin/env python3
"""Measures how long a server that was killed takes to serve again, with so much of its journal not sealed.

Fills a new folder below --dir, kills the server with SIGKILL, and starts it again and again on what the kill left. Up to about 100 MB
of events are sent by `streamflow send` before any would be sealed. With --tail, `streamflow bench ingest` sends faster than can be
sealed, until events in memory take so much; --memory is the limit of that memory while the folder is filled, and the starts have the
one that the program comes with.

Prints one JSON object a start: events, their bytes as JSON and in the journal (which is compressed), seconds from the start of the
process until every port serves, and until the first `count(*)` is answered; and what was sealed, in memory, by then. Fails when events
that were acknowledged are not there.

    cargo build --release
    benches/restart/restart.py target/release/streamflow --megabytes 100 --starts 5
    benches/restart/restart.py target/release/streamflow --tail 2000 --starts 3
    benches/restart/restart.py target/release/streamflow --tail 9000 --memory 12GB --starts 3
"""

import argparse
import json
import os
import pathlib
import re
import shutil
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
    def __init__(self, program, folder, environment=None):
        self.program, self.folder = program, folder
        self.began = time.perf_counter()
        command = [program, "start", "--data", folder / "data", "--port-base=0", "--ready-fd=1"]
        environment = os.environ | (environment or {})
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=environment)
        line = self.process.stdout.readline()
        self.ready_seconds = time.perf_counter() - self.began
        if not line:
            sys.exit("the server did not start")
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
        return {name: int(float(value)) for name, value in found}

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
    arguments.add_argument("--megabytes", type=int, default=100, help="events as JSON that are not sealed, in 10^6 bytes (default 100)")
    arguments.add_argument("--tail", type=int, help="instead: memory of events that are not sealed, in 10^6 bytes")
    arguments.add_argument("--memory", default="2GB", help="analytics.max_memory while it is filled (default 2GB, as it comes)")
    arguments.add_argument("--starts", type=int, default=5, help="how often it is started again (default 5)")
    arguments.add_argument("--dir", type=pathlib.Path, help="folder for the data, on the disk to be measured")
    options = arguments.parse_args()
    program = options.program.resolve()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        measure(program, pathlib.Path(folder), options)


def measure(program, folder, options):
    filled = folder / "filled"
    filled.mkdir()
    server = Server(program, filled, {"STREAMFLOW_ANALYTICS_MAX_MEMORY": options.memory})
    if options.tail:
        acknowledged, sizes = overload(server, options.tail * 1_000_000)
    else:
        acknowledged, sizes = send(server, options.megabytes * 1_000_000)
    server.kill()
    ready, answered = [], []
    for number in range(options.starts):
        # Each start finds what the kill left.
        copy = folder / str(number)
        shutil.copytree(filled, copy)
        server = Server(program, copy)
        count = server.count()
        answered.append(time.perf_counter() - server.began)
        ready.append(server.ready_seconds)
        metrics = server.metrics()
        server.kill()
        shutil.rmtree(copy)
        if count < acknowledged:
            sys.exit(f"{acknowledged} events were acknowledged, {count} are there")
        report = {"events": count, "sealed_events": metrics["history_events"], "tail_bytes": metrics["tail_memory_bytes"]}
        report |= sizes | {"ready_seconds": round(ready[-1], 3)}
        print(json.dumps(report | {"first_answer_seconds": round(answered[-1], 3)}), flush=True)
    medians = {"ready_seconds_median": round(statistics.median(ready), 3)}
    print(json.dumps(medians | {"first_answer_seconds_median": round(statistics.median(answered), 3)}))


def send(server, megabytes):
    """Sends events until they have so many bytes as JSON."""
    calls, event_bytes = 0, 0
    while event_bytes < megabytes:
        calls += 1
        event_bytes += server.fill(calls)
    return calls * EVENTS_A_CALL, {"event_bytes": event_bytes, "journal_bytes": server.metrics()["journal_size_bytes"]}


def overload(server, tail_bytes):
    """Sends events until those in memory take so much."""
    bench = [server.program, "bench", "ingest", "--server", server.gateway, "--server-pid", str(server.process.pid), "--rate", "max"]
    bench += ["--duration", f"{WAIT_SECONDS_MAX}s", "--warm-up", "0s", "--rounds", "1", "-o", "json"]
    load = subprocess.Popen(bench, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=server.folder)
    try:
        began = time.monotonic()
        while True:
            metrics = server.metrics()
            if metrics["tail_memory_bytes"] >= tail_bytes:
                break
            if time.monotonic() - began > WAIT_SECONDS_MAX:
                sys.exit(f"events in memory took {metrics['tail_memory_bytes']} bytes at most")
            time.sleep(0.1)
        # More were acknowledged since.
        sealed, journal = metrics["history_events"], metrics["journal_size_bytes"]
        return metrics["ingest_events_accepted_total"], {"sealed_at_the_kill": sealed, "journal_bytes": journal}
    finally:
        server.kill()
        load.terminate()
        load.wait()


if __name__ == "__main__":
    main()
