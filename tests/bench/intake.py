#!/usr/bin/env python3
"""How many messages a second the daemon takes, beside Postfix and smtp-sink.

usage: intake.py BIN [--turns N] [--messages N] [--sessions 1,10,50] [--per-connection N]
                 [--sync-ms N] [--stored N [--filled DIR]] [--only bounced,tls,postfix,sink]
                 [--dir DIR]

The same driver sends the same reports of 4 KB in the same way to each in turn, within one run and on
one disk. After each of the daemon's turns its events and suppressions must be what was acknowledged.
Prints each turn, then for each number of sessions the medians, the ratios to the others, and how many
messages shared a commit.

  tls            the daemon again, STARTTLS on each connection, with a handshake in full
  --sync-ms N    every fsync takes N ms more, for the daemon and Postfix alike
  --stored N     the daemon's database holds N events and suppressions before; it is filled once,
                 and another daemon with an empty one takes turns with it
  --filled DIR   with --stored: that database is in DIR, as store_bench has filled it, and stays
"""
import argparse
import os
import statistics
import sys
import tempfile

from servers import Daemon, Postfix, Sink


class Bounced(Daemon):
    """Started anew for each turn."""

    def __init__(self, args, name, stored=0, tls=False):
        super().__init__(args, name, stored=stored)
        self.more = ["--starttls"] if tls else []

    def turn(self, *more):
        with self.running():
            result = self.load(*more, *self.more)
        committed = self.counts["messages_committed"]
        if committed != result["accepted"]:
            sys.exit("%s: %d messages committed, %d acknowledged" % (
                self.name, committed, result["accepted"]))
        result["per_commit"] = committed / self.counts["store_commits"]
        return result


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--turns", type=int, default=3)
    p.add_argument("--messages", type=int, default=2000)
    p.add_argument("--sessions", default="1,10,50")
    p.add_argument("--per-connection", type=int, default=1)
    p.add_argument("--sync-ms", type=int, default=0)
    p.add_argument("--stored", type=int, default=0)
    p.add_argument("--filled")
    p.add_argument("--only", default="bounced,postfix,sink")
    p.add_argument("--dir", default=tempfile.gettempdir())
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)  # Postfix goes to another directory

    kinds = {"bounced": lambda: Bounced(args, "bounced"),
             "tls": lambda: Bounced(args, "tls", tls=True),
             "postfix": lambda: Postfix(args), "sink": lambda: Sink(args)}
    servers = [kinds[k]() for k in args.only.split(",")]
    if args.stored:
        servers.append(Bounced(args, "stored", args.stored))
    try:
        for sessions in map(int, args.sessions.split(",")):
            # A lone session is slower, and a slow disk slower still: fewer messages tell as much.
            messages = args.messages // (4 if sessions == 1 else 1) // (4 if args.sync_ms else 1)
            results = {s.name: [] for s in servers}
            for turn in range(args.turns):
                for server in servers:
                    r = server.turn("--sessions", sessions, "--messages", messages,
                                    "--messages-per-connection", args.per_connection)
                    results[server.name].append(r)
                    print("sessions=%d turn=%d %-8s rate=%6.0f/s p50=%.2f ms p99=%.2f ms%s" % (
                        sessions, turn, server.name, r["rate"], r["p50_ms"], r["p99_ms"],
                        " messages/commit=%.1f" % r["per_commit"] if "per_commit" in r else ""), flush=True)
            report(sessions, results)
    finally:
        for server in servers:
            server.close()


def report(sessions, results):
    """Medians, and ratios of the turns that were next to each other."""
    rates = {name: [r["rate"] for r in rows] for name, rows in results.items()}
    for name, own in rates.items():
        line = "  %d sessions, %-8s median %6.0f/s (%.0f to %.0f)" % (
            sessions, name, statistics.median(own), min(own), max(own))
        for other in ("postfix", "sink") if name == "bounced" else ("bounced",):
            if other in rates and other != name:
                ratios = sorted(a / b for a, b in zip(own, rates[other]))
                line += ", %.2f x %s (%.2f to %.2f)" % (
                    statistics.median(ratios), other, ratios[0], ratios[-1])
        print(line, flush=True)


main()
