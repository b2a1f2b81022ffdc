"""What measuring needs of the machine: tools, cores, open files, and the facts that figures depend on."""

import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Where Debian keeps servers, and where cargo installs: not in every user's PATH.
CARGO_HOME = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(CARGO_HOME / "bin")])

PACKAGES = {"wrk": "wrk", "hey": "hey", "nginx": "nginx-light", "haproxy": "haproxy"}

# Open files for ten thousand connections on both sides of a proxy, with a margin.
FILES = 44_000

# Above this share of others' work, the figures are marked as disturbed.
MOST_BUSY = 0.05


class Trouble(Exception):
    """A measurement cannot be made; the text says why."""


def say(text):
    """Progress goes to standard error: standard output is the Markdown alone."""
    print(text, file=sys.stderr, flush=True)


def find(tool):
    """The path of a tool, or None."""
    return shutil.which(tool, path=SEARCH)


def cargo():
    """The path of cargo; Trouble if there is none."""
    found = find(os.environ.get("CARGO", "cargo"))
    if not found:
        raise Trouble("cargo is missing: install Rust, or set RHAID_BIN to a release build of rhaid")
    return found


def install(tools):
    """Installs what is missing if that can be done; gives back what is still missing."""
    wanted = [PACKAGES[tool] for tool in tools if tool in PACKAGES and not find(tool)]
    if wanted and os.geteuid() == 0 and find("apt-get"):
        say(f"installing {' '.join(wanted)}")
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        # The index is only fetched if the packages are not known already.
        if subprocess.run(command, stdout=sys.stderr, env=environment).returncode != 0:
            subprocess.run(["apt-get", "update", "-qq"], stdout=sys.stderr)
            subprocess.run(command, stdout=sys.stderr, env=environment)
    if "oha" in tools and not find("oha"):
        say("installing oha (cargo install oha --locked): some minutes")
        subprocess.run([cargo(), "install", "oha", "--locked"], stdout=sys.stderr)
    missing = [tool for tool in tools if not find(tool)]
    for tool in missing:
        how = f"as root: apt-get install {PACKAGES[tool]}" if tool in PACKAGES else f"cargo install {tool} --locked"
        say(f"*** MISSING: {tool}. Install it, {how}")
    return missing


def rhaid():
    """The binary under measurement: RHAID_BIN, or the release build of this tree."""
    if given := os.environ.get("RHAID_BIN"):
        if not os.access(given, os.X_OK):
            raise Trouble(f"RHAID_BIN={given} is not a program")
        return str(Path(given).resolve())
    say("building rhaid (cargo build --release)")
    if subprocess.run([cargo(), "build", "--release", "--quiet"], cwd=ROOT).returncode != 0:
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


def facts(binary):
    """What the figures depend on, as Markdown list items. To be asked before anything is measured."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    named = (value.strip() for key, value in fields.items() if key.strip() == "model name")
    model = next(named, "unknown processor")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    allowed = len(os.sched_getaffinity(0))
    server, client = cores()
    pinning = f"server on core {server}, client on core {client}"
    if server is None:
        pinning = "one core only: **nothing is pinned**, server and client take turns on it"
    busy = busy_share()
    quiet = f"processors busy before: {busy:.0%}"
    if busy > MOST_BUSY:
        quiet += ", so **something else was running**: the figures are noisier and worse than on a quiet machine"
    tools = [version(binary, "--version"), version("nginx", "-v"), version("wrk", "-v"), version("oha", "--version"), version("haproxy", "-v")]
    return [
        f"- {model}, {allowed} cores, {memory:.0f} GiB; Linux {platform.release()}; {pinning}",
        f"- {'; '.join(tools)}; {'hey' if find('hey') else 'hey missing'}",
        f"- {quiet}",
    ]


def busy_share():
    """The share of all processors' time that others use, watched for a second."""

    def times():
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(field) for field in file.readline().split()[1:9]]
        # user, nice, system, idle, waiting for disks, interrupts …
        return sum(ticks), ticks[3] + ticks[4]

    all_before, idle_before = times()
    time.sleep(1)
    all_after, idle_after = times()
    return 1 - (idle_after - idle_before) / max(all_after - all_before, 1)


def version(tool, flag):
    """What a tool calls itself, shortened."""
    if not find(tool):
        return f"{tool} missing"
    # The versions stand in the first line, on whichever stream; wrk's ends in its licence.
    told = subprocess.run([find(tool), flag], capture_output=True, text=True)
    words = (told.stdout + told.stderr).split("\n", 1)[0].replace("nginx version: ", "").replace("HAProxy version", "haproxy").split()
    return " ".join(words[:2]) if "/" not in (words or [""])[0] else words[0]
