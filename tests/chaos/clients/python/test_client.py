"""The proxy's HTTP API as two Python packages see it: toxiproxy-python and the
Chaos Toolkit's extension, chaostoolkit-toxiproxy.

    RHAID_PROXY_API=http://127.0.0.1:8474 python3 test_client.py

The server should be used by this test alone: it calls /reset. All traffic
stays on 127.0.0.1, every wait has a limit, and every upstream is started here
on a free port. The Chaos Toolkit's part is skipped when it is not installed.
"""

import http.server
import json
import logging
import os
import socket
import threading
import time
import unittest
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

try:
    import logzero
    from chaostoxi.proxy import actions as chaos_proxy
    from chaostoxi.proxy import probes as chaos_probe
    from chaostoxi.toxic import actions as chaos_toxic

    logzero.loglevel(logging.CRITICAL)  # it logs every call it makes
except ImportError:
    chaos_proxy = None

API = os.environ.get("RHAID_PROXY_API", "").rstrip("/")
if not API.startswith("http://"):
    raise SystemExit("set RHAID_PROXY_API, for example to http://127.0.0.1:8474")

WAIT = 10  # seconds, for any one thing on a socket
PREFIX = "python-%d-" % os.getpid()
LOCAL = "127.0.0.1:0"


# ---------------------------------------------------------------- helpers


@contextmanager
def upstream(serve):
    """A TCP server on a free port; `serve` gets each connection on a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_sockets = []

    def work(conn):
        try:
            serve(conn)
        except OSError:
            pass
        finally:
            conn.close()

    def accept():
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(conn)
            conn.settimeout(WAIT)
            threading.Thread(target=work, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield "127.0.0.1:%d" % listener.getsockname()[1]
    finally:
        try:
            listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        listener.close()
        for conn in open_sockets:
            conn.close()


def echo(conn):
    while True:
        data = conn.recv(65536)
        if not data:
            return
        conn.sendall(data)


def says(data):
    return lambda conn: conn.sendall(data)


def dead_address():
    """An address on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "127.0.0.1:%d" % listener.getsockname()[1]


def port_of(listen):
    return int(listen.rpartition(":")[2])


def connect(listen):
    conn = socket.create_connection(("127.0.0.1", port_of(listen)), timeout=WAIT)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return conn


def read_exactly(conn, size):
    data = b""
    while len(data) < size:
        part = conn.recv(65536)
        if not part:
            raise AssertionError("the connection ended after %d of %d bytes" % (len(data), size))
        data += part
    return data


def read_all(conn):
    """All bytes until the connection ends, by a close or a reset."""
    data = b""
    while True:
        try:
            part = conn.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


def round_trip(conn, data):
    """Seconds until `data` came back."""
    began = time.monotonic()
    conn.sendall(data)
    got = read_exactly(conn, len(data))
    assert got == data, got
    return time.monotonic() - began


def raw(method, path, body=None, **more):
    return requests.request(method, API + path, json=body, timeout=WAIT, **more)


class Base(unittest.TestCase):
    count = 0

    def setUp(self):
        self.server = Toxiproxy()
        at = urlsplit(API)
        self.server.update_api_consumer(at.hostname, at.port)

    def tearDown(self):
        for name in raw("GET", "/proxies").json():
            if name.startswith(PREFIX):
                raw("DELETE", "/proxies/" + name)

    def unique(self, word):
        Base.count += 1
        return "%s%d-%s" % (PREFIX, Base.count, word)

    def serve(self, work):
        context = upstream(work)
        address = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return address

    def conn(self, listen):
        conn = connect(listen)
        self.addCleanup(conn.close)
        return conn

    def toxics(self, name):
        return raw("GET", "/proxies/%s/toxics" % name).json()


# ---------------------------------------------------------------- toxiproxy-python


