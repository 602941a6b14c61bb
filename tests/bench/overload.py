#!/usr/bin/env python3
"""Ten times the clients that the daemon can serve, for a long time.

usage: overload.py BIN [--minutes N] [--dir DIR]

8,000 clients, each of which connects again at once when it is refused, in two drivers that take
turns: each begins anew after a minute, as what it sends is made before, and the other goes on
meanwhile. Once a second somebody asks the API 100 times. Then: how much of the rate of 50 sessions
was left (what the daemon says that it committed), its memory, and a lone session right after (R10).
"""
import argparse
import contextlib
import os
import subprocess
import tempfile
import threading
import time

import servers
from servers import Daemon, program, raise_descriptors

MIB = 1 << 20
TURN = 60  # seconds
CLIENTS = 4000  # of one driver
MOST = 8000  # messages a second of one driver


def turns(daemon, offset, end):
    time.sleep(offset)
    while time.monotonic() < end:
        # One whose connections the kernel has dropped ends with an error, and begins anew.
        with contextlib.suppress(SystemExit):
            r = daemon.load("--sessions", CLIENTS, "--seconds", TURN, "--retry", "--messages",
                            TURN * MOST, verify=False)
            print("%4.0f s left: %.0f accepted, %.0f refused; %.0f MiB in memory" % (
                end - time.monotonic(), r["accepted"], r["refused"], daemon.memory()[0] / MIB),
                flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--minutes", type=int, default=30)
    p.add_argument("--dir", default=tempfile.gettempdir())
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)
    raise_descriptors()
    daemon = Daemon(args)
    with daemon.running():
        lone = lambda: "p50 %(p50_ms).2f ms, p99 %(p99_ms).2f ms" % daemon.load(
            "--messages", 400, verify=False)
        before = lone()
        best = daemon.load("--sessions", 50, "--seconds", 20, "--messages", 20 * 8000, verify=False)
        print("50 sessions: %.0f/s; alone: %s" % (best["rate"], before), flush=True)
        daemon.reset_peak()
        begin = time.monotonic()
        end = begin + args.minutes * 60
        checks = subprocess.Popen([program(args, "check_load"), "--server", daemon.grpc, "--rate", "100",
                                   "--seconds", str(args.minutes * 60)], stdout=subprocess.PIPE, text=True)
        drivers = [threading.Thread(target=turns, args=(daemon, i * TURN / 2, end)) for i in range(2)]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join()
        right_after = lone()
        peak = daemon.memory()[1]
        seconds = time.monotonic() - begin
        answer = servers.figures(checks.communicate()[0])
    committed = daemon.counts["messages_committed"] - best["accepted"]
    print("%.0f minutes: %.0f committed, %.0f/s, %.2f x of the best; at most %.0f MiB in memory; Check "
          "p50 %.2f ms, p99 %.2f ms; alone right after: %s" % (
              seconds / 60, committed, committed / seconds, committed / seconds / best["rate"],
              peak / MIB, answer["p50_ms"], answer["p99_ms"], right_after))
    print(daemon.counts)
    daemon.close()


main()
