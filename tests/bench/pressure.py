#!/usr/bin/env python3
"""What the daemon does with more than it can serve.

usage: pressure.py BIN [--held N] [--seconds N] [--dir DIR]

Three things, each on a daemon of its own, with its defaults but where said:
- `--held` sessions at once, half of them under TLS, that do nothing: its memory, and how long a
  well-behaved one waits beside them.
- Ten times the sessions that its best rate takes, and then far more clients than max_sessions, each
  of which connects again at once when it is refused: how much of the best rate is left, its memory,
  and how long a lone session waits before and right after.
- Half of the best rate, each message when it is due: how long the 250 takes, beside the commit of one
  message alone.
"""
import argparse
import os
import re
import socket
import subprocess
import tempfile
import time

from servers import Daemon, program, raise_descriptors, unverified

MIB = 1 << 20


def lone(daemon, messages=400):
    """How long one session alone waits for all of a message, in ms: median and 99 of 100."""
    r = daemon.load("--messages", messages, verify=False)
    return "p50 %.2f ms, p99 %.2f ms" % (r["p50_ms"], r["p99_ms"])


class Held:
    """A session that has said EHLO."""
    context = unverified()

    def __init__(self, port, tls):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.reply()
        self.say("EHLO mta.sender.example")
        if tls:
            self.say("STARTTLS")
            self.socket = self.context.wrap_socket(self.socket)
            self.say("EHLO mta.sender.example")

    def reply(self):
        text = b""
        while not re.search(rb"^\d{3} .*\n\Z", text, re.M):
            octets = self.socket.recv(4096)
            if not octets:
                raise ConnectionError(text.decode() or "closed")
            text += octets
        return text

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        text = self.reply()
        if text[:1] != b"2":
            raise ConnectionError(text.decode())


def hold(args):
    daemon = Daemon(args, smtp="max_sessions = %d" % (args.held * 6 // 5))
    with daemon.running():
        print("alone: " + lone(daemon))
        before, descriptors = daemon.memory()[0], daemon.descriptors()
        held = []
        begin = time.monotonic()
        for i in range(args.held):
            held.append(Held(int(daemon.smtp), tls=i % 2 == 1))
        seconds = time.monotonic() - begin
        now = daemon.memory()[0]
        print("%d sessions, half of them under TLS, opened one after the other in %.0f s: %.0f MiB in "
              "memory, %.1f KiB a session" % (
                  args.held, seconds, now / MIB, (now - before) / 1024 / args.held))
        for tls in (0, 1):
            held[tls].say("NOOP")
        print("among them: " + lone(daemon))
        for session in held:
            session.say("NOOP")
        print("all of them answered: %.0f MiB in memory" % (daemon.memory()[0] / MIB))
        for session in held:
            session.socket.close()
        while daemon.descriptors() > descriptors:
            time.sleep(0.1)
        print("all gone: %.0f MiB in memory, the descriptors of before; alone: %s" % (
            daemon.memory()[0] / MIB, lone(daemon)))
    daemon.close()


def overload(args):
    daemon = Daemon(args)
    for_a_while = ["--seconds", args.seconds, "--retry", "--messages", args.seconds * 8000]
    with daemon.running():
        print("alone: " + lone(daemon))
        best = daemon.load("--sessions", 50, *for_a_while, verify=False)
        print("50 sessions: %.0f/s, %.0f MiB in memory" % (best["rate"], daemon.memory()[0] / MIB))
        for sessions in (500, 8000):
            daemon.reset_peak()
            r = daemon.load("--sessions", sessions, *for_a_while, verify=False)
            alone = lone(daemon)
            print("%d sessions: %.0f/s, %.2f x of the best, %.0f refused; at most %.0f MiB in memory; "
                  "alone right after: %s" % (sessions, r["rate"], r["rate"] / best["rate"], r["refused"],
                                             daemon.memory()[1] / MIB, alone))
    daemon.close()
    return best["rate"]


def half(args, rate):
    daemon = Daemon(args)
    messages = int(rate / 2 * args.seconds)
    with daemon.running():
        r = daemon.load("--sessions", 50, "--rate", rate / 2, "--messages", messages)
    daemon.close()
    print("half of the best rate, %.0f/s: the 250 comes after p50 %.2f ms, p99 %.2f ms" % (
        r["rate"], r["accept_p50_ms"], r["accept_p99_ms"]))
    with tempfile.TemporaryDirectory(dir=args.dir) as work:
        print(subprocess.run([program(args, "store_bench"), "--stored=1000", "--directory=" + work,
                              "--benchmark_filter=empty/B:1/"], check=True, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--held", type=int, default=10_000)
    p.add_argument("--seconds", type=int, default=10)
    p.add_argument("--dir", default=tempfile.gettempdir())
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)
    # A session takes one here and one in the daemon, which is told so by its parent.
    raise_descriptors()
    hold(args)
    half(args, overload(args))


main()