class Proxies(Base):
    def test_version(self):
        self.assertTrue(self.server.running())
        version = json.loads(self.server.version())
        self.assertEqual(list(version), ["version"])
        self.assertRegex(version["version"], r"^\d+\.\d+\.\d+")

    def test_create_get_list_delete(self):
        to = self.serve(echo)
        name = self.unique("crud")
        made = self.server.create(upstream=to, name=name)
        self.assertEqual((made.name, made.upstream, made.enabled), (name, to, True))
        self.assertRegex(made.listen, r"^127\.0\.0\.1:[1-9]\d*$")
        got = self.server.get_proxy(name)
        self.assertEqual(vars(got), vars(made))
        self.assertIn(name, self.server.proxies())
        self.assertEqual(raw("GET", "/proxies/" + name).json()["listen"], made.listen)
        self.assertTrue(self.server.destroy(made))
        self.assertIsNone(self.server.get_proxy(name))
        with self.assertRaises(ConnectionRefusedError):
            connect(made.listen)

    def test_duplicate(self):
        to = self.serve(echo)
        made = self.server.create(upstream=to, name=self.unique("twice"), listen=LOCAL)
        with self.assertRaises(ProxyExists):  # here the client itself looks first
            self.server.create(upstream=to, name=made.name)
        answer = raw("POST", "/proxies", {"name": made.name, "listen": LOCAL, "upstream": to})
        self.assertEqual(answer.status_code, 409)
        self.assertEqual(answer.json(), {"error": "proxy already exists", "status": 409})

    def test_missing_proxy(self):
        to = self.serve(echo)
        gone = self.server.create(upstream=to, name=self.unique("gone"))
        gone.destroy()
        for call in (gone.destroy, gone.disable, gone.toxics, lambda: gone.add_toxic(type="latency"), lambda: gone.destroy_toxic("x")):
            with self.assertRaises(NotFound) as caught:
                call()
            self.assertEqual(json.loads(caught.exception.args[0]), {"error": "proxy not found", "status": 404})

    def test_missing_fields(self):
        for body, text in (({"upstream": "127.0.0.1:1"}, "name"), ({"name": self.unique("x")}, "upstream")):
            answer = raw("POST", "/proxies", body)
            self.assertEqual(answer.status_code, 400)
            self.assertEqual(answer.json(), {"error": "missing required field: " + text, "status": 400})

    def test_disable_and_enable(self):
        proxy = self.server.create(upstream=self.serve(echo), name=self.unique("down"))
        conn = self.conn(proxy.listen)
        round_trip(conn, b"hello")
        with proxy.down():
            self.assertFalse(self.server.get_proxy(proxy.name).enabled)
            self.assertEqual(read_all(conn), b"")
            with self.assertRaises(ConnectionRefusedError):
                connect(proxy.listen)
        again = self.server.get_proxy(proxy.name)
        self.assertTrue(again.enabled)
        self.assertEqual(again.listen, proxy.listen)
        round_trip(self.conn(proxy.listen), b"hello again")

    def test_created_disabled(self):
        free = dead_address()
        proxy = self.server.create(upstream=self.serve(echo), name=self.unique("off"), listen=free, enabled=False)
        self.assertFalse(proxy.enabled)
        self.assertEqual(proxy.listen, free)
        with self.assertRaises(ConnectionRefusedError):
            connect(free)

    def test_update_upstream(self):
        one, two = self.serve(says(b"one")), self.serve(says(b"two"))
        proxy = self.server.create(upstream=one, name=self.unique("move"))
        self.assertEqual(read_all(self.conn(proxy.listen)), b"one")
        for method, to, text in (("POST", two, b"two"), ("PATCH", one, b"one")):
            answer = raw(method, "/proxies/" + proxy.name, {"upstream": to})
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(answer.json()["upstream"], to)
            self.assertEqual(answer.json()["listen"], proxy.listen)
            self.assertEqual(read_all(self.conn(proxy.listen)), text)

    def test_populate_of_the_client(self):
        to, other = self.serve(says(b"first")), self.serve(says(b"second"))
        names = [self.unique("a"), self.unique("b")]
        made = self.server.populate([{"name": n, "upstream": to, "listen": LOCAL} for n in names])
        self.assertEqual([p.name for p in made], names)
        same = [{"name": p.name, "upstream": to, "listen": p.listen} for p in made]
        self.assertEqual(self.server.populate(same), [])
        changed = self.server.populate([dict(same[0], upstream=other)])
        self.assertEqual(len(changed), 1)
        self.assertEqual(read_all(self.conn(changed[0].listen)), b"second")

    def test_populate_of_the_server(self):
        to = self.serve(echo)
        names = [self.unique("b"), self.unique("a")]
        answer = raw("POST", "/populate", [{"name": n, "listen": LOCAL, "upstream": to} for n in names])
        self.assertEqual(answer.status_code, 201)
        made = answer.json()["proxies"]
        self.assertEqual([p["name"] for p in made], names)
        self.assertTrue(all(p["enabled"] and p["toxics"] == [] for p in made))
        self.assertEqual(raw("POST", "/proxies/%s/toxics" % names[0], {"type": "latency"}).status_code, 200)
        same = [{"name": p["name"], "listen": p["listen"], "upstream": to} for p in made]
        again = raw("POST", "/populate", same)
        self.assertEqual(again.status_code, 201)
        self.assertEqual(len(self.toxics(names[0])), 1)
        bad = raw("POST", "/populate", [same[0], {"name": self.unique("c")}])
        self.assertEqual(bad.status_code, 400)
        self.assertEqual(bad.json(), {"error": "missing required field: upstream at proxy 2", "status": 400, "proxies": None})

    def test_reset(self):
        proxy = self.server.create(upstream=self.serve(echo), name=self.unique("reset"))
        proxy.add_toxic(type="latency", attributes={"latency": 60000})
        proxy.add_toxic(type="timeout", stream="upstream", attributes={"timeout": 0})
        proxy.disable()
        self.assertTrue(self.server.reset())
        self.assertTrue(self.server.get_proxy(proxy.name).enabled)
        self.assertEqual(proxy.toxics(), {})
        round_trip(self.conn(proxy.listen), b"quick again")

    def test_browsers_are_refused(self):
        answer = raw("GET", "/proxies", headers={"User-Agent": "Mozilla/5.0"})
        self.assertEqual((answer.status_code, answer.text), (403, "User agent not allowed\n"))


