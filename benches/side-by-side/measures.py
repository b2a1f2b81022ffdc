"""What is measured, and how each figure is found."""

import json
import re
import statistics
import subprocess
import threading
import time

from clients import CLIENTS, CONNECTIONS, rhaid
from machine import HERE, ROOT, Trouble, cargo, cores, find, say
from processes import run, thread_cpu
from relays import proxy

# The goals, as the table shows them.
GOAL_WRK_LUA = 1.05
GOAL_OHA = 0.85
GOAL_KB_PER_VU = 32
GOAL_RATE = 0.99
GOAL_START = 2.0
GOAL_LAG_MS = 2.0
# Buffers that the allocator and the kernel round up; a leak of one byte an iteration would be far above it.
GOAL_GROWTH = 1 << 20
LEAST_ITERATIONS = 10_000_000
GOAL_EFFECT_MS = 200
GOAL_CALLS = 5_000


class Bench:
    """What all measurements share, and the two things they add to: the table of goals, and other tables."""

    def __init__(self, binary, url, folder, quick):
        self.binary, self.url, self.folder, self.quick = binary, url, folder, quick
        self.goals = []
        self.details = []

    def goal(self, what, measured, goal, met):
        self.goals.append(f"| {what} | {measured} | {goal} | {'yes' if met else '**no**'} |")

    def note(self, what, measured):
        """A figure without a goal."""
        self.goals.append(f"| {what} | {measured} | | |")


