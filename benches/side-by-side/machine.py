"""What measuring needs of the machine: tools, cores, processes with an account of what they used, and nginx."""

import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Where Debian keeps servers, and where cargo installs: not in every user's PATH.
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(Path.home() / ".cargo/bin")])

# Open files for ten thousand connections, with a margin.
FILES = 20_000


class Trouble(Exception):
    """A measurement cannot be made; the text says why."""


def say(text):
    """Progress goes to standard error: standard output is the table alone."""
    print(text, file=sys.stderr, flush=True)


def find(tool):
    """The path of a tool, or None."""
    return shutil.which(tool, path=SEARCH)


def install(tools):
    """Installs what is missing if that can be done; gives back what is still missing."""
    packages = {"wrk": "wrk", "hey": "hey", "nginx": "nginx-light"}
    wanted = [packages[tool] for tool in tools if tool in packages and not find(tool)]
    if wanted and os.geteuid() == 0 and find("apt-get"):
        say(f"installing {' '.join(wanted)}")
        # The index is only fetched if the package is not known already.
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(command, stdout=sys.stderr, env=environment).returncode != 0:
            subprocess.run(["apt-get", "update", "-qq"], stdout=sys.stderr)
            subprocess.run(command, stdout=sys.stderr, env=environment)
    cargo = os.environ.get("CARGO", "cargo")
    if "oha" in tools and not find("oha") and find(cargo):
        say("installing oha (cargo install oha --locked): some minutes")
        subprocess.run([find(cargo), "install", "oha", "--locked"], stdout=sys.stderr)
    missing = [tool for tool in tools if not find(tool)]
    for tool in missing:
        how = "cargo install oha --locked" if tool == "oha" else f"apt-get install {packages[tool]}"
        say(f"*** MISSING: {tool}. Install it as root: {how}")
    return missing


def rhaid():
    """The binary under measurement: RHAID_BIN, or the release build of this tree."""
    if given := os.environ.get("RHAID_BIN"):
        if not os.access(given, os.X_OK):
            raise Trouble(f"RHAID_BIN={given} is not a program")
        return str(Path(given).resolve())
    say("building rhaid (cargo build --release)")
    cargo = os.environ.get("CARGO", "cargo")
    if not find(cargo):
        raise Trouble("cargo is missing: install Rust, or set RHAID_BIN to a release build of rhaid")
    if subprocess.run([find(cargo), "build", "--release", "--quiet"], cwd=ROOT).returncode != 0:
        raise Trouble("rhaid does not build")
    return str(ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/rhaid")


def cores():
    """A core for the server and one for the client; (None, None) where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def raise_file_limit():
    """Lets this process and its children open enough files; gives back how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= FILES:
        return soft
    for limit in [(FILES, max(hard, FILES)), (min(hard, FILES), hard)]:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            return limit[0]
        except (ValueError, OSError):
            continue
    return soft


def facts():
    """What the figures depend on, as Markdown list items."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    model = next((value.strip() for key, value in fields.items() if key.strip() == "model name"), model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    server, client = cores()
    pinning = f"server on core {server}, client on core {client}"
    if server is None:
        pinning = "one core only: **nothing is pinned**, server and client take turns on it"
    return [
        f"- {model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB; Linux {platform.release()}; {pinning}",
        f"- {version('nginx', '-v')}; {version('wrk', '-v')}; {version('oha', '--version')}; {version('hey', None)}",
    ]


def version(tool, flag):
    """What a tool calls itself, shortened; hey does not know its version."""
    if not find(tool):
        return f"{tool} missing"
    if flag is None:
        return tool
    # The versions stand in the first line, on whichever stream; wrk's ends in its licence.
    told = subprocess.run([find(tool), flag], capture_output=True, text=True)
    words = (told.stdout + told.stderr).split("\n", 1)[0].replace("nginx version: ", "").split()
    return " ".join(words[:2]) if "/" not in (words or [""])[0] else words[0]


@dataclass
class Used:
    """What a process used from its launch to its end."""

    user: float  # CPU seconds
    system: float  # CPU seconds
    peak_rss: int  # bytes
    wall: float  # seconds
    output: str  # standard output and error
    rss: list  # (seconds since the launch, bytes), twice a second

    @property
    def cpu(self):
        return self.user + self.system


def pinned(core):
    """What a child does before it becomes its program; like `taskset`, without needing it."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


def run(command, folder, timeout, sample_rss=False, codes=(0,)):
    """Runs a client to its end on the client's core. Raises Trouble if it fails or takes too long."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RHAID_")}
    output = folder / "output.txt"
    samples = []
    with open(output, "wb") as sink:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            preexec_fn=pinned(cores()[1]),
        )
        try:
            while True:
                # Not Popen.wait: only wait4 tells what this one child used, threads included.
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
                wall = time.monotonic() - start
                if ended:
                    process.returncode = os.waitstatus_to_exitcode(status)
                    break
                if wall > timeout:
                    raise Trouble(f"{command[0]} did not end within {timeout:.0f} s")
                if sample_rss and wall >= len(samples) * 0.5:
                    samples.append((wall, rss_of(process.pid)))
                time.sleep(0.02)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
    text = output.read_text(encoding="utf-8", errors="replace")
    if process.returncode not in codes:
        raise Trouble(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text[-2000:]}")
    return Used(usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, wall, text, samples)


def rss_of(pid):
    """Resident bytes of a process; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


class Nginx:
    """The target, from `with` to its end: one worker on the server's core, in a folder of its own."""

    def __init__(self, folder, files):
        self.folder = folder / "nginx"
        self.files = files

    def __enter__(self):
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        text = (HERE / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace("@PORT@", str(port)).replace("@FILES@", str(self.files))
        (self.folder / "nginx.conf").write_text(text, encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(self.folder / "log.txt", "wb")
        self.process = subprocess.Popen(
            [find("nginx"), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=pinned(cores()[0]),
        )
        try:
            self.await_answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def await_answer(self):
        """Waits until the answer is the one that the checks expect."""
        deadline = time.monotonic() + 5
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/hello", timeout=1) as answer:
                    size = len(answer.read())
                    if answer.status == 200 and size == 34:
                        return
                    raise Trouble(f"nginx answers {answer.status} with {size} bytes, not 200 with 34")
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")
                    raise Trouble(f"nginx does not start:\n{log}") from None
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