TOXICS = {
    "latency": ({"latency": 100, "jitter": 10}, {"latency": 150}),
    "bandwidth": ({"rate": 1000}, {"rate": 2000}),
    "slow_close": ({"delay": 100}, {"delay": 200}),
    "timeout": ({"timeout": 1000}, {"timeout": 2000}),
    "reset_peer": ({"timeout": 100}, {"timeout": 200}),
    "slicer": ({"average_size": 64, "size_variation": 32, "delay": 10}, {"delay": 20}),
    "limit_data": ({"bytes": 1000}, {"bytes": 2000}),
}


class Toxics(Base):
    def test_each_type(self):
        proxy = self.server.create(upstream=self.serve(echo), name=self.unique("types"))
        for kind, (attributes, change) in TOXICS.items():
            with self.subTest(kind):
                proxy.add_toxic(type=kind)
                proxy.add_toxic(name="mine", type=kind, stream="upstream", toxicity=0.5, attributes=attributes)
                both = proxy.toxics()
                self.assertEqual(list(both), ["mine", kind + "_downstream"])  # upstream first
                mine, plain = both["mine"], both[kind + "_downstream"]
                self.assertEqual((mine.type, mine.stream, mine.toxicity, mine.attributes), (kind, "upstream", 0.5, attributes))
                self.assertEqual((plain.type, plain.stream, plain.toxicity), (kind, "downstream", 1))
                self.assertEqual(plain.attributes, dict.fromkeys(attributes, 0))

                path = "/proxies/%s/toxics/mine" % proxy.name
                answer = raw("POST", path, {"attributes": change})
                self.assertEqual(answer.status_code, 200)
                self.assertEqual(answer.json()["attributes"], dict(attributes, **change))
                self.assertEqual(answer.json()["toxicity"], 0.5)
                answer = raw("PATCH", path, {"toxicity": 1.0})
                self.assertEqual(answer.json()["attributes"], dict(attributes, **change))
                self.assertEqual(answer.json()["toxicity"], 1)
                self.assertEqual(raw("GET", path).json(), answer.json())

                self.assertTrue(proxy.destroy_toxic("mine"))
                self.assertIsNone(proxy.get_toxic("mine"))
                with self.assertRaises(NotFound) as caught:
                    proxy.destroy_toxic("mine")
                self.assertEqual(json.loads(caught.exception.args[0]), {"error": "toxic not found", "status": 404})
                proxy.destroy_toxic(kind + "_downstream")
                self.assertEqual(self.toxics(proxy.name), [])

    def test_refused(self):
        proxy = self.server.create(upstream=self.serve(echo), name=self.unique("bad"))
        proxy.add_toxic(type="latency", name="one")
        with self.assertRaises(ProxyExists) as caught:  # the client has one name for all 409
            proxy.add_toxic(type="timeout", name="one", stream="upstream")
        self.assertEqual(json.loads(caught.exception.args[0]), {"error": "toxic already exists", "status": 409})
        for bad in ({"type": "nonsense"}, {"type": "timeout", "stream": "sideways"}, {"type": "timeout", "attributes": {"timeout": "long"}}):
            with self.assertRaises(InvalidToxic):
                proxy.add_toxic(**bad)
        self.assertEqual(len(self.toxics(proxy.name)), 1)


