"""The proxy without toxics beside HAProxy in TCP mode: one thread each on a core of its own, both ends on the other core."""

import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time

import clients
from machine import HERE, Trouble, cores, find, say
from processes import bound, rss_of, run

# The goals, as the table shows them.
GOAL_ADDED_US = 100
GOAL_MB = 200
HELD = 10_000
# Files that a proxy needs beside two for each connection.
SPARE = 300

HAPROXY = """\
global
    nbthread 1
    maxconn {most}
defaults
    mode tcp
    timeout connect 5s
    timeout client 2m
    timeout server 2m
"""
FRONT = """\
frontend f{port}
    bind 127.0.0.1:{port} backlog 4096
    default_backend b{port}
backend b{port}
    server s 127.0.0.1:{upstream}
"""


def count():
    """Idle connections to hold: fewer where not enough files may be open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(HELD, (files - SPARE) // 2)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def spent(pid):
    """CPU seconds of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Process:
    """A program that runs in the background from `with` to its end."""

    def __init__(self, command, core, folder, name, **pipes):
        self.command, self.core, self.log, self.pipes = command, core, folder / f"{name}.txt", pipes

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command],
                stderr=log,
                preexec_fn=bound(self.core, signal.SIGKILL),
                **{"stdin": subprocess.PIPE, "stdout": log, **self.pipes},
            )
        return self

    @property
    def pid(self):
        return self.process.pid

    def line(self):
        text = self.process.stdout.readline().decode()
        if not text:
            raise Trouble(f"{self.command[0]} ended:\n{self.log.read_text(encoding='utf-8', errors='replace')}")
        return text

    def __exit__(self, *_):
        # The ends stop with their input, the proxies by the signal.
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def relay(bench, name, upstreams, core):
    """One of the two proxies before these ports: the process, and its ports. Without a core it runs where the system likes."""
    ports = [free_port() for _ in upstreams]
    pairs = list(zip(ports, upstreams))
    if name == "haproxy":
        config = bench.folder / "haproxy.cfg"
        fronts = "".join(FRONT.format(port=port, upstream=upstream) for port, upstream in pairs)
        config.write_text(HAPROXY.format(most=count() + 20) + fronts, encoding="utf-8")
        command = [find("haproxy"), "-db", "-f", config]
    else:
        quick = [f"p{port}={port}={upstream}" for port, upstream in pairs]
        command = [bench.binary, "proxy", "--listen", "127.0.0.1:0", "--threads", 1, *quick]
    return Process(command, core, bench.folder, name), ports


