#!/usr/bin/env python3
"""What is left for others while somebody floods port 25.

usage: flood.py BIN [--seconds N] [--dir DIR]

As root: in a network of its own, which is this machine alone, 198.18.0.0/15 (RFC 2544) becomes this
machine's, so that clients come from many networks. They stand for other machines, hence are nice (19)
to what is measured. Each flood meets the daemon with its defaults, and meanwhile one asks its API 500
times a second:
- bounces of mail that is not ours: each connection names a return path that is forged (T19);
- the same under TLS, with a handshake in full on each connection (T23);
- as many silent connections as there are places, and more: then a client of this machine brings
  messages (T22).
"""
import argparse
import os
import socket
import subprocess
import sys
import tempfile

import servers
from servers import Daemon, program

FORGER = "f" * 64  # a key that is not the daemon's
SOURCES = 1000


def own_network():
    """Goes on in a network of its own."""
    if os.environ.get("FLOOD_NETWORK"):
        return
    os.environ["FLOOD_NETWORK"] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", "ip link set lo up && "
                          "ip route add local 198.18.0.0/15 dev lo && exec \"$0\" \"$@\"",
                          sys.executable] + sys.argv)


class Checks:
    """Asks the API meanwhile."""

    def __init__(self, args, daemon, seconds):
        self.process = subprocess.Popen(
            [program(args, "check_load"), "--server", daemon.grpc, "--seconds", str(seconds)],
            stdout=subprocess.PIPE, text=True)

    def result(self):
        return servers.figures(self.process.communicate()[0])


def show(checks):
    return "Check p50 %.2f ms, p99 %.2f ms" % (checks["p50_ms"], checks["p99_ms"])


def flood(args, daemon, *more):
    checks = Checks(args, daemon, args.seconds)
    r = servers.load(args, daemon.smtp, "--domain", "bounces.example", "--secret", FORGER, "--sessions",
                     200, "--sources", SOURCES, "--messages", 2000, "--retry", "--seconds",
                     args.seconds, *more, niceness=19)
    if r["accepted"]:
        sys.exit("forged return paths were accepted")
    return r["refused"] / r["seconds"], checks.result()


def silent(port, count):
    """So many connections that say nothing, each from another network in turn; and what the last was
    told."""
    sockets = []
    for i in range(count):
        s = socket.socket()
        s.bind(("198.18.%d.%d" % (i % 256, i // 256 + 1), 0))
        s.connect(("127.0.0.1", port))
        sockets.append(s)
    return sockets, sockets[-1].recv(200).decode()


def main():
    own_network()
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--seconds", type=int, default=10)
    p.add_argument("--dir", default=tempfile.gettempdir())
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)
    servers.raise_descriptors()

    daemon = Daemon(args, exempt=False)
    with daemon.running():
        print("idle: " + show(Checks(args, daemon, args.seconds).result()), flush=True)
        rate, checks = flood(args, daemon)
        print("forged return paths: %.0f/s refused; meanwhile %s" % (rate, show(checks)), flush=True)
        rate, checks = flood(args, daemon, "--starttls")
        print("the same under TLS: %.0f/s; meanwhile %s" % (rate, show(checks)), flush=True)
        sockets, told = silent(int(daemon.smtp), 4001)
        checks = Checks(args, daemon, 3)
        r = servers.load(args, daemon.smtp, "--domain", "bounces.example", "--secret", servers.SECRET,
                         "--messages", 400)
        print("4,001 silent connections, the last of which was told %r; meanwhile a client of this "
              "machine: p50 %.2f ms, p99 %.2f ms; %s" % (
                  told, r["p50_ms"], r["p99_ms"], show(checks.result())))
        for s in sockets:
            s.close()
        print("%.0f MiB in memory" % (daemon.memory()[1] / (1 << 20)))
    print(", ".join("%s %d" % (k, v) for k, v in daemon.counts.items()
                    if v and k.startswith(("smtp_sessions", "smtp_recipients"))))
    daemon.close()


main()
