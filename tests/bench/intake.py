#!/usr/bin/env python3
"""How many messages a second the daemon takes, beside Postfix and smtp-sink.

usage: intake.py BIN [--turns N] [--messages N] [--sessions 1,10,50] [--per-connection N]
                 [--sync-ms N] [--stored N] [--only bounced,postfix,sink] [--dir DIR]

The same driver sends the same reports of 4 KB in the same way to each in turn, within one run and on
one disk. After each of the daemon's turns its events and suppressions must be what was acknowledged.
Prints each turn, then for each number of sessions the medians, the ratios to Postfix, and how many
messages shared a commit.

  --sync-ms N    every fsync takes N ms more, for the daemon and Postfix alike
  --stored N     the daemon's database holds N events and suppressions before; it is filled once,
                 and another daemon with an empty one takes turns with it
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile

SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
CONFIG = """data_dir = "{dir}/{data}"
[smtp]
listen = ["127.0.0.1:0"]
hostname = "mx.bounces.example"
[grpc]
listen = "127.0.0.1:0"
[[return_path]]
domain = "bounces.example"
[[return_path.key]]
id = "a"
secret_file = "{dir}/return-path.key"
"""


def program(args, name):
    return os.path.join(args.bin, name)


def slow(args):
    """The environment in which syncs are slow."""
    env = dict(os.environ)
    if args.sync_ms:
        env["LD_PRELOAD"] = args.slow_sync
        env["SLOW_SYNC_MS"] = str(args.sync_ms)
    return env


def counters(log):
    """The counters that the daemon logs at its end, by name."""
    line = [l for l in log.splitlines() if "daemon.counters" in l][-1]
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}


class Bounced:
    """A daemon on a database of its own, started for each turn."""

    def __init__(self, args, name, stored=0):
        self.args, self.name = args, name
        self.dir = tempfile.mkdtemp(prefix="bounced-bench-", dir=args.dir)
        with open(self.dir + "/bounced.toml", "w") as f:
            f.write(CONFIG.format(dir=self.dir, data="stored" if stored else "data"))
        with open(os.open(self.dir + "/return-path.key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(SECRET)
        if stored:
            # It fills its folder "stored" before it measures, and here measures nothing.
            subprocess.run([program(args, "store_bench"), "--stored=%d" % stored,
                            "--directory=" + self.dir, "--benchmark_filter=nothing"], check=True,
                           stderr=subprocess.DEVNULL)

    def turn(self, sessions, messages):
        with open(self.dir + "/log", "w+") as log:
            daemon = subprocess.Popen(
                [program(self.args, "bounced"), "--allow-root", "--config", self.dir + "/bounced.toml"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=slow(self.args))
            try:
                ready = daemon.stdout.readline()
                smtp, grpc = re.search(r"smtp=\S+:(\d+) grpc=(\S+)", ready).groups()
                result = load(self.args, smtp, sessions, messages,
                              ["--domain", "bounces.example", "--secret", SECRET, "--verify", grpc])
            finally:
                daemon.send_signal(signal.SIGTERM)
                status = daemon.wait(60)
            if status != 0:
                sys.exit("%s: ended with %d; see %s/log" % (self.name, status, self.dir))
            log.seek(0)
            counts = counters(log.read())
        commits = counts["store_commits"]
        committed = counts["messages_committed"]
        if committed != messages:
            sys.exit("%s: %d messages committed, %d acknowledged" % (self.name, committed, messages))
        result["per_commit"] = committed / commits
        return result

    def close(self):
        shutil.rmtree(self.dir)


class Postfix:
    name = "postfix"

    def __init__(self, args):
        self.args = args
        settings = ["import_environment = MAIL_CONFIG LD_PRELOAD SLOW_SYNC_MS"] if args.sync_ms else []
        self.process = subprocess.Popen([program(args, "postfix_server")] + settings, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(
                                            slow(args), TMPDIR=args.dir))
        self.port = self.process.stdout.readline().split("port=")[1].strip()

    def turn(self, sessions, messages):
        return load(self.args, self.port, sessions, messages, ["--domain", "discard.example"])

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Sink:
    name = "sink"

    def __init__(self, args):
        self.args = args
        # smtp-sink cannot say which port it took, so it gets one that was free a moment ago.
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = str(s.getsockname()[1])
        self.process = subprocess.Popen(
            ["/usr/sbin/smtp-sink", "-u", "postfix", "127.0.0.1:" + self.port, "200"])
        while self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(self.port))):
                break

    def turn(self, sessions, messages):
        return load(self.args, self.port, sessions, messages, ["--domain", "discard.example"])

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def load(args, port, sessions, messages, more):
    done = subprocess.run(
        [program(args, "intake_load"), "--port", port, "--sessions", str(sessions), "--messages",
         str(messages), "--messages-per-connection", str(args.per_connection)] + more,
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("intake_load failed: " + done.stdout)
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bin")
    p.add_argument("--turns", type=int, default=3)
    p.add_argument("--messages", type=int, default=2000)
    p.add_argument("--sessions", default="1,10,50")
    p.add_argument("--per-connection", type=int, default=1)
    p.add_argument("--sync-ms", type=int, default=0)
    p.add_argument("--stored", type=int, default=0)
    p.add_argument("--only", default="bounced,postfix,sink")
    p.add_argument("--dir", default=tempfile.gettempdir())
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)  # Postfix goes to another directory
    args.slow_sync = os.path.join(args.bin, "libslow_sync.so")

    kinds = {"bounced": lambda: Bounced(args, "bounced"), "postfix": lambda: Postfix(args),
             "sink": lambda: Sink(args)}
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
                    r = server.turn(sessions, messages)
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
        other = "bounced" if name == "stored" else "postfix"
        if other != name and other in rates:
            ratios = sorted(a / b for a, b in zip(own, rates[other]))
            line += ", %.2f x %s (%.2f to %.2f)" % (
                statistics.median(ratios), other, ratios[0], ratios[-1])
        print(line, flush=True)


main()
