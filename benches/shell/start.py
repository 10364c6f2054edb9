#!/usr/bin/env python3
"""Measures what our lines cost a shell when it starts: processor time, with and without them.

Gives each shell that is installed a home folder of its own, has `streamflow setup-completion` write its lines there, and starts it
interactively, by turns with and without the lines: once with nothing else in its file, once with the completion of bash or zsh. Prints
one JSON object a case: the medians in milliseconds of processor time, the shell's and that of everything it started, and what is more.
With --most it fails when that is above so many milliseconds.

    cargo build --release
    benches/shell/start.py target/release/streamflow --starts 40 --most 5
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

# A shell, its user's file, flags that keep the machine's own out where the shell has some, and what the user's file has already.
CASES = [
    ("bash", ".bashrc", [], ""),
    ("bash", ".bashrc", [], ". /usr/share/bash-completion/bash_completion\n"),
    ("zsh", ".zshrc", ["+o", "globalrcs"], ""),
    ("zsh", ".zshrc", ["+o", "globalrcs"], "autoload -Uz compinit && compinit -i\n"),
    ("fish", ".config/fish/config.fish", [], ""),
]


def start(shell, flags, home, path):
    """Starts a shell and returns its processor time in milliseconds."""
    # fish keeps its variables in the home folder, and writes them anew at the first start.
    process = subprocess.Popen(
        [shell, *flags, "-i", "-c", ":"],
        cwd=home,
        env={"HOME": str(home), "PATH": path, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{shell} ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000


def measure(program, shell, rc, flags, own, starts):
    path = f"{program.parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        homes = {kind: pathlib.Path(folder) / kind for kind in ("without", "with")}
        for home in homes.values():
            (home / rc).parent.mkdir(parents=True)
            # What was not read would cost nothing.
            (home / rc).write_text(f"{own}echo read >{home}/read\n")
        setup = [program, "setup-completion", "--shell", shell, "--quiet"]
        env = {"HOME": str(homes["with"]), "PATH": path}
        subprocess.run(setup, env=env, check=True, stdout=subprocess.DEVNULL)
        if "streamflow" not in (homes["with"] / rc).read_text():
            sys.exit(f"{rc} has no lines of ours")
        times = {kind: [] for kind in homes}
        for number in range(starts + 3):
            for kind, home in homes.items():
                took = start(shell, flags, home, path)
                # The first ones fill caches.
                if number >= 3:
                    times[kind].append(took)
        if not all((home / "read").exists() for home in homes.values()):
            sys.exit(f"{shell} does not read {rc}")
    without, ours = (statistics.median(times[kind]) for kind in ("without", "with"))
    return {
        "shell": shell,
        "completion_before": bool(own),
        "starts": starts,
        "cpu_ms_without": round(without, 2),
        "cpu_ms_with": round(ours, 2),
        "cpu_ms_more": round(ours - without, 2),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--most", type=float, help="fail above so many milliseconds more")
    args = parser.parse_args()
    program = pathlib.Path(args.program).resolve()
    dear = []
    for shell, *case in CASES:
        if not shutil.which(shell):
            print(f"{shell} is not installed", file=sys.stderr)
            continue
        measured = measure(program, shell, *case, args.starts)
        print(json.dumps(measured), flush=True)
        if args.most is not None and measured["cpu_ms_more"] > args.most:
            dear.append(shell)
    if dear:
        sys.exit(f"more than {args.most} ms: {', '.join(dear)}")


main()
