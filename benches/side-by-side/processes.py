"""Processes on a core of their own, with an account of what they used; none outlives the measurement."""

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from machine import Trouble, cores

# How often resident memory is read, where it is wanted.
SAMPLE_SECONDS = 0.2

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


@dataclass
class Used:
    """What a process used from its launch to its end."""

    user: float  # CPU seconds
    system: float  # CPU seconds
    peak_rss: int  # bytes
    wall: float  # seconds
    output: str  # standard output and error
    rss: list  # (seconds since the launch, bytes), every SAMPLE_SECONDS

    @property
    def cpu(self):
        return self.user + self.system


def bound(core, last_signal):
    """What a child does before it becomes its program: it keeps to its core, and dies when this process does."""

    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, last_signal)
        if core is not None:
            os.sched_setaffinity(0, {core})

    return prepare


def run(command, folder, timeout, sample_rss=False, look=None, core=None):
    """Runs a client to its end on the client's core, or on another one. Raises Trouble if it fails or takes too long. `look` is
    called with the process's number while it runs."""
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
            preexec_fn=bound(cores()[1] if core is None else core, signal.SIGKILL),
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
                if sample_rss and wall >= len(samples) * SAMPLE_SECONDS:
                    samples.append((wall, rss_of(process.pid)))
                if look:
                    look(process.pid)
                time.sleep(0.02)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
    text = output.read_text(encoding="utf-8", errors="replace")
    if process.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text[-2000:]}")
    return Used(usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, wall, text, samples)


def thread_cpu(pid, name):
    """CPU seconds that the process's thread of that name has used so far; None if there is none."""
    ticks = os.sysconf("SC_CLK_TCK")
    for task in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            before, after = task.read_text(encoding="utf-8").rsplit(")", 1)
        except OSError:
            continue
        if before.endswith(f"({name}"):
            fields = after.split()
            return (int(fields[11]) + int(fields[12])) / ticks
    return None


def rss_of(pid):
    """Resident bytes of a process; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0
