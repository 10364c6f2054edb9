#!/usr/bin/env python3
"""What a program in a terminal costs: bytes it writes, processor time it takes, how soon a key shows.

    terminal.py [--size 120x40] [--seconds 10] [--keys ...] -- PROGRAM [ARG ...]

Runs the program in a pseudo-terminal of its own, lets it start (--settle), then for --seconds counts what it writes and the
processor time that its process takes, from /proc. With --keys it presses each of them in turn, --presses times in all, and takes
the time until the program writes again after a silence of --silence seconds; with --expect, one text for each key, until it has
written that text, so that what would have come anyway is not taken for the answer. Prints one line of JSON.
Linux only; needs nothing but Python.
"""

import argparse
import fcntl
import json
import math
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

TICKS = os.sysconf("SC_CLK_TCK")
# One frame is what is written between two of these, by programs that have them.
FRAME = re.compile(rb"\x1b\[\?2026h")


def processor_seconds(pid):
    """Processor time of a process with all its threads: to the nanosecond where the kernel counts it, else in ticks."""
    try:
        nanoseconds = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
                nanoseconds += int(stat.read().split()[0])
        return nanoseconds / 1e9
    except OSError:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def memory_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def read_for(master, seconds, until=None):
    """Returns what is written within so many seconds, or until this text is in it."""
    written = b""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([master], [], [], left)
        if not ready:
            break
        try:
            written += os.read(master, 65536)
        except OSError:
            break
        if until is not None and until in written:
            break
    return written


def count_bursts(master, seconds, gap=0.005):
    """Returns what is written within so many seconds, and how often it began after a pause: frames, whatever they are made of."""
    written, bursts, last = b"", 0, 0.0
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([master], [], [], left)
        if not ready:
            break
        now = time.monotonic()
        bursts += now - last > gap
        try:
            written += os.read(master, 65536)
        except OSError:
            break
        last = time.monotonic()
    return written, bursts


def quantile(values, share):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def key_to_paint(master, keys, expected, presses, silence):
    """Milliseconds from a key to the first byte that follows it, or to the text that only it can bring."""
    times = []
    for press in range(presses):
        # What would have come anyway must not be taken for the answer to the key.
        quiet = time.monotonic() + 1
        while read_for(master, silence) and time.monotonic() < quiet:
            pass
        wanted = expected[press % len(keys)].encode() if expected else b""
        began = time.monotonic()
        os.write(master, keys[press % len(keys)].encode())
        answer = read_for(master, 2, until=wanted)
        if answer and wanted in answer:
            times.append((time.monotonic() - began) * 1000)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--settle", type=float, default=3)
    parser.add_argument("--first-keys", default="", help="pressed before anything is measured")
    parser.add_argument("--keys", nargs="*", default=[])
    parser.add_argument("--expect", nargs="*", default=[], help="what each of the keys brings onto the screen")
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--silence", type=float, default=0.03)
    parser.add_argument("program", nargs="+")
    args = parser.parse_args()
    columns, lines = map(int, args.size.split("x"))
    if args.expect and len(args.expect) != len(args.keys):
        parser.error("--expect needs one text for each key")

    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
        os.execvp(args.program[0], args.program)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    try:
        first = read_for(master, args.settle)
        for key in args.first_keys:
            os.write(master, key.encode())
            read_for(master, 0.5)
        processor, began = processor_seconds(pid), time.monotonic()
        written, bursts = count_bursts(master, args.seconds)
        # A silent program leaves reading early; time goes on all the same.
        time.sleep(max(0.0, args.seconds - (time.monotonic() - began)))
        seconds = time.monotonic() - began
        report = {
            "program": " ".join(args.program),
            "size": args.size,
            "seconds": round(seconds, 2),
            "start_bytes": len(first),
            "bytes_per_second": round(len(written) / seconds),
            "frames_per_second": round(len(FRAME.findall(written)) / seconds, 1),
            "bursts_per_second": round(bursts / seconds, 1),
            "cpu_percent": round(100 * (processor_seconds(pid) - processor) / seconds, 3),
            "memory_mb": round(memory_bytes(pid) / 1e6, 1),
        }
        if args.keys:
            times = key_to_paint(master, args.keys, args.expect, args.presses, args.silence)
            report["key_to_paint_ms"] = {
                name: round(quantile(times, share), 2)
                for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))
                if times
            }
            report["keys_answered"] = f"{len(times)} of {args.presses}"
        json.dump(report, sys.stdout)
        print()
    finally:
        os.kill(pid, signal.SIGTERM)
        os.close(master)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
