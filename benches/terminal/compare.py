#!/usr/bin/env python3
"""What the dashboard costs in the situations that its budgets name, beside bottom and lnav in the same probe.

    compare.py --streamflow target/release/streamflow [--btm PATH] [--lnav PATH] [--seconds 10] [--only NAME ...]

Starts a server in a temporary folder, sends it events at the rates that are wanted, and runs terminal.py for each situation. lnav
follows a file that as many lines are written to. Prints a table, and with --json one line for each run. Linux only.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

# The paths of programs are made absolute, for each runs in a folder of its own.
HERE = os.path.dirname(os.path.abspath(__file__))
# The tabs are drawn anew exactly when the view changes, so their texts can not come by themselves.
VIEWS = ["--keys", "2", "1", "--expect", "2 Live", "1 Overview"]
VIEWS_FROM_LIVE = ["--keys", "1", "2", "--expect", "1 Overview", "2 Live"]


class Server:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        with open(os.path.join(folder, "config.yaml"), "w", encoding="ascii") as settings:
            settings.write("storage:\n  backup_interval: 0s\n")
        command = [program, "start", "--port-base=0", "--ready-fd=1"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        json.loads(self.process.stdout.readline())

    def send(self, *words):
        return subprocess.Popen([self.program, "send", "-q", *words], cwd=self.folder, stdout=subprocess.DEVNULL)

    def events(self):
        command = [self.program, "status", "--jq", ".events.accepted"]
        return int(subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout)

    def stop(self):
        end(self.process)


class Lines:
    """Writes lines like those of a web server to a file, so many a second."""

    def __init__(self, path, rate):
        self.path, self.rate, self.going = path, rate, True
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self):
        number, began = 0, time.monotonic()
        with open(self.path, "a", encoding="ascii") as log:
            while self.going:
                due = int((time.monotonic() - began) * self.rate)
                now = time.strftime("%Y-%m-%dT%H:%M:%S")
                log.writelines(
                    f"{now}.{line % 1000:03d} INFO shop web.pageview page=/products/{line % 37} latency_ms={line % 400}\n"
                    for line in range(number, due)
                )
                log.flush()
                number = due
                time.sleep(0.05)

    def stop(self):
        self.going = False
        self.thread.join()


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def probe(folder, seconds, words, program):
    command = [sys.executable, os.path.join(HERE, "terminal.py"), "--seconds", str(seconds), *words, "--", *program]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def situations():
    """Name, events a second, words for the probe."""
    live = ["--first-keys", "2"]
    return [
        ("idle, Overview", 0, VIEWS),
        ("idle, Live", 0, [*live, *VIEWS_FROM_LIVE]),
        ("10,000/s, paused", 10_000, ["--first-keys", " "]),
        ("10,000/s, Live standing still", 10_000, ["--first-keys", "2k"]),
        ("10,000/s, Live", 10_000, [*live, *VIEWS_FROM_LIVE]),
        ("10,000/s, Overview", 10_000, VIEWS),
        ("100,000/s, Live", 100_000, [*live, *VIEWS_FROM_LIVE]),
    ]


def ours(args, folder, report):
    server = Server(args.streamflow, folder)
    try:
        server.send("-f", past(folder)).wait()
        for name, rate, words in situations():
            if not is_wanted(args, name):
                continue
            sender = server.send("--generate", "0", "--rate", str(rate)) if rate else None
            if sender:
                time.sleep(2)
            before, began = server.events(), time.monotonic()
            result = probe(folder, args.seconds, words, [args.dashboard, "tui", "--last", "3h" if rate == 0 else "15m"])
            result["events_per_second"] = round((server.events() - before) / (time.monotonic() - began))
            if sender:
                end(sender)
            report(f"streamflow: {name}", result)
    finally:
        server.stop()


def past(folder):
    """Writes events of an hour and more ago, for a dashboard that shows something while nothing comes in."""
    path, now = os.path.join(folder, "past.ndjson"), time.time()
    with open(path, "w", encoding="ascii") as events:
        for number in range(20_000):
            event = {
                "type": ["web.pageview", "web.click", "cart.add", "order.paid", "error"][number % 17 % 5],
                "source": ["web-app", "shop"][number % 2],
                "severity": "high" if number % 17 % 5 == 4 else "medium",
                "timestamp": now - 3_600 - number * 0.3,
                "data": {"page": f"/products/{number % 37}", "latency_ms": 20 + number * 37 % 400},
            }
            events.write(json.dumps(event) + "\n")
    return path


def is_wanted(args, name):
    return not args.only or any(wanted in name for wanted in args.only)


def theirs(args, folder, report):
    if args.btm and is_wanted(args, "bottom"):
        report("bottom: its usual view", probe(folder, args.seconds, ["--keys", "j", "k"], [args.btm]))
    if args.lnav and is_wanted(args, "lnav"):
        path = os.path.join(folder, "shop.log")
        for name, rate in [("a file at rest", 0), ("10,000 lines/s", 10_000)]:
            lines = Lines(path, 10_000)
            time.sleep(2)
            if rate == 0:
                lines.stop()
            result = probe(folder, args.seconds, ["--keys", "j", "k"], [args.lnav, path])
            if rate:
                lines.stop()
            report(f"lnav: {name}", result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streamflow", required=True)
    parser.add_argument("--dashboard", help="another build of it, whose dashboard is measured")
    parser.add_argument("--btm")
    parser.add_argument("--lnav")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", nargs="*", default=[], help="situations whose name has one of these texts, bottom, lnav")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    args.streamflow = os.path.abspath(args.streamflow)
    args.dashboard = os.path.abspath(args.dashboard or args.streamflow)

    def report(name, result):
        if args.json:
            print(json.dumps({"situation": name, **result}), flush=True)
            return
        keys = result.get("key_to_paint_ms") or {}
        cells = [
            name,
            f"{result['cpu_percent']:.2f}",
            f"{result['bytes_per_second']:,}",
            f"{result['bursts_per_second']}",
            f"{keys.get('p50', '-')} · {keys.get('p99', '-')}",
            f"{result['memory_mb']}",
            f"{result.get('events_per_second', '-')}",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)

    if not args.json:
        print("| situation | processor, % of a core | bytes a second | frames a second | key to paint, ms, p50 · p99 | MB | events a second |")
        print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        theirs(args, folder, report)
        if any(is_wanted(args, name) for name, _, _ in situations()):
            ours(args, folder, report)


if __name__ == "__main__":
    main()
