#!/usr/bin/env python3
"""How soon a command says something: milliseconds from its start to the first byte of its output, and to its end.

    first_byte.py [--runs 50] [--in FOLDER] -- PROGRAM [ARG ...]

Prints one line of JSON: median, lowest and 90th percentile of both. Needs nothing but Python.
"""

import argparse
import json
import statistics
import subprocess
import time


def one(program, folder):
    began = time.perf_counter()
    process = subprocess.Popen(program, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
    first = process.stdout.read(1)
    said = time.perf_counter()
    process.stdout.read()
    code = process.wait()
    ended = time.perf_counter()
    if not first or code:
        raise SystemExit(f"{program} ended with {code}")
    return (said - began) * 1000, (ended - began) * 1000


def summary(times):
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 2),
        "lowest": round(ordered[0], 2),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--in", dest="folder", default=".")
    parser.add_argument("program", nargs="+")
    args = parser.parse_args()
    runs = [one(args.program, args.folder) for _ in range(args.runs)]
    said, ended = zip(*runs)
    report = {"program": " ".join(args.program), "runs": args.runs}
    print(json.dumps({**report, "first_byte_ms": summary(said), "end_ms": summary(ended)}))


if __name__ == "__main__":
    main()
