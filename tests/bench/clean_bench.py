#!/usr/bin/env python3
"""How long `bouncectl clean` takes, beside what people use: a Python set, sort and join, SQLite.

usage: clean_bench.py BIN [--rows N] [--suppressions N] [--turns N] [--dir DIR] [--peers NAMES]

Every command is timed as a whole process, from the files to the file, in turns on the same list: CSV
of some 53 octets a row, of which one in ten is suppressed. The peers read the suppressed addresses
from a file; the daemon's store is filled with them before. All outputs must be the same, octet for
octet. --peers: of python, sort+join and sqlite (default: all); with many rows only the first is quick.
"""
import argparse
import hashlib
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

CONFIG = """data_dir = "{dir}/data"
[smtp]
listen = ["127.0.0.1:0"]
[grpc]
listen = "127.0.0.1:0"
"""

PYTHON_SET = """
import sys
with open(sys.argv[1]) as f:
    suppressed = set(line.rstrip("\\n") for line in f)
with open(sys.argv[2]) as f, open(sys.argv[3], "w") as out:
    out.write(f.readline())
    for line in f:
        if line.split(",", 1)[0] not in suppressed:
            out.write(line)
"""

# The list by address, what is not in the other file, and back into its order.
SORT_JOIN = """
export LC_ALL=C
head -n 1 "$2" >"$3"
sort "$1" >"$3.sorted"
tail -n +2 "$2" | awk -F, -v OFS=, '{print $0, NR}' | sort -t, -k1,1 |
  join -t, -v1 - "$3.sorted" | sort -t, -k5,5n | cut -d, -f1-4 >>"$3"
"""

# Lines as they are, by what is before their first comma.
SQLITE = """
sqlite3 :memory: <<END
.mode list
.separator "\\037" "\\n"
CREATE TABLE suppressed (address TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE list (line TEXT);
.import $1 suppressed
.import $2 list
.output $3
SELECT line FROM list WHERE substr(line, 1, instr(line, ',') - 1) NOT IN suppressed ORDER BY rowid;
END
"""


def write_lists(args, suppressed, rows):
    """One row in ten of the list is in the file of suppressed addresses."""
    rng = random.Random(1)
    with open(suppressed, "w") as f:
        for i in range(args.suppressions):
            f.write("gone%07d.%05d@host%d.example\n" % (i, i * 7919 % 99991, i % 1000))
    with open(rows, "w") as f:
        f.write("email,first_name,city,joined\n")
        for i in range(args.rows):
            if rng.randrange(10) == 0:
                k = rng.randrange(args.suppressions)
                address = "gone%07d.%05d@host%d.example" % (k, k * 7919 % 99991, k % 1000)
            else:
                address = "kept%07d.%05d@host%d.example" % (i, i * 7919 % 99991, i % 1000)
            f.write("%s,Anna,Berlin,2026-%02d-%02d\n" % (address, i % 12 + 1, i % 28 + 1))


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def timed(command, env):
    begin = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begin, cpu


def measure(args, work, grpc):
    suppressed, rows, out = work + "/suppressed", work + "/list.csv", work + "/out.csv"
    env = dict(os.environ, BOUNCED_SERVER=grpc)
    bouncectl = os.path.join(args.bin, "bouncectl")
    commands = {
        "clean": [bouncectl, "clean", "--output", out, rows],
        "python": [sys.executable, "-c", PYTHON_SET, suppressed, rows, out],
        "sort+join": ["sh", "-c", SORT_JOIN, "sh", suppressed, rows, out],
        "sqlite": ["sh", "-c", SQLITE, "sh", suppressed, rows, out],
    }
    commands = {name: command for name, command in commands.items()
                if name == "clean" or name in args.peers.split(",")}
    times = {name: [] for name in commands}
    digests = set()
    for turn in range(args.turns):
        for name, command in commands.items():
            if os.path.exists(out):
                os.unlink(out)
            wall, cpu = timed(command, env)
            times[name].append(wall)
            digests.add(digest(out))
            if len(digests) > 1:
                sys.exit("%s: its output is another than that of those before" % name)
            print("turn=%d %-9s %6.2f s, its CPU %.2f s, %.0f rows/s" % (
                turn, name, wall, cpu, args.rows / wall), flush=True)
    for name, own in times.items():
        line = "  %-9s median %.2f s (%.2f to %.2f)" % (
            name, statistics.median(own), min(own), max(own))
        if name != "clean":
            ratios = [other / mine for other, mine in zip(own, times["clean"])]
            line += ", clean is %.1f x as fast (%.1f to %.1f)" % (
                statistics.median(ratios), min(ratios), max(ratios))
        print(line)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--suppressions", type=int, default=1_000_000)
    p.add_argument("--turns", type=int, default=3)
    p.add_argument("--dir", default=tempfile.gettempdir())
    p.add_argument("--peers", default="python,sort+join,sqlite")
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="bounced-clean-", dir=args.dir) as work:
        with open(work + "/bounced.toml", "w") as f:
            f.write(CONFIG.format(dir=work))
        write_lists(args, work + "/suppressed", work + "/list.csv")
        os.mkdir(work + "/data", 0o700)
        subprocess.run([os.path.join(args.bin, "fill_store"), work + "/data", work + "/suppressed"],
                       check=True)
        with open(work + "/log", "w") as log:
            daemon = subprocess.Popen(
                [os.path.join(args.bin, "bounced"), "--allow-root", "--config", work + "/bounced.toml"],
                stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            measure(args, work, re.search(r"grpc=(\S+)", daemon.stdout.readline()).group(1))
        finally:
            daemon.terminate()
            daemon.wait(60)


main()