class Traffic(Base):
    def proxied(self, word, work, **toxic):
        proxy = self.server.create(upstream=self.serve(work), name=self.unique(word))
        if toxic:
            proxy.add_toxic(**toxic)
        return proxy

    def test_a_megabyte(self):
        proxy = self.proxied("plain", echo)
        conn = self.conn(proxy.listen)
        data = os.urandom(1 << 20)
        sender = threading.Thread(target=conn.sendall, args=(data,), daemon=True)
        sender.start()
        self.assertEqual(read_exactly(conn, len(data)), data)
        sender.join(WAIT)

    def test_http(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = ("you asked for " + self.path).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        proxy = self.server.create(upstream="127.0.0.1:%d" % server.server_port, name=self.unique("http"))
        url = "http://127.0.0.1:%d/page" % port_of(proxy.listen)
        self.assertEqual(requests.get(url, timeout=WAIT).text, "you asked for /page")
        proxy.add_toxic(type="latency", attributes={"latency": 200})
        began = time.monotonic()
        self.assertEqual(requests.get(url, timeout=WAIT).text, "you asked for /page")
        self.assertGreaterEqual(time.monotonic() - began, 0.199)

    def test_dead_upstream(self):
        proxy = self.server.create(upstream=dead_address(), name=self.unique("dead"))
        self.assertEqual(read_all(self.conn(proxy.listen)), b"")

    def test_latency(self):
        for stream in ("downstream", "upstream"):
            with self.subTest(stream):
                proxy = self.proxied("latency", echo, type="latency", stream=stream, attributes={"latency": 200})
                self.assertGreaterEqual(round_trip(self.conn(proxy.listen), b"ping"), 0.199)

    def test_open_connection(self):
        proxy = self.proxied("live", echo)
        conn = self.conn(proxy.listen)
        round_trip(conn, b"before")
        proxy.add_toxic(type="latency", attributes={"latency": 200})
        self.assertGreaterEqual(round_trip(conn, b"slow"), 0.199)
        raw("POST", "/proxies/%s/toxics/latency_downstream" % proxy.name, {"attributes": {"latency": 9000}})
        began = time.monotonic()
        conn.sendall(b"held")
        time.sleep(0.2)
        proxy.destroy_toxic("latency_downstream")  # lets go what it held
        self.assertEqual(read_exactly(conn, 4), b"held")
        round_trip(conn, b"after")
        self.assertLess(time.monotonic() - began, 6)

    def test_toxicity_zero(self):
        proxy = self.proxied("never", echo, type="latency", toxicity=0, attributes={"latency": 6000})
        self.assertLess(round_trip(self.conn(proxy.listen), b"ping"), 4)

    def test_limit_data(self):
        proxy = self.proxied("limit", echo, type="limit_data", attributes={"bytes": 10})
        conn = self.conn(proxy.listen)
        round_trip(conn, b"1234")
        conn.sendall(b"567890abcdef")
        self.assertEqual(read_all(conn), b"567890")
        round_trip(self.conn(proxy.listen), b"each for itself"[:9])

    def test_timeout(self):
        proxy = self.proxied("timeout", echo, type="timeout", attributes={"timeout": 300})
        conn = self.conn(proxy.listen)
        began = time.monotonic()
        conn.sendall(b"into the dark")
        self.assertEqual(read_all(conn), b"")
        self.assertGreaterEqual(time.monotonic() - began, 0.25)

    def test_timeout_zero(self):
        proxy = self.proxied("timeout0", echo, type="timeout", attributes={"timeout": 0})
        conn = self.conn(proxy.listen)
        conn.sendall(b"into the dark")
        conn.settimeout(0.5)
        with self.assertRaises(socket.timeout):
            conn.recv(1)
        conn.settimeout(WAIT)
        proxy.destroy_toxic("timeout_downstream")
        self.assertEqual(read_all(conn), b"")
        round_trip(self.conn(proxy.listen), b"a new one works")

    def test_reset_peer(self):
        proxy = self.proxied("rst", echo, type="reset_peer", attributes={"timeout": 100})
        conn = self.conn(proxy.listen)
        conn.sendall(b"ping")
        with self.assertRaises(ConnectionResetError):
            conn.recv(1)

    def test_slow_close(self):
        proxy = self.proxied("slow-close", says(b"bye"), type="slow_close", attributes={"delay": 600})
        began = time.monotonic()
        conn = self.conn(proxy.listen)
        self.assertEqual(read_exactly(conn, 3), b"bye")
        self.assertEqual(read_all(conn), b"")
        self.assertGreaterEqual(time.monotonic() - began, 0.595)

    def test_bandwidth(self):
        data = b"x" * 60000
        proxy = self.proxied("bandwidth", says(data), type="bandwidth", attributes={"rate": 100})
        began = time.monotonic()
        self.assertEqual(read_all(self.conn(proxy.listen)), data)
        self.assertGreaterEqual(time.monotonic() - began, 0.5)

    def test_slicer(self):
        proxy = self.proxied("slicer", echo, type="slicer", attributes={"average_size": 10, "size_variation": 2, "delay": 30000})
        conn = self.conn(proxy.listen)
        data, pieces = b"", 0
        began = time.monotonic()
        conn.sendall(b"0123456789" * 10)
        while len(data) < 100:
            part = conn.recv(65536)
            self.assertTrue(part, "the connection ended")
            data, pieces = data + part, pieces + 1
        self.assertEqual(data, b"0123456789" * 10)
        self.assertGreaterEqual(pieces, 4)
        self.assertGreaterEqual(time.monotonic() - began, 0.15)


# ---------------------------------------------------------------- chaostoolkit-toxiproxy


@unittest.skipIf(chaos_proxy is None, "chaostoolkit-toxiproxy is not installed")
class ChaosToolkit(Base):
    def setUp(self):
        super().setUp()
        self.conf = {"toxiproxy_url": API}

    def tearDown(self):
        super().tearDown()
        for key in [k for k in os.environ if k.startswith(PREFIX)]:
            del os.environ[key]

    def make(self, word, work):
        host, _, port = self.serve(work).partition(":")
        name = self.unique(word)
        made = chaos_proxy.create_proxy(name, host, int(port), listen_host="127.0.0.1", configuration=self.conf)
        self.assertTrue(made)
        return name, "127.0.0.1:" + self.conf[name + "_PORT"]

    def test_proxy(self):
        name, listen = self.make("chaos", echo)
        self.assertTrue(chaos_probe.proxy_exist(name, configuration=self.conf))
        self.assertFalse(chaos_probe.proxy_exist(self.unique("nobody"), configuration=self.conf))
        self.assertEqual(chaos_probe.get_proxy_attribute(name, "listen", configuration=self.conf), listen)
        round_trip(self.conn(listen), b"hello")
        with self.assertRaises(AssertionError):  # a second of one name
            chaos_proxy.create_proxy(name, "127.0.0.1", 1, listen_host="127.0.0.1", configuration=self.conf)

        self.assertTrue(chaos_proxy.disable_proxy(name, configuration=self.conf))
        self.assertIs(chaos_probe.get_proxy_attribute(name, "enabled", configuration=self.conf), False)
        with self.assertRaises(ConnectionRefusedError):
            connect(listen)
        self.assertTrue(chaos_proxy.enable_proxy(name, configuration=self.conf))
        round_trip(self.conn(listen), b"hello again")

        other = self.serve(says(b"other"))
        self.assertTrue(chaos_proxy.modify_proxy(name, upstream_address=other, configuration=self.conf))
        self.assertEqual(read_all(self.conn(listen)), b"other")
        chaos_proxy.delete_proxy(name, configuration=self.conf)
        self.assertFalse(chaos_probe.proxy_exist(name, configuration=self.conf))

    def test_host_and_port_of_the_configuration(self):
        at = urlsplit(API)
        self.conf = {"toxiproxy_host": at.hostname, "toxiproxy_port": at.port}
        name, listen = self.make("hostport", echo)
        round_trip(self.conn(listen), b"hello")
        self.assertTrue(chaos_proxy.reset(configuration=self.conf))

    def test_toxics(self):
        name, listen = self.make("toxics", echo)
        made = [
            chaos_toxic.create_latency_toxic(name, "t1", 200, 0, configuration=self.conf),
            chaos_toxic.create_bandwith_degradation_toxic(name, "t2", 100000, configuration=self.conf),
            chaos_toxic.create_slow_connection_close_toxic(name, "t3", 10, configuration=self.conf),
            chaos_toxic.create_slicer_toxic(name, "t4", 64, 32, 10, configuration=self.conf),
            chaos_toxic.create_limiter_toxic(name, "t5", 100000, configuration=self.conf),
            # sends "attributes": null
            chaos_toxic.create_toxic(name, "t6", "latency", stream="upstream", configuration=self.conf),
            chaos_toxic.create_timeout_toxic(self.make("timeout", echo)[0], "t7", 500, configuration=self.conf),
        ]
        self.assertEqual(made, [True] * 7)
        toxics = {t["name"]: t for t in self.toxics(name)}
        self.assertEqual(list(toxics), ["t6", "t1", "t2", "t3", "t4", "t5"])
        self.assertEqual(toxics["t1"]["attributes"], {"latency": 200, "jitter": 0})
        self.assertEqual(toxics["t4"]["attributes"], {"average_size": 64, "size_variation": 32, "delay": 10})
        self.assertEqual(toxics["t6"]["attributes"], {"latency": 0, "jitter": 0})
        self.assertGreaterEqual(round_trip(self.conn(listen), b"ping"), 0.199)
        self.assertTrue(chaos_toxic.delete_toxic(name, "t1", configuration=self.conf))
        self.assertFalse(chaos_toxic.delete_toxic(name, "t1", configuration=self.conf))
        self.assertTrue(chaos_proxy.reset(configuration=self.conf))
        self.assertEqual(self.toxics(name), [])
        round_trip(self.conn(listen), b"ping")


if __name__ == "__main__":
    socket.setdefaulttimeout(WAIT)
    unittest.main(verbosity=2)
