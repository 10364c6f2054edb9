#!/usr/bin/env python3
"""Asks StreamFlow, DuckDB, SQLite and ClickHouse (chdb) the same questions about the same events.

Makes the events with `streamflow send --generate --print`, gives each a time, loads all engines, compares their answers, and only
then measures: one warm run, then the median of some. Prints one JSON object a question and engine, and a table at the end with
the time of each engine and the geometric means of the ratios. Needs Python 3.9 and the network the first time, for the peers.

    cargo build --release
    benches/questions/questions.py target/release/streamflow --events 5000000 --dir /var/tmp/questions
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

from peers import PEERS, STREAMFLOW
from statements import QUESTIONS

PACKAGES = ["duckdb==1.5.5", "chdb", "pyarrow"]
FIRST_MOMENT = datetime.datetime(2026, 9, 1, tzinfo=datetime.timezone.utc)
# One event every 100 ms on average: five million are a little less than six days.
EVENT_MICROS = 100_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streamflow", type=pathlib.Path, help="the program to measure, a release build")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each question (default 5)")
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="folder for events and databases; kept, and used again")
    parser.add_argument("--peers", default=",".join(PEERS), help="engines beside StreamFlow, with commas")
    parser.add_argument("--only", help="only questions whose name has this in it")
    parser.add_argument("--in-venv", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.in_venv:
        return subprocess.call([python_with_peers(), __file__, "--in-venv", *sys.argv[1:]])
    options.dir.mkdir(parents=True, exist_ok=True)
    events = make_events(options)
    questions = [question for question in QUESTIONS if not options.only or options.only in question["name"]]
    names = [STREAMFLOW, *options.peers.split(",")]
    results = {}
    answers = {}
    for name in names:
        with Engine(name, options, events) as engine:
            answers[name] = [engine.ask(question)["rows"] for question in questions]
    wrong = compare(questions, answers)
    for name in names:
        with Engine(name, options, events) as engine:
            for question in questions:
                result = measure(engine, question, options.runs)
                results[name, question["name"]] = result
                print(json.dumps({"engine": name, "question": question["name"], **result}), flush=True)
    table(questions, names, results)
    return 1 if wrong else 0


def python_with_peers():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    folder = cache / "streamflow" / "questions"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.check_call([sys.executable, "-m", "venv", folder])
    if subprocess.run([python, "-c", "import duckdb, chdb, pyarrow"], capture_output=True).returncode != 0:
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", *PACKAGES])
    return str(python)


def make_events(options):
    """Writes the events once, sorted by time with a little jitter, a line each."""
    path = options.dir / f"events-{options.events}.ndjson"
    if path.exists():
        return path
    command = [options.streamflow, "send", "--generate", str(options.events), "--profile", "web", "--seed", "1", "--print"]
    part = path.with_suffix(".part")
    state = 1
    with subprocess.Popen(command, stdout=subprocess.PIPE) as made, part.open("wb") as out:
        for number, line in enumerate(made.stdout):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            moment = FIRST_MOMENT + datetime.timedelta(microseconds=number * EVENT_MICROS + (state >> 33) % 90_000)
            out.write(b'{"timestamp":"' + moment.isoformat(timespec="microseconds").replace("+00:00", "Z").encode() + b'",' + line[1:])
    if made.returncode != 0:
        sys.exit("the events could not be made")
    part.rename(path)
    return path


class Engine:
    """One engine in a process of its own, so that its processor time is its own."""

    def __init__(self, name, options, events):
        self.name = name
        self.options = options
        self.events = events

    def __enter__(self):
        command = [sys.executable, pathlib.Path(__file__).with_name("peers.py"), self.name, self.events, self.options.dir]
        self.process = subprocess.Popen(
            [*command, self.options.streamflow.resolve()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.answer()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended early")
        return json.loads(line)


def measure(engine, question, runs):
    engine.ask(question)
    asked = [engine.ask(question) for _ in range(runs)]
    return {
        "milliseconds": round(statistics.median(answer["seconds"] for answer in asked) * 1e3, 2),
        "cpu_milliseconds": round(statistics.median(answer["cpu_seconds"] for answer in asked) * 1e3, 2),
    }


def compare(questions, answers):
    """Says where engines disagree; what is compared is each row, numbers to nine digits."""
    wrong = 0
    for index, question in enumerate(questions):
        shapes = {name: normal(rows[index], question.get("ordered", False)) for name, rows in answers.items()}
        for name, shape in shapes.items():
            if shape != shapes[STREAMFLOW]:
                wrong += 1
                print(f"{name} disagrees on {question['name']}:", file=sys.stderr)
                print(f"  {STREAMFLOW}: {str(shapes[STREAMFLOW])[:300]}\n  {name}: {str(shape)[:300]}", file=sys.stderr)
    return wrong


def normal(rows, ordered):
    def value(cell):
        if isinstance(cell, bool):
            return int(cell)
        if isinstance(cell, (int, float)):
            return float(f"{cell:.9g}")
        return cell

    rows = [tuple(value(cell) for cell in row) for row in rows]
    return rows if ordered else sorted(rows, key=str)


def table(questions, names, results):
    print(f"\n{'question':<34}" + "".join(f"{name:>18}" for name in names) + "   (ms)")
    for question in questions:
        times = [results[name, question["name"]]["milliseconds"] for name in names]
        print(f"{question['name']:<34}" + "".join(f"{time:>18.1f}" for time in times))
    for measure in ["milliseconds", "cpu_milliseconds"]:
        for peer in names[1:]:
            ratios = [results[STREAMFLOW, q["name"]][measure] / max(results[peer, q["name"]][measure], 0.01) for q in questions]
            mean = math.exp(statistics.fmean(math.log(max(ratio, 1e-6)) for ratio in ratios))
            print(f"{STREAMFLOW} / {peer}, {measure}, geometric mean: {mean:.2f}")


if __name__ == "__main__":
    sys.exit(main())
