#!/usr/bin/env python3
"""How long `bouncectl import` takes, and how much memory, beside the sqlite3 shell's `.import`.

usage: import_bench.py BIN [--rows N[,N]] [--format csv|json] [--turns N] [--dir DIR]

Each turn is a daemon on a new database. The list has N rows of some 150 octets in CSV, or as one array
of JSON, in no order. Time is of the whole process; memory is the most that was resident of bouncectl
and of the daemon. While it runs, a second connection asks for addresses, one after the other, and
the times of its answers are told.

The shell has no daemon, no addresses to check, no history to look into and no index in memory. It
gets the rows that the import left in the database, as CSV in the order in which they were written,
and imports them in one transaction, synced as the daemon's are, into tables and indexes just like
them: once the table `suppression` alone with its index, once all three tables that an import writes
(address, suppression, change) with theirs.
"""
import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

CONFIG = """data_dir = "{dir}/data"
[smtp]
listen = ["127.0.0.1:0"]
[grpc]
listen = "127.0.0.1:0"
"""
TABLES = ["address", "suppression", "change"]


def write_list(path, rows, form):
    order = list(range(rows))
    random.Random(1).shuffle(order)
    with open(path, "w") as f:
        f.write("[\n" if form == "json" else
                "address,stream,source,reason,bounce_class,create_time,expire_time,explanation\n")
        for n, i in enumerate(order):
            address = "user%08d.%05d@host%d.example" % (i, i * 7919 % 99991, i % 1000)
            text = "550 5.1.1 The account %d does not exist here" % i
            if form == "json":
                f.write('{"address":"%s","source":"bounce","reason":"no_such_user","bounce_class":"hard",'
                        '"create_time":"2026-01-02T03:04:05Z","explanation":"%s"}%s\n'
                        % (address, text, "," if n + 1 < rows else "]"))
            else:
                f.write("%s,,bounce,no_such_user,hard,2026-01-02T03:04:05Z,,%s\n" % (address, text))


def most_resident(pid):
    """In MiB."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024


class Watcher(threading.Thread):
    """The most that is resident of a process until it ends. What wait4() tells would count this one, too."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most = pid, 0
        self.start()

    def run(self):
        while True:
            try:
                self.most = most_resident(self.pid)
            except (OSError, AttributeError):
                return
            time.sleep(0.05)


class Daemon:
    def __init__(self, args, directory):
        config = directory + "/bounced.toml"
        with open(config, "w") as f:
            f.write(CONFIG.format(dir=directory))
        self.process = subprocess.Popen([args.bin + "/bounced", "--config", config, "--allow-root"]
                                        if args.allow_root else
                                        [args.bin + "/bounced", "--config", config],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.server = re.search(r"grpc=(\S+)", line).group(1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Asker(threading.Thread):
    """`bouncectl check -`, an address at a time."""

    def __init__(self, args, server):
        super().__init__(daemon=True)
        self.process = subprocess.Popen([args.bin + "/bouncectl", "--server", server, "check", "-"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.times, self.over = [], False

    def run(self):
        while not self.over:
            begin = time.monotonic()
            self.process.stdin.write("user%08d.00000@host0.example\n" % len(self.times))
            self.process.stdin.flush()
            if not self.process.stdout.readline():
                return
            self.times.append(time.monotonic() - begin)
            time.sleep(0.01)

    def end(self):
        self.over = True
        self.join()
        self.process.stdin.close()
        self.process.wait()
        times = sorted(self.times) or [0]
        return times[len(times) // 2], times[len(times) * 99 // 100], times[-1]


def run_import(args, directory, rows_file, rows):
    daemon = Daemon(args, directory)
    asker = Asker(args, daemon.server)
    asker.start()
    begin = time.monotonic()
    client = subprocess.Popen([args.bin + "/bouncectl", "--server", daemon.server, "import", rows_file],
                              stdout=subprocess.PIPE, text=True)
    watcher = Watcher(client.pid)
    out = client.stdout.read()
    _, status, usage = os.wait4(client.pid, 0)
    took = time.monotonic() - begin
    assert status == 0 and "%s created" % format(rows, ",") in out, out
    median, late, last = asker.end()
    resident = most_resident(daemon.process.pid)
    daemon.stop()
    print("import: %.1f s, %d rows/s, client %.0f MiB and %.1f s of CPU, daemon %.0f MiB; meanwhile a check took "
          "%.1f ms (99%%: %.1f, most: %.1f)"
          % (took, rows / took, watcher.most, usage.ru_utime + usage.ru_stime, resident,
             median * 1e3, late * 1e3, last * 1e3), flush=True)
    return took


def shell(database, script):
    done = subprocess.run(["sqlite3", "-batch", database], input=script, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def run_shell(directory, tables):
    """Seconds that `.import` takes."""
    filled, empty = directory + "/data/bounced.db", directory + "/shell.db"
    for file in (empty, empty + "-wal", empty + "-shm"):
        if os.path.exists(file):
            os.remove(file)
    # Without STRICT, for the shell's texts are not of a column's type until they are stored.
    with contextlib.closing(sqlite3.connect(filled)) as db:
        schema = "".join(
            re.sub(r"--[^\n]*", "", sql).replace(") STRICT", ")") + ";\n" for (sql,) in db.execute(
                "SELECT sql FROM sqlite_schema WHERE sql NOT NULL AND type <> 'trigger' AND tbl_name IN (%s)"
                " ORDER BY type DESC"
                % ",".join("?" * len(tables)), tables))
    page = shell(filled, "PRAGMA page_size;\n").strip()
    for table in tables:
        shell(filled, ".mode csv\n.output %s/%s.csv\nSELECT * FROM %s ORDER BY rowid;\n"
              % (directory, table, table))
    shell(empty, "PRAGMA page_size = %s;\nPRAGMA journal_mode = WAL;\n%s" % (page, schema))
    script = "PRAGMA synchronous = FULL;\nPRAGMA cache_size = -65536;\nBEGIN;\n.mode csv\n"
    script += "".join(".import %s/%s.csv %s\n" % (directory, t, t) for t in tables) + "COMMIT;\n"
    begin = time.monotonic()
    shell(empty, script)
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--rows", default="1000000")
    parser.add_argument("--format", default="csv", choices=["csv", "json"])
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--dir")
    parser.add_argument("--allow-root", action="store_true")
    parser.add_argument("--no-shell", action="store_true")
    args = parser.parse_args()
    for rows in map(int, args.rows.split(",")):
        print("== %d rows of %s" % (rows, args.format), flush=True)
        for _ in range(args.turns):
            directory = tempfile.mkdtemp(prefix="bounced-bench-", dir=args.dir)
            try:
                rows_file = directory + "/list." + args.format
                write_list(rows_file, rows, args.format)
                ours = run_import(args, directory, rows_file, rows)
                if args.no_shell:
                    continue
                for tables in (["suppression"], TABLES):
                    theirs = run_shell(directory, tables)
                    print("sqlite3 .import of %s: %.1f s, %d rows/s; bounced at %.2f x of its speed"
                          % (" and ".join(tables), theirs, rows / theirs, theirs / ours), flush=True)
            finally:
                shutil.rmtree(directory)


if __name__ == "__main__":
    main()