def requests(bench):
    """CPU seconds per request, side by side: rounds in which every client has its turn."""
    rounds, seconds = (2, 2) if bench.quick else (5, 5)
    clients = [(name, client) for name, tool, client in CLIENTS if tool is None or find(tool)]
    turns = {name: [] for name, _ in clients}
    for turn in range(rounds):
        for name, client in clients:
            used, count = client(bench, seconds)
            turns[name].append((used, count))
            say(f"round {turn + 1} of {rounds}: {name}: {used.cpu / count * 1e6:.2f} µs of CPU per request")

    def median(name, figure):
        return statistics.median(figure(used, count) for used, count in turns[name])

    def ratio(name, other):
        # Round by round, because what disturbs a machine disturbs neighbours in time alike.
        pairs = zip(turns[name], turns.get(other, []))
        ratios = [(own.cpu / count) / (theirs.cpu / others) for (own, count), (theirs, others) in pairs]
        return statistics.median(ratios) if ratios else None

    def shown(value):
        return "not measured" if value is None else f"{value:.2f}"

    bench.details += [
        "",
        f"One keep-alive GET per iteration, {CONNECTIONS} connections, medians of {rounds} alternating rounds of"
        f" {seconds} s. CPU is the user and system time of the whole client process; ratios are medians of each"
        " round's ratio.",
        "",
        "| client | CPU µs/request | user | system | requests/s | core used | × wrk + Lua | × oha |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, _ in clients:
        bench.details.append(
            f"| {name}"
            f" | {median(name, lambda used, count: used.cpu / count * 1e6):.2f}"
            f" | {median(name, lambda used, count: used.user / count * 1e6):.2f}"
            f" | {median(name, lambda used, count: used.system / count * 1e6):.2f}"
            f" | {median(name, lambda _, count: count / seconds):,.0f}"
            f" | {median(name, lambda used, _: used.cpu / used.wall):.0%}"
            f" | {shown(ratio(name, 'wrk + Lua hooks'))} | {shown(ratio(name, 'oha'))} |"
        )
        if name.startswith("rhaid"):
            for other, most in [("wrk + Lua hooks", GOAL_WRK_LUA), ("oha", GOAL_OHA)]:
                found = ratio(name, other)
                met = found is not None and round(found, 2) <= most
                bench.goal(f"{name}: CPU per request", f"{shown(found)} × {other}", f"≤ {most:.2f} × {other}", met)


def vus(bench):
    """Memory and rate of many virtual users, each sending one request a second."""
    count, seconds = 10_000, 5 if bench.quick else 15
    used, metrics = rhaid(bench, "paced", seconds + 60, VUS=count, DURATION=f"{seconds}s")
    each = used.peak_rss / count / 1024
    sent = metrics["http_reqs"]["count"] / (count * seconds)
    what = f"{count:,} VUs, a request a second each, {seconds} s"
    bench.goal(f"{what}: peak memory per VU", f"{each:.1f} KiB", f"≤ {GOAL_KB_PER_VU} KiB", each <= GOAL_KB_PER_VU)
    bench.goal(f"{what}: requests of those intended", f"{sent:.2%}", f"≥ {GOAL_RATE:.0%}", sent >= GOAL_RATE)


def start(bench):
    """Time from the launch of the process until the last of many virtual users has begun."""
    count, wait = 30_000, 6
    launched = time.time_ns() // 1_000_000
    used, metrics = rhaid(bench, "idle", wait + 60, VUS=count, WAIT=f"{wait}s", LAUNCHED_MS=launched)
    begun = metrics["begun"]
    if begun["count"] != count:
        raise Trouble(f"only {begun['count']} of {count} virtual users began")
    last = begun["max"] / 1000
    if last >= wait:
        raise Trouble(f"the last virtual user began after {last:.1f} s, when the first had ended: they were never all idle")
    what = f"{count:,} idle VUs"
    bench.goal(f"{what}: from launch until the last one has begun", f"{last:.2f} s", "< 2 s", last < GOAL_START)
    bench.note(f"{what}: peak memory per VU", f"{used.peak_rss / count / 1024:.1f} KiB")


def rate(bench):
    """How late iterations of a constant arrival rate start."""
    per_second, seconds = 5_000, 3 if bench.quick else 10
    _, metrics = rhaid(bench, "arrivals", seconds + 60, RATE=per_second, DURATION=f"{seconds}s")
    lag = metrics["iteration_lag"]
    dropped = metrics["dropped_iterations"]["count"]
    what = f"{per_second:,} arrivals/s, a GET each, {seconds} s: p99 of `iteration_lag`"
    measured = f"{lag['p99']:.2f} ms ({lag['count']:,} started, {dropped:,.0f} dropped)"
    bench.goal(what, measured, "< 2 ms, none dropped", lag["p99"] < GOAL_LAG_MS and dropped == 0)


def flat(bench):
    """Whether memory grows with iterations after the first second."""
    # So many that the run lasts well past its first second; on a slow machine the script's own limit ends it.
    iterations = 30_000_000 if bench.quick else 100_000_000
    used, metrics = rhaid(bench, "empty", 60, sample_rss=True, ITERATIONS=iterations)
    count = int(metrics["iterations"]["count"])
    if count < LEAST_ITERATIONS:
        raise Trouble(f"only {count:,} empty iterations in {used.wall:.1f} s: {LEAST_ITERATIONS:,} are wanted")
    # A process that has just ended shows no memory any more.
    settled = [(at, size) for at, size in used.rss if at >= 1 and size]
    if len(settled) < 2:
        raise Trouble(f"{count:,} empty iterations took {used.wall:.1f} s: too short to compare with the first second")
    begin, first = settled[0]
    most = max(size for _, size in settled)
    measured = f"{first / 2**20:.1f} MiB at {begin:.1f} s, at most {most / 2**20:.1f} MiB until {settled[-1][0]:.1f} s"
    bench.goal(f"{count:,} empty iterations: resident memory", measured, "grows ≤ 1 MiB", most - first <= GOAL_GROWTH)


def reload(bench):
    """How soon a saved script takes effect in a run that is going on."""
    count, saves = 500, 5 if bench.quick else 25
    text = (HERE / "scripts" / "saved.rhai").read_text(encoding="utf-8")
    script = bench.folder / "saved.rhai"
    script.write_text(text, encoding="utf-8")
    ended = threading.Event()

    def save():
        ended.wait(2)
        for _ in range(saves):
            new = script.with_suffix(".new")
            new.write_text(text.replace("SAVED = 0", f"SAVED = {time.time_ns() // 1_000_000}"), encoding="utf-8")
            new.replace(script)
            if ended.wait(0.4):
                break

    saver = threading.Thread(target=save)
    saver.start()
    seconds = 4 + saves * 0.45
    try:
        # An absolute path takes the place of the folder before it.
        path = script.with_suffix("")
        _, metrics = rhaid(bench, path, seconds + 60, flags=["--watch"], VUS=count, DURATION=f"{seconds}s")
    finally:
        ended.set()
        saver.join()
    effect = metrics["effect"]
    if effect["count"] != count * saves:
        raise Trouble(f"{effect['count']} effects of {saves} saves in {count} virtual users")
    failed = metrics.get("iteration_errors", {"count": 0})["count"]
    what = f"{count} busy VUs, {saves} saves of the script: p95 from the save to its effect in each VU"
    measured = f"{effect['p95']:.0f} ms ({failed:,.0f} failed iterations)"
    bench.goal(what, measured, f"< {GOAL_EFFECT_MS} ms, none failed", effect["p95"] < GOAL_EFFECT_MS and failed == 0)


def hooks(bench):
    """Webhook calls that a run receives, and what its listener takes for them."""
    per_second, seconds = (1_000, 3) if bench.quick else (6_000, 10)
    calls = per_second * seconds
    folder = bench.folder / "callbacks"
    folder.mkdir(exist_ok=True)
    output, found, sent, failures, cpu = bench.folder / "output.txt", [], [], [], [0.0]
    output.unlink(missing_ok=True)

    def send(url):
        try:
            env = {"TARGET": url, "RATE": per_second, "DURATION": f"{seconds}s"}
            sent.append(rhaid(bench, "callbacks", seconds + 60, folder=folder, core=cores()[0], **env))
        except Trouble as trouble:
            failures.append(trouble)

    def look(pid):
        cpu[0] = thread_cpu(pid, "hooks") or cpu[0]
        told = re.search(r"listening at (\S+) now", output.read_text(encoding="utf-8", errors="replace"))
        if told and not found:
            found.append(threading.Thread(target=send, args=told.groups()))
            found[0].start()

    try:
        _, metrics = rhaid(bench, "hooks", seconds + 90, look=look, CALLS=calls)
    finally:
        for thread in found:
            thread.join()
    if failures or not sent:
        raise Trouble(f"the calls could not be sent: {failures}")
    _, sender = sent[0]
    answered = int(sender["http_reqs"]["count"])
    dropped = int(sender["dropped_iterations"]["count"])
    count = {name: int(metrics[f"webhook_{name}"]["count"]) for name in ["received", "missing", "dropped", "duplicate", "unexpected"]}
    # A wait for a call that was never sent misses nothing that came.
    lost = answered - count["received"] + count["dropped"]
    each = cpu[0] / max(count["received"], 1)
    what = f"{per_second:,} webhook calls/s for {seconds} s, each waited for by its key"
    measured = f"{count['received']:,} of {answered:,} received, {lost:,} lost ({dropped:,} not sent, {count['duplicate']:,} twice)"
    bench.goal(what, measured, "none lost", lost == 0 and dropped == 0 and count["received"] == calls)
    rate = 1 / each if each else 0
    bench.goal("the listener's thread", f"{each * 1e6:.1f} µs of CPU a call, {rate:,.0f} calls/s on one core", f"≥ {GOAL_CALLS:,} calls/s", rate >= GOAL_CALLS)


def micro(bench):
    """The micro benchmarks of this tree, on the client's core."""
    say("building the micro benchmarks (cargo bench --no-run)")
    built = subprocess.run(
        [cargo(), "bench", "--bench", "micro", "--no-run", "--message-format=json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    artifacts = (json.loads(line) for line in built.stdout.splitlines() if line.startswith("{"))
    programs = [part["executable"] for part in artifacts if part.get("executable") and part["target"]["name"] == "micro"]
    if built.returncode != 0 or not programs:
        raise Trouble("the micro benchmarks do not build")
    results = bench.folder / "criterion"
    times = ("0.2", "0.5") if bench.quick else ("1", "3")
    arguments = ["--bench", "--noplot", "--warm-up-time", times[0], "--measurement-time", times[1]]
    run(["env", f"CRITERION_HOME={results}", programs[-1], *arguments], bench.folder, 300)
    bench.details += ["", "| micro benchmark | median |", "|---|---:|"]
    # In the order in which they ran.
    for description in sorted(results.glob("**/new/benchmark.json"), key=lambda path: path.stat().st_mtime_ns):
        name = json.loads(description.read_text(encoding="utf-8"))["full_id"]
        estimates = json.loads(description.with_name("estimates.json").read_text(encoding="utf-8"))
        bench.details.append(f"| {name} | {estimates['median']['point_estimate']:,.1f} ns |")


# Name on the command line, function, tools without which it cannot be made, tools that make it complete.
ALL = {
    "requests": (requests, ["nginx"], ["wrk", "oha", "hey"]),
    "vus": (vus, ["nginx"], []),
    "start": (start, [], []),
    "rate": (rate, ["nginx"], []),
    "flat": (flat, [], []),
    "reload": (reload, [], []),
    "hooks": (hooks, [], []),
    "proxy": (proxy, ["nginx", "wrk", "haproxy"], []),
    "micro": (micro, [], []),
}
