// The proxy's HTTP API as the npm package toxiproxy-node-client sees it.
//
//   RHAID_PROXY_API=http://127.0.0.1:8474 node --test client.test.mjs
//
// The server should be used by this test alone: it calls /reset. All traffic
// stays on 127.0.0.1, every test has a time limit, and every upstream is
// started here on a free port.
import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import client from "toxiproxy-node-client";

const API = (process.env.RHAID_PROXY_API ?? "").replace(/\/+$/, "");
assert.match(API, /^http:\/\//, "set RHAID_PROXY_API, for example to http://127.0.0.1:8474");

const toxiproxy = new client.Toxiproxy(API);
const LIMIT = { timeout: 15_000 };
const LOCAL = "127.0.0.1:0";
const prefix = `node-${process.pid}-`;
const closers = [];
let count = 0;

// ------------------------------------------------------------ helpers

function unique(word) {
  count += 1;
  return `${prefix}${count}-${word}`;
}

/** Starts a TCP server on a free port; `serve` gets each socket. */
async function upstream(serve) {
  const open = new Set();
  const server = net.createServer({ allowHalfOpen: false }, (socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    serve(socket);
  });
  await new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", done);
  });
  closers.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${server.address().port}`;
}

const echo = () => upstream((socket) => socket.pipe(socket));

/** A port on which nothing listens. */
async function deadAddress() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return `127.0.0.1:${port}`;
}

async function newProxy(word, to, more = {}) {
  return toxiproxy.createProxy({ name: unique(word), listen: LOCAL, upstream: to, ...more });
}

function portOf(proxy) {
  return Number(proxy.listen.slice(proxy.listen.lastIndexOf(":") + 1));
}

/** A connection which remembers what it got and when it ended. */
async function connect(port) {
  const socket = net.connect({ port, host: "127.0.0.1" });
  const seen = { bytes: Buffer.alloc(0), pieces: 0, error: null, closed: false };
  let wake = () => {};
  socket.on("data", (data) => {
    seen.bytes = Buffer.concat([seen.bytes, data]);
    seen.pieces += 1;
    wake();
  });
  socket.on("error", (error) => {
    seen.error = error;
    wake();
  });
  socket.on("close", () => {
    seen.closed = true;
    wake();
  });
  const until = async (what, ms = 8_000) => {
    const end = Date.now() + ms;
    while (!what(seen)) {
      if (Date.now() > end) throw new Error(`waited ${ms} ms; got ${seen.bytes.length} bytes, closed ${seen.closed}`);
      await Promise.race([new Promise((r) => (wake = r)), sleep(20)]);
    }
    return seen;
  };
  closers.push(() => socket.destroy());
  await new Promise((done, fail) => {
    socket.once("connect", done);
    socket.once("error", fail);
  });
  return { socket, seen, until, write: (data) => socket.write(data) };
}

/** Sends `text` and waits for as many bytes; gives the milliseconds it took. */
async function roundTrip(conn, text) {
  const want = conn.seen.bytes.length + Buffer.byteLength(text);
  const began = performance.now();
  conn.write(text);
  await conn.until((s) => s.bytes.length >= want || s.closed);
  assert.equal(conn.seen.bytes.length, want, "the connection ended before the answer was whole");
  return performance.now() - began;
}

async function raw(method, path, body, headers = {}) {
  const answer = await fetch(API + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.status, text, json };
}

/** The client keeps only the status of an error, in its message. */
const refused = (status) => (error) => {
  assert.ok(error instanceof client.ToxiproxyError, `not a ToxiproxyError: ${error}`);
  assert.equal(error.message, `Request failed with status code ${status}`);
  return true;
};

afterEach(async () => {
  while (closers.length > 0) closers.pop()();
  const proxies = await toxiproxy.getAll();
  for (const [name, proxy] of Object.entries(proxies)) {
    if (name.startsWith(prefix)) await proxy.remove();
  }
});

after(() => {
  while (closers.length > 0) closers.pop()();
});

// ------------------------------------------------------------ proxies

describe("proxies", () => {
  test("version is JSON", LIMIT, async () => {
    const version = JSON.parse(await toxiproxy.getVersion());
    assert.deepEqual(Object.keys(version), ["version"]);
    assert.match(version.version, /^\d+\.\d+\.\d+/);
  });

  test("create, get, list and delete", LIMIT, async () => {
    const to = await echo();
    const made = await newProxy("crud", to);
    assert.equal(made.upstream, to);
    assert.equal(made.enabled, true);
    assert.match(made.listen, /^127\.0\.0\.1:[1-9]\d*$/, "port 0 becomes the port taken");

    const got = await toxiproxy.get(made.name);
    assert.deepEqual(got.toJson(), made.toJson());
    const all = await toxiproxy.getAll();
    assert.deepEqual(all[made.name].toJson(), made.toJson());

    await made.remove();
    await assert.rejects(toxiproxy.get(made.name), refused(404));
    assert.equal((await toxiproxy.getAll())[made.name], undefined);
    await assert.rejects(connect(portOf(made)), { code: "ECONNREFUSED" });
  });

  test("a second proxy of one name is a conflict", LIMIT, async () => {
    const made = await newProxy("twice", await echo());
    const again = { name: made.name, listen: LOCAL, upstream: made.upstream };
    await assert.rejects(toxiproxy.createProxy(again), refused(409));
    const answer = await raw("POST", "/proxies", again);
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.json, { error: "proxy already exists", status: 409 });
  });

  test("an address in use is a server error and makes no proxy", LIMIT, async () => {
    const made = await newProxy("port", await echo());
    const other = { name: unique("port2"), listen: made.listen, upstream: made.upstream };
    await assert.rejects(toxiproxy.createProxy(other), refused(500));
    await assert.rejects(toxiproxy.get(other.name), refused(404));
  });

  test("fields which are missing", LIMIT, async () => {
    await assert.rejects(toxiproxy.createProxy({ listen: LOCAL, upstream: "127.0.0.1:1" }), refused(400));
    await assert.rejects(toxiproxy.createProxy({ name: unique("no-upstream"), listen: LOCAL }), refused(400));
  });

  test("a proxy which is missing", LIMIT, async () => {
    await assert.rejects(toxiproxy.get(unique("nobody")), refused(404));
    const gone = await newProxy("gone", await echo());
    await gone.remove();
    await assert.rejects(gone.update({ enabled: false }), refused(404));
    await assert.rejects(gone.addToxic({ type: "latency", attributes: {} }), refused(404));
    await assert.rejects(gone.remove(), refused(404));
    const answer = await raw("GET", `/proxies/${gone.name}`);
    assert.deepEqual(answer.json, { error: "proxy not found", status: 404 });
  });

  test("disable drops connections and refuses new ones, enable takes them again", LIMIT, async () => {
    const proxy = await newProxy("down", await echo());
    const conn = await connect(portOf(proxy));
    await roundTrip(conn, "hello");

    const off = await proxy.update({ enabled: false });
    assert.equal(off.enabled, false);
    assert.equal(off.listen, proxy.listen);
    await conn.until((s) => s.closed);
    await assert.rejects(connect(portOf(proxy)), { code: "ECONNREFUSED" });

    const on = await off.update({ enabled: true });
    assert.equal(on.enabled, true);
    assert.equal(on.listen, proxy.listen);
    await roundTrip(await connect(portOf(on)), "hello again");
  });

  test("created disabled, it does not listen", LIMIT, async () => {
    const free = await deadAddress();
    const proxy = await newProxy("off", await echo(), { listen: free, enabled: false });
    assert.equal(proxy.enabled, false);
    assert.equal(proxy.listen, free);
    await assert.rejects(connect(portOf(proxy)), { code: "ECONNREFUSED" });
  });

  test("another upstream, on the same listen address", LIMIT, async () => {
    const one = await upstream((s) => s.end("one"));
    const two = await upstream((s) => s.end("two"));
    const proxy = await newProxy("move", one);
    const first = await connect(portOf(proxy));
    assert.equal((await first.until((s) => s.closed)).bytes.toString(), "one");

    const moved = await proxy.update({ upstream: two });
    assert.equal(moved.upstream, two);
    assert.equal(moved.listen, proxy.listen);
    assert.equal(moved.enabled, true);
    const second = await connect(portOf(moved));
    assert.equal((await second.until((s) => s.closed)).bytes.toString(), "two");
  });

  test("populate makes, keeps and replaces", LIMIT, async () => {
    const to = await echo();
    const names = [unique("pop-a"), unique("pop-b")];
    const made = await toxiproxy.populate(names.map((name) => ({ name, listen: LOCAL, upstream: to })));
    assert.deepEqual(Object.keys(made), names);
    for (const name of names) {
      assert.equal(made[name].enabled, true);
      assert.ok(portOf(made[name]) > 0);
    }
    await made[names[0]].addToxic({ type: "latency", attributes: { latency: 1 } });

    const same = names.map((name) => ({ name, listen: made[name].listen, upstream: to }));
    const kept = await toxiproxy.populate(same);
    assert.equal(kept[names[0]].enabled, true);
    assert.equal(kept[names[0]].listen, made[names[0]].listen);
    assert.equal((await raw("GET", `/proxies/${names[0]}/toxics`)).json.length, 1, "an equal proxy is left alone");

    const other = await echo();
    const changed = await toxiproxy.populate([{ ...same[0], upstream: other }]);
    assert.equal(changed[names[0]].upstream, other);
    assert.equal((await raw("GET", `/proxies/${names[0]}/toxics`)).json.length, 0, "a replaced proxy is a new one");
    assert.equal((await toxiproxy.get(names[1])).upstream, to, "who is not listed stays");
    await roundTrip(await connect(portOf(changed[names[0]])), "through the new one");
  });

  test("populate refuses a nameless proxy before it makes any", LIMIT, async () => {
    const name = unique("pop-bad");
    await assert.rejects(toxiproxy.populate([{ name, listen: LOCAL, upstream: "127.0.0.1:1" }, { upstream: "127.0.0.1:1" }]), refused(400));
    await assert.rejects(toxiproxy.get(name), refused(404));
  });

  test("reset enables proxies and removes toxics", LIMIT, async () => {
    const proxy = await newProxy("reset", await echo());
    await proxy.addToxic({ type: "latency", attributes: { latency: 60_000 } });
    await proxy.addToxic({ type: "bandwidth", stream: "upstream", attributes: { rate: 1 } });
    await proxy.update({ enabled: false });
    await toxiproxy.reset();
    const after = await toxiproxy.get(proxy.name);
    assert.equal(after.enabled, true);
    assert.equal(after.listen, proxy.listen);
    assert.deepEqual((await raw("GET", `/proxies/${proxy.name}/toxics`)).json, []);
    await roundTrip(await connect(portOf(after)), "quick again");
  });

  test("a browser is refused, this client is not", LIMIT, async () => {
    const answer = await raw("GET", "/proxies", undefined, { "User-Agent": "Mozilla/5.0 (X11)" });
    assert.equal(answer.status, 403);
    assert.equal(answer.text, "User agent not allowed\n");
    await toxiproxy.getAll();
  });
});

// ------------------------------------------------------------ toxics: the API

const TOXICS = [
  ["latency", { latency: 100, jitter: 10 }, { latency: 150 }],
  ["bandwidth", { rate: 1000 }, { rate: 2000 }],
  ["slow_close", { delay: 100 }, { delay: 200 }],
  ["timeout", { timeout: 1000 }, { timeout: 2000 }],
  ["reset_peer", { timeout: 100 }, { timeout: 200 }],
  ["slicer", { average_size: 64, size_variation: 32, delay: 10 }, { delay: 20 }],
  ["limit_data", { bytes: 1000 }, { bytes: 2000 }],
];

describe("toxics by the API", () => {
  for (const [type, attributes, change] of TOXICS) {
    test(`add, show, update and remove ${type}`, LIMIT, async () => {
      const proxy = await newProxy(type, await echo());
      const zero = Object.fromEntries(Object.keys(attributes).map((key) => [key, 0]));

      const plain = await proxy.addToxic({ type });
      assert.deepEqual(plain.toJson(), { attributes: zero, name: `${type}_downstream`, stream: "downstream", toxicity: 1, type });

      const named = await proxy.addToxic({ name: "mine", type, stream: "upstream", toxicity: 0.5, attributes });
      const wanted = { attributes, name: "mine", stream: "upstream", toxicity: 0.5, type };
      assert.deepEqual(named.toJson(), wanted);
      assert.deepEqual((await proxy.getToxic("mine")).toJson(), wanted);

      const listed = (await raw("GET", `/proxies/${proxy.name}/toxics`)).json;
      assert.deepEqual(listed.map((toxic) => toxic.name), ["mine", `${type}_downstream`], "upstream comes first");
      assert.deepEqual((await raw("GET", `/proxies/${proxy.name}`)).json.toxics, listed);

      const updated = await named.update({ attributes: change, toxicity: 1 });
      assert.deepEqual(updated.toJson(), { ...wanted, attributes: { ...attributes, ...change }, toxicity: 1 });
      assert.deepEqual((await proxy.getToxic("mine")).toJson(), updated.toJson());

      await named.remove();
      await assert.rejects(proxy.getToxic("mine"), refused(404));
      await assert.rejects(named.remove(), refused(404));
      await assert.rejects(named.update({ attributes: {} }), refused(404));
      await plain.remove();
      assert.deepEqual((await raw("GET", `/proxies/${proxy.name}/toxics`)).json, []);
    });
  }

  test("toxics which are refused", LIMIT, async () => {
    const proxy = await newProxy("bad", await echo());
    await proxy.addToxic({ name: "one", type: "latency", attributes: {} });
    await assert.rejects(proxy.addToxic({ name: "one", type: "timeout", stream: "upstream", attributes: {} }), refused(409));
    await assert.rejects(proxy.addToxic({ type: "nonsense", attributes: {} }), refused(400));
    await assert.rejects(proxy.addToxic({ type: "timeout", stream: "sideways", attributes: {} }), refused(400));
    await assert.rejects(proxy.addToxic({ type: "timeout", attributes: { timeout: "long" } }), refused(400));
    assert.equal((await raw("GET", `/proxies/${proxy.name}/toxics`)).json.length, 1);
  });
});

// ------------------------------------------------------------ toxics: the traffic

describe("traffic", () => {
  test("a megabyte comes back whole", LIMIT, async () => {
    const proxy = await newProxy("plain", await echo());
    const conn = await connect(portOf(proxy));
    const data = Buffer.alloc(1 << 20);
    for (let i = 0; i < data.length; i += 1) data[i] = (i * 31) & 0xff;
    conn.write(data);
    await conn.until((s) => s.bytes.length >= data.length || s.closed);
    assert.ok(conn.seen.bytes.equals(data));
  });

  test("HTTP passes", LIMIT, async () => {
    const server = http.createServer((req, res) => res.end(`you asked for ${req.url}`));
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const proxy = await newProxy("http", `127.0.0.1:${server.address().port}`);
    const text = await new Promise((done, fail) => {
      const request = http.get({ port: portOf(proxy), host: "127.0.0.1", path: "/page", agent: false }, (res) => {
        let all = "";
        res.on("data", (part) => (all += part));
        res.on("end", () => done(all));
      });
      request.on("error", fail);
    });
    assert.equal(text, "you asked for /page");
  });

  test("with the upstream gone a connection opens and ends without a byte", LIMIT, async () => {
    const proxy = await newProxy("dead", await deadAddress());
    const conn = await connect(portOf(proxy));
    await conn.until((s) => s.closed);
    assert.equal(conn.seen.bytes.length, 0);
  });

  for (const stream of ["downstream", "upstream"]) {
    test(`latency of 200 ms, ${stream}`, LIMIT, async () => {
      const proxy = await newProxy(`latency-${stream}`, await echo());
      await proxy.addToxic({ type: "latency", stream, attributes: { latency: 200 } });
      const took = await roundTrip(await connect(portOf(proxy)), "ping");
      assert.ok(took >= 199, `the answer took ${took} ms`);
    });
  }

  test("two latencies add up", LIMIT, async () => {
    const proxy = await newProxy("latencies", await echo());
    await proxy.addToxic({ name: "l1", type: "latency", attributes: { latency: 150 } });
    await proxy.addToxic({ name: "l2", type: "latency", attributes: { latency: 150 } });
    const took = await roundTrip(await connect(portOf(proxy)), "ping");
    assert.ok(took >= 299, `the answer took ${took} ms`);
  });

  test("latency delays, it does not slow down", LIMIT, async () => {
    const proxy = await newProxy("pipeline", await echo());
    await proxy.addToxic({ type: "latency", attributes: { latency: 400 } });
    const conn = await connect(portOf(proxy));
    const began = performance.now();
    for (let i = 0; i < 8; i += 1) {
      conn.write("part.");
      await sleep(20);
    }
    await conn.until((s) => s.bytes.length >= 40 || s.closed);
    const took = performance.now() - began;
    assert.equal(conn.seen.bytes.toString(), "part.".repeat(8));
    assert.ok(took >= 399 && took < 2_400, `eight delayed parts took ${took} ms, one after another they would take 3200`);
  });

  test("an open connection feels a toxic come, change and go", LIMIT, async () => {
    const proxy = await newProxy("live", await echo());
    const conn = await connect(portOf(proxy));
    await roundTrip(conn, "before");
    const toxic = await proxy.addToxic({ type: "latency", attributes: { latency: 200 } });
    assert.ok((await roundTrip(conn, "slow")) >= 199);
    await toxic.update({ attributes: { latency: 400 } });
    assert.ok((await roundTrip(conn, "slower")) >= 399);
    await toxic.update({ attributes: { latency: 9_000 } });
    const began = performance.now();
    conn.write("held");
    await sleep(200);
    await toxic.remove(); // lets go what it held
    await conn.until((s) => s.bytes.toString().endsWith("held") || s.closed);
    await roundTrip(conn, "after");
    assert.ok(performance.now() - began < 6_000);
    assert.equal(conn.seen.bytes.toString(), "beforeslowslowerheldafter");
  });

  test("toxicity 0 leaves the traffic alone", LIMIT, async () => {
    const proxy = await newProxy("never", await echo());
    await proxy.addToxic({ type: "latency", toxicity: 0, attributes: { latency: 6_000 } });
    assert.ok((await roundTrip(await connect(portOf(proxy)), "ping")) < 4_000);
  });

  test("limit_data ends the connection after its bytes", LIMIT, async () => {
    const proxy = await newProxy("limit", await echo());
    await proxy.addToxic({ type: "limit_data", attributes: { bytes: 10 } });
    const conn = await connect(portOf(proxy));
    await roundTrip(conn, "1234");
    conn.write("567890abcdef");
    await conn.until((s) => s.closed);
    assert.equal(conn.seen.bytes.toString(), "1234567890");
    const next = await connect(portOf(proxy));
    await roundTrip(next, "1234"); // each connection counts for itself
  });

  test("timeout swallows the data and ends the connection", LIMIT, async () => {
    const proxy = await newProxy("timeout", await echo());
    await proxy.addToxic({ type: "timeout", attributes: { timeout: 300 } });
    const conn = await connect(portOf(proxy));
    const began = performance.now();
    conn.write("into the dark");
    await conn.until((s) => s.closed);
    const took = performance.now() - began;
    assert.equal(conn.seen.bytes.length, 0);
    assert.ok(took >= 250, `closed after ${took} ms`);
  });

  test("timeout 0 waits; taking it away closes the connection", LIMIT, async () => {
    const proxy = await newProxy("timeout0", await echo());
    const toxic = await proxy.addToxic({ type: "timeout", attributes: { timeout: 0 } });
    const conn = await connect(portOf(proxy));
    conn.write("into the dark");
    await sleep(500);
    assert.equal(conn.seen.closed, false);
    assert.equal(conn.seen.bytes.length, 0);
    await toxic.remove();
    await conn.until((s) => s.closed);
    assert.equal(conn.seen.bytes.length, 0);
    await roundTrip(await connect(portOf(proxy)), "a new one works");
  });

  test("reset_peer resets", LIMIT, async () => {
    const proxy = await newProxy("rst", await echo());
    await proxy.addToxic({ type: "reset_peer", attributes: { timeout: 100 } });
    const conn = await connect(portOf(proxy));
    conn.write("ping");
    await conn.until((s) => s.closed);
    assert.equal(conn.seen.bytes.length, 0);
    assert.equal(conn.seen.error?.code, "ECONNRESET");
  });

  test("slow_close holds the end back, not the data", LIMIT, async () => {
    const proxy = await newProxy("slow-close", await upstream((s) => s.end("bye")));
    await proxy.addToxic({ type: "slow_close", attributes: { delay: 600 } });
    const began = performance.now();
    const conn = await connect(portOf(proxy));
    await conn.until((s) => s.bytes.length === 3 || s.closed);
    assert.equal(conn.seen.closed, false, "the data came only with the end");
    await conn.until((s) => s.closed);
    assert.ok(performance.now() - began >= 595);
    assert.equal(conn.seen.bytes.toString(), "bye");
  });

  test("bandwidth: 60 kB at 100 kB/s", LIMIT, async () => {
    const data = Buffer.alloc(60_000, "x");
    const proxy = await newProxy("bandwidth", await upstream((s) => s.end(data)));
    await proxy.addToxic({ type: "bandwidth", attributes: { rate: 100 } });
    const began = performance.now();
    const conn = await connect(portOf(proxy));
    await conn.until((s) => s.closed);
    const took = performance.now() - began;
    assert.ok(conn.seen.bytes.equals(data));
    assert.ok(took >= 500, `600 ms of data took ${took} ms`);
  });

  test("slicer cuts the data into pieces and loses none", LIMIT, async () => {
    const proxy = await newProxy("slicer", await echo());
    await proxy.addToxic({ type: "slicer", attributes: { average_size: 10, size_variation: 2, delay: 30_000 } });
    const conn = await connect(portOf(proxy));
    const text = "0123456789".repeat(10);
    const took = await roundTrip(conn, text);
    assert.equal(conn.seen.bytes.toString(), text);
    assert.ok(conn.seen.pieces >= 4, `${conn.seen.pieces} pieces`);
    assert.ok(took >= 150, `took ${took} ms`);
  });
});