def await_port(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise Trouble(f"nothing listens on port {port}") from None
            time.sleep(0.05)


def servers(bench, core):
    """The servers of `ends.py`."""
    return Process([sys.executable, HERE / "ends.py", "serve"], core, bench.folder, "ends", stdout=subprocess.PIPE)


def end(bench, *command, before=()):
    """A client's words, as numbers."""
    used = run([*before, sys.executable, HERE / "ends.py", *command], bench.folder, 90, core=cores()[0])
    return [float(word) for word in used.output.split()]


def ask(bench, port, seconds):
    """Microseconds there and back, p50 and p99. Nothing is bound to a core: waking up a core that sleeps takes longer than all that a
    proxy does, so it has to be in the times without a proxy too."""
    everywhere = ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    return end(bench, "ask", port, seconds, before=["taskset", "-c", everywhere])


def one_round(bench, pid, ports, seconds):
    """What one proxy does: figures by name."""
    source, web = ports
    figures = {}
    for connections in (1, 16):
        before = spent(pid)
        total, took = end(bench, "pull", source, connections, seconds)
        if not total:
            raise Trouble(f"nothing came through in {seconds} s: the machine is too busy")
        figures[f"{connections} GB/s"] = total / took / 1e9
        figures[f"{connections} CPU/GB"] = (spent(pid) - before) / (total / 1e9)
    before = spent(pid)
    # nginx ends each connection after its answer.
    command = [find("wrk"), "-t1", f"-c{clients.CONNECTIONS}", f"-d{seconds}s", "-H", "Connection: close"]
    used = run([*command, f"http://127.0.0.1:{web}/hello"], bench.folder, seconds + 30, core=cores()[0])
    served = clients.number(r"(\d+) requests in", used.output)
    figures["connections/s"] = served / seconds
    figures["CPU µs/connection"] = (spent(pid) - before) / served * 1e6
    return figures


def memory(bench, name, silent):
    """Resident bytes of a proxy that holds many idle connections, and of one that holds none."""
    process, (port,) = relay(bench, name, [silent], cores()[1])
    command = [sys.executable, HERE / "ends.py", "hold", port, count()]
    with process:
        await_port(port)
        empty = rss_of(process.pid)
        with Process(command, cores()[0], bench.folder, "hold", stdout=subprocess.PIPE) as holder:
            holder.line()
            deadline = time.monotonic() + 30
            while (files := len(os.listdir(f"/proc/{process.pid}/fd"))) < 2 * count():
                if time.monotonic() > deadline:
                    raise Trouble(f"{name} holds only {files} files for {count():,} connections")
                time.sleep(0.2)
            return rss_of(process.pid), empty


def proxy(bench):
    """Throughput, connections, added latency and memory of a proxy that spoils nothing."""
    names = ["rhaid", "haproxy"]
    rounds, seconds = (2, 1) if bench.quick else (5, 3)
    turns, direct, held = {name: [] for name in names}, [], {}
    with servers(bench, cores()[0]) as ends, servers(bench, None) as free:
        source, _, silent = (int(port) for port in ends.line().split())
        _, echo, _ = (int(port) for port in free.line().split())
        web = int(bench.url.rsplit(":", 1)[1])
        for turn in range(rounds):
            for name in names:
                process, ports = relay(bench, name, [source, web], cores()[1])
                with process:
                    await_port(ports[1])
                    figures = one_round(bench, process.pid, ports, seconds)
                process, (port,) = relay(bench, name, [echo], None)
                with process:
                    await_port(port)
                    figures["p50"], figures["p99"], _ = ask(bench, port, seconds)
                turns[name].append(figures)
                told = ", ".join(f"{key} {value:.3g}" for key, value in figures.items())
                say(f"round {turn + 1} of {rounds}: {name}: {told}")
            direct.append(ask(bench, echo, seconds)[:2])
        for name in names:
            held[name] = memory(bench, name, silent)

    def median(name, figure):
        return statistics.median(turn[figure] for turn in turns[name])

    def ratio(figure):
        return statistics.median(own[figure] / theirs[figure] for own, theirs in zip(turns["rhaid"], turns["haproxy"]))

    def added(name, figure, place):
        return statistics.median(turn[figure] - plain[place] for turn, plain in zip(turns[name], direct))

    for figure, what in [
        ("1 GB/s", "proxy, bytes a second of one connection"),
        ("16 GB/s", "proxy, bytes a second of 16 connections"),
        ("connections/s", "proxy, connections a second"),
    ]:
        found = ratio(figure)
        bench.goal(what, f"{found:.2f} × HAProxy's", "≥ 1.00 × HAProxy's", round(found, 2) >= 1)
    p99 = added("rhaid", "p99", 1)
    bench.goal("proxy, latency added to 64 bytes there and back: p99", f"{p99:.0f} µs", f"< {GOAL_ADDED_US} µs", p99 < GOAL_ADDED_US)
    most = held["rhaid"][0] / 1e6
    goal = GOAL_MB * count() / HELD
    bench.goal(f"proxy, memory with {count():,} idle connections", f"{most:.0f} MB", f"< {goal:.0f} MB", most < goal)
    bench.details += [
        "",
        f"A proxy without toxics, one thread on a core of its own, both ends on the other core (for latency, all where the system puts them);"
        f" medians of {rounds} alternating rounds of {seconds} s for each figure. Direct, 64 bytes there and back take"
        f" {statistics.median(plain[0] for plain in direct):.0f} µs (p99: {statistics.median(plain[1] for plain in direct):.0f} µs).",
        "",
        "| proxy | GB/s, 1 connection | 16 | CPU s/GB, 1 | 16 | connections/s | CPU µs each | added p50 | p99 | idle connections |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in names:
        figures = ["1 GB/s", "16 GB/s", "1 CPU/GB", "16 CPU/GB"]
        shown = " | ".join(f"{median(name, figure):.2f}" for figure in figures)
        bench.details.append(
            f"| {'HAProxy, TCP mode' if name == 'haproxy' else 'rhaid'} | {shown}"
            f" | {median(name, 'connections/s'):,.0f} | {median(name, 'CPU µs/connection'):.1f}"
            f" | {added(name, 'p50', 0):.1f} µs | {added(name, 'p99', 1):.1f} µs"
            f" | {held[name][0] / 1e6:.0f} MB with {count():,}, {held[name][1] / 1e6:.0f} with none |"
        )
