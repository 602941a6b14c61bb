"""The servers that are measured, each on a database or a queue of its own, and what loads them."""
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

# The driver is one client, and no limit of one client is what is measured.
EXEMPT = 'allowed_networks = ["127.0.0.0/8"]'
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
CONFIG = """data_dir = "{dir}/{data}"
[smtp]
listen = ["127.0.0.1:0"]
hostname = "mx.bounces.example"
{smtp}
[grpc]
listen = "127.0.0.1:0"
[[return_path]]
domain = "bounces.example"
[[return_path.key]]
id = "a"
secret_file = "{dir}/return-path.key"
[policy]
domain_burst = 0  # all recipients are of one domain
"""


def unverified():
    """TLS of a client that asks for encryption alone, as mail hosts do."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def program(args, name):
    return os.path.join(args.bin, name)


def slow(args):
    """The environment in which syncs are slow."""
    env = dict(os.environ)
    if getattr(args, "sync_ms", 0):
        env["LD_PRELOAD"] = os.path.join(args.bin, "libslow_sync.so")
        env["SLOW_SYNC_MS"] = str(args.sync_ms)
    return env


def figures(line):
    """What intake_load or check_load says, by name."""
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", line)}


def raise_descriptors():
    """As many as this process may have; what it starts has them, too."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def load(args, port, *more, niceness=0):
    """The figures of intake_load."""
    done = subprocess.run(["nice", "-n", str(niceness), program(args, "intake_load"), "--port", str(port),
                           *map(str, more)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("intake_load failed: " + done.stdout)
    return figures(done.stdout)


class Daemon:
    """A folder with a configuration and a database; running() serves from it, as often as asked."""

    def __init__(self, args, name="bounced", smtp="", stored=0, exempt=True):
        self.args, self.name = args, name
        self.dir = tempfile.mkdtemp(prefix="bounced-bench-", dir=args.dir)
        with open(self.dir + "/bounced.toml", "w") as f:
            if exempt:
                smtp = EXEMPT + "\n" + smtp
            f.write(CONFIG.format(dir=self.dir, data="stored" if stored else "data", smtp=smtp))
        with open(os.open(self.dir + "/return-path.key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write(SECRET)
        if stored and args.filled:
            os.symlink(os.path.abspath(args.filled), self.dir + "/stored")
        elif stored:
            # It fills its folder "stored" before it measures, and here measures nothing.
            subprocess.run([program(args, "store_bench"), "--stored=%d" % stored,
                            "--directory=" + self.dir, "--benchmark_filter=nothing"], check=True,
                           stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def running(self):
        """Its ports are in .smtp and .grpc meanwhile, and its counters in .counts afterwards."""
        with open(self.dir + "/log", "w+") as log:
            self.process = subprocess.Popen(
                [program(self.args, "bounced"), "--allow-root", "--config", self.dir + "/bounced.toml"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=slow(self.args))
            try:
                ready = self.process.stdout.readline()
                self.smtp, self.grpc = re.search(r"smtp=\S+:(\d+) grpc=(\S+)", ready).groups()
                yield self
            finally:
                self.process.send_signal(signal.SIGTERM)
                status = self.process.wait(60)
            if status != 0:
                sys.exit("%s: ended with %d; see %s/log" % (self.name, status, self.dir))
            log.seek(0)
            line = [l for l in log if "daemon.counters" in l][-1]
            self.counts = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}

    def load(self, *more, verify=True):
        return load(self.args, self.smtp, "--domain", "bounces.example", "--secret", SECRET,
                    *(["--verify", self.grpc] if verify else []), *more)

    def memory(self):
        """Octets in memory now, and at most since reset_peak()."""
        with open("/proc/%d/status" % self.process.pid) as f:
            kib = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", f.read()))
        return int(kib["VmRSS"]) * 1024, int(kib["VmHWM"]) * 1024

    def reset_peak(self):
        with open("/proc/%d/clear_refs" % self.process.pid, "w") as f:
            f.write("5")

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def close(self):
        shutil.rmtree(self.dir)


class Postfix:
    """smtpd to discard; its queue is on the disk and synced."""
    name = "postfix"

    def __init__(self, args):
        self.args = args
        settings = ["import_environment = MAIL_CONFIG LD_PRELOAD SLOW_SYNC_MS"] if args.sync_ms else []
        # As many as it is asked to serve at once; its own bound is 100.
        settings += ["default_process_limit = 600", "smtpd_client_connection_count_limit = 0"]
        self.process = subprocess.Popen([program(args, "postfix_server")] + settings, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(
                                            slow(args), TMPDIR=args.dir))
        self.port = self.process.stdout.readline().split("port=")[1].strip()

    def turn(self, *more):
        return load(self.args, self.port, "--domain", "discard.example", *more)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Sink:
    """smtp-sink, which keeps nothing."""
    name = "sink"

    def __init__(self, args):
        self.args = args
        # It cannot say which port it took, so it gets one that was free a moment ago.
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = str(s.getsockname()[1])
        self.process = subprocess.Popen(
            ["/usr/sbin/smtp-sink", "-u", "postfix", "127.0.0.1:" + self.port, "1000"])
        while self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(self.port))):
                break

    def turn(self, *more):
        return load(self.args, self.port, "--domain", "discard.example", *more)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
