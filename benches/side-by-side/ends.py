#!/usr/bin/env python3
"""What stands at both ends of a proxy: servers that send, answer or hold, and clients that pull, ask or hold.

    ends.py serve                          prints three ports (source, echo, silent), and serves until its input ends
    ends.py pull PORT CONNECTIONS SECONDS  reads as fast as it can; prints bytes and seconds
    ends.py ask PORT SECONDS               64 bytes there and back; prints the microseconds' p50 and p99, and how many
    ends.py hold PORT COUNT                opens so many connections, prints `held`, and holds them until its input ends
"""

import gc
import selectors
import socket
import sys
import threading
import time

HOST = "127.0.0.1"
BLOCK = bytes(1 << 20)
MESSAGE = bytes(64)
# Connections that may wait to be accepted: as many as come at once.
BACKLOG = 4096
# The first answers warm caches up.
WARM = 20


def source(conn):
    try:
        while True:
            conn.sendall(BLOCK)
    except OSError:
        conn.close()


def echo(conn):
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray(len(MESSAGE))
    try:
        while count := conn.recv_into(buffer):
            conn.sendall(memoryview(buffer)[:count])
    except OSError:
        pass
    conn.close()


def listening(serve):
    """A server on a free port, each connection on a thread; those of nobody's are only held."""
    listener = socket.create_server((HOST, 0), backlog=BACKLOG)
    held = []

    def accept():
        while True:
            conn, _ = listener.accept()
            if serve:
                threading.Thread(target=serve, args=(conn,), daemon=True).start()
            else:
                held.append(conn)

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def serve():
    print(listening(source), listening(echo), listening(None), flush=True)
    sys.stdin.read()


def pull(port, connections, seconds):
    buffer = bytearray(1 << 20)
    chosen = selectors.DefaultSelector()
    for _ in range(connections):
        chosen.register(socket.create_connection((HOST, port), timeout=10), selectors.EVENT_READ)
    total, start, end = 0, None, time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for key, _ in chosen.select(timeout=1):
            count = key.fileobj.recv_into(buffer)
            if count == 0:
                sys.exit("a connection ended")
            # What filled the buffers at first is not counted.
            if start is None:
                start = now
            else:
                total += count
    print(total, now - (start or now))


def ask(port, seconds):
    conn = socket.create_connection((HOST, port), timeout=10)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer, times = bytearray(len(MESSAGE)), []
    gc.disable()
    end = time.perf_counter_ns() + seconds * 1_000_000_000
    while True:
        before = time.perf_counter_ns()
        conn.send(MESSAGE)
        count = conn.recv_into(buffer)
        while 0 < count < len(MESSAGE):
            count += conn.recv_into(memoryview(buffer)[count:])
        after = time.perf_counter_ns()
        if count == 0:
            sys.exit("the connection ended")
        times.append(after - before)
        if after > end:
            break
    times = sorted(times[WARM:] or times)
    print(times[len(times) // 2] / 1000, times[len(times) * 99 // 100] / 1000, len(times))


def hold(port, count):
    held = [socket.create_connection((HOST, port), timeout=10) for _ in range(count)]
    print("held", flush=True)
    sys.stdin.read()
    del held


if __name__ == "__main__":
    command, numbers = sys.argv[1], [int(number) for number in sys.argv[2:]]
    {"serve": serve, "pull": pull, "ask": ask, "hold": hold}[command](*numbers)
