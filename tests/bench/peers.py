#!/usr/bin/python3
"""How fast bounced reads bounces, beside Sisimai and flufl.bounce as Debian has them, in one run.

usage: peers.py BIN [--corpus DIR] [--turns N]

Each reads the same messages on one thread, Sisimai from files and the others from memory; CPU time,
its own start and the loading of its rules not counted; turns alternate. Needs libsisimai-perl and python3-flufl.bounce; one that
is not installed is left out, and said so. Prints messages a second, and the ratio to the fastest
peer of that turn.
"""
import argparse
import contextlib
import email
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

SISIMAI = r"""
use Sisimai;
my ($folder, $rounds) = @ARGV;
Sisimai->make($folder);
my ($user, $system) = times;
Sisimai->make($folder) for 1 .. $rounds;
my ($user_after, $system_after) = times;
printf "seconds=%f\n", $user_after - $user + $system_after - $system;
"""


def messages_below(folder):
    """The files that parser_bench takes, too."""
    for directory, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            with open(os.path.join(directory, name), "rb") as f:
                octets = f.read()
            if len(octets) >= 200 and b"\nSubject:" in octets:
                yield octets


def flufl(messages, rounds=3):
    try:
        from flufl.bounce import scan_message
    except ImportError:
        return None
    logging.disable(logging.CRITICAL)
    begin = time.process_time()
    for _ in range(rounds):
        for octets in messages:
            with contextlib.suppress(Exception):  # some make it raise
                scan_message(email.message_from_bytes(octets))
    return len(messages) * rounds / (time.process_time() - begin)


def sisimai(messages, folder, rounds=3):
    done = subprocess.run(["perl", "-e", SISIMAI, folder, str(rounds)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    found = re.search(r"seconds=([\d.]+)", done.stdout)
    return len(messages) * rounds / float(found.group(1)) if found else None


def bounced(args, benchmark):
    done = subprocess.run(
        [os.path.join(args.bin, "parser_bench"), "--benchmark_filter=^" + benchmark + "$",
         "--benchmark_min_time=1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
        env=dict(os.environ, BOUNCED_CORPUS=args.corpus))
    number, unit = re.search(r"items_per_second=([\d.]+)(\w*)", done.stdout).groups()
    return float(number) * {"": 1, "k": 1e3, "M": 1e6}[unit]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--corpus", default=os.path.join(here, "../../../shared/corpus"))
    p.add_argument("--turns", type=int, default=5)
    args = p.parse_args()
    messages = list(messages_below(args.corpus))
    if not messages:
        sys.exit("no messages below " + args.corpus)
    print("%d messages, %d octets" % (len(messages), sum(map(len, messages))))
    with tempfile.TemporaryDirectory() as folder:
        for number, octets in enumerate(messages):
            with open("%s/%05d.eml" % (folder, number), "wb") as f:
                f.write(octets)
        readers = {
            "sisimai": lambda: sisimai(messages, folder),
            "flufl": lambda: flufl(messages),
            "bounced": lambda: bounced(args, "parse_and_classify"),
            "explained": lambda: bounced(args, "parse_classify_and_explain"),
        }
        rates = {name: [] for name in readers}
        for _ in range(args.turns):
            for name, read in readers.items():
                rate = read()
                if rate is not None:
                    rates[name].append(rate)
        peers = [rates[name] for name in ("sisimai", "flufl") if rates[name]]
        for name, own in rates.items():
            if not own:
                print("%-10s is not installed" % name)
                continue
            line = "%-10s median %6.0f/s (%.0f to %.0f)" % (name, statistics.median(own), min(own),
                                                            max(own))
            if name in ("bounced", "explained") and peers:
                ratios = [mine / max(turn) for mine, turn in zip(own, zip(*peers))]
                line += ", %.1f x the fastest peer (%.1f to %.1f)" % (
                    statistics.median(ratios), min(ratios), max(ratios))
            print(line)


main()
