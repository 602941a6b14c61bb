#!/usr/bin/env python3
"""Whether the daemon grows: a load for as long as is asked, with hostile sessions among it.

usage: soak.py BIN [--minutes N] [--rate N] [--hostile N] [--dir DIR]

--rate messages a second come over 50 sessions at a time, each message about one of 100,000 recipients, and
--hostile sessions a second that do what servers are told not to stand. Each minute it prints the
daemon's memory and descriptors, and at the end how the memory compares with that of the fifth minute.
"""
import argparse
import os
import random
import socket
import tempfile
import threading
import time

from servers import Daemon, unverified

MIB = 1 << 20


def starttls(s):
    s.sendall(b"EHLO x\r\nSTARTTLS\r\n")
    time.sleep(0.05)
    s.recv(4096)


def hello(s):
    s.recv(4096)
    s.sendall(b"EHLO x\r\n")
    s.recv(4096)


def garbage(s):
    s.sendall(random.randbytes(random.randint(1, 20_000)))
    s.recv(4096)


def endless_line(s):
    hello(s)
    s.sendall(b"x" * 100_000)


def forged_recipients(s):
    hello(s)
    s.sendall(b"MAIL FROM:<>\r\n" + b"".join(
        b"RCPT TO:<b+%x@bounces.example>\r\n" % random.getrandbits(128) for _ in range(9)))
    s.recv(65536)


def gone_in_data(s):
    hello(s)
    s.sendall(b"MAIL FROM:<>\r\nRCPT TO:<postmaster@bounces.example>\r\nDATA\r\nSubject: x\r\n\r\n" + b"x" * 5000)
    s.recv(4096)


def gone_in_chunk(s):
    hello(s)
    s.sendall(b"MAIL FROM:<>\r\nRCPT TO:<postmaster@bounces.example>\r\nBDAT 10000000\r\n" + b"x" * 50_000)
    s.recv(4096)


def broken_handshake(s):
    s.recv(4096)
    starttls(s)
    s.sendall(random.randbytes(500))
    s.recv(4096)


def handshake_and_gone(s):
    s.recv(4096)
    starttls(s)
    tls = unverified().wrap_socket(s)
    tls.sendall(b"EHLO x\r\nMAIL FROM:<")
    tls.close()


def pipelined_to_the_end(s):
    s.sendall(b"EHLO x\r\n" + b"NOOP\r\n" * 500 + b"QUIT\r\n")
    while s.recv(65536):
        pass


def reset(s):
    hello(s)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


HOSTILE = [garbage, endless_line, forged_recipients, gone_in_data, gone_in_chunk, broken_handshake,
           handshake_and_gone, pipelined_to_the_end, reset]


class Hostile(threading.Thread):
    """So many hostile sessions a second, until it is told to stop."""

    def __init__(self, port, rate):
        super().__init__(daemon=True)
        self.port, self.rate, self.done, self.count = port, rate, threading.Event(), 0

    def run(self):
        while not self.done.wait(random.expovariate(self.rate)):
            try:
                with socket.create_connection(("127.0.0.1", self.port), 10) as s:
                    random.choice(HOSTILE)(s)
            except OSError:  # what it did was answered by the end of the connection
                pass
            self.count += 1


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--minutes", type=int, default=60)
    p.add_argument("--rate", type=int, default=1000)
    p.add_argument("--hostile", type=int, default=100)
    p.add_argument("--dir", default=tempfile.gettempdir())
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)
    daemon = Daemon(args)
    with daemon.running():
        threads = [Hostile(int(daemon.smtp), args.hostile / 10) for _ in range(10)]
        for thread in threads:
            thread.start()
        begin, figures = time.monotonic(), []
        while time.monotonic() - begin < args.minutes * 60:
            r = daemon.load("--sessions", 50, "--rate", args.rate, "--messages", args.rate * 60,
                            "--recipients", 100_000, verify=False)
            figures.append((daemon.memory()[0], daemon.descriptors()))
            print("%4.1f min: %.0f MiB, %d descriptors, %.0f/s, p99 of the 250 %.1f ms, %d hostile sessions" % (
                (time.monotonic() - begin) / 60, figures[-1][0] / MIB, figures[-1][1], r["rate"],
                r["accept_p99_ms"], sum(t.count for t in threads)), flush=True)
        for thread in threads:
            thread.done.set()
        for thread in threads:
            thread.join(30)
        print("%d messages, %d hostile sessions; at the fifth minute %.0f MiB, at the end %.0f MiB; "
              "descriptors when all are gone: %d" % (
                  args.rate * 60 * len(figures), sum(t.count for t in threads),
                  figures[min(4, len(figures) - 1)][0] / MIB, daemon.memory()[0] / MIB,
                  daemon.descriptors()))
    daemon.close()


main()
