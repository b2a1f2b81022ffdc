"""Drives a headless Chromium against a running `rhaid demo` and writes what it did as a HAR.

    rhaid demo --listen 127.0.0.1:8080 &
    python3 tests/convert/chromium.py http://127.0.0.1:8080 tests/convert/fixtures/chromium.har

It made the fixture `chromium.har`; it is no part of the tests. The browser is spoken to over its debugging pipe, so
that nothing but Python's own library is needed; what it tells of each request goes into the archive as Chrome's network
panel would write it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

BASE, OUT = sys.argv[1], sys.argv[2]

to_browser, from_browser = os.pipe(), os.pipe()
os.dup2(to_browser[0], 103)
os.dup2(from_browser[1], 104)
profile = tempfile.mkdtemp()


def connect():
    os.dup2(103, 3)
    os.dup2(104, 4)


browser = subprocess.Popen(
    ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
     f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking",
     "--disable-component-update", "about:blank"],
    preexec_fn=connect, pass_fds=(3, 4), stderr=subprocess.DEVNULL)

entries, pages, order, pending, replies = {}, [], [], b"", {}
counter = 0


def pump(until):
    global pending
    while not until():
        while b"\0" not in pending:
            data = os.read(from_browser[0], 65536)
            if not data:
                raise SystemExit("the browser went away")
            pending += data
        raw, pending = pending.split(b"\0", 1)
        event(json.loads(raw))


def send(method, session=None, **params):
    global counter
    counter += 1
    me = counter
    message = {"id": me, "method": method, "params": params}
    if session:
        message["sessionId"] = session
    os.write(to_browser[1], json.dumps(message).encode() + b"\0")
    pump(lambda: me in replies)
    return replies.pop(me)


def event(message):
    if "id" in message:
        replies[message["id"]] = message.get("result", message)
        return
    params = message.get("params", {})
    key = params.get("requestId")
    kind = message["method"]
    if kind == "Network.requestWillBeSent":
        if key in entries and "redirectResponse" in params:
            order.append(entries.pop(key))
        entries[key] = {"request": params["request"], "wall": params["wallTime"], "start": params["timestamp"],
                        "type": params.get("type", "other").lower(), "page": f"page_{len(pages)}", "id": key}
    elif kind == "Network.responseReceived" and key in entries:
        entries[key]["response"] = params["response"]
    elif kind == "Network.requestWillBeSentExtraInfo" and key in entries:
        entries[key]["sent"] = params["headers"]
    elif kind == "Network.responseReceivedExtraInfo" and key in entries:
        entries[key]["got"] = params["headers"]
    elif kind in ("Network.loadingFinished", "Network.loadingFailed") and key in entries:
        entries[key]["end"] = params["timestamp"]
        order.append(entries.pop(key))
        order[-1]["done"] = kind.endswith("Finished")


target = send("Target.createTarget", url="about:blank")["targetId"]
session = send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
send("Network.enable", session)
send("Page.enable", session)


def visit(path, title):
    pages.append({"startedDateTime": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
                  "id": f"page_{len(pages) + 1}", "title": title, "pageTimings": {}})
    send("Page.navigate", session, url=BASE + path)
    wanted = len(order) + 1
    pump(lambda: any(entry["type"] == "document" for entry in order[wanted - 1:]))


def run(script):
    reply = send("Runtime.evaluate", session, expression=f"(async () => {{ {script} }})()", awaitPromise=True,
                 returnByValue=True)
    if "exceptionDetails" in reply:
        raise SystemExit(json.dumps(reply["exceptionDetails"]))


visit("/api/v1/pms/room-types", f"{BASE}/api/v1/pms/room-types")
time.sleep(1.3)
visit("/api/v1/pms/availability?nights=2", "Free rooms")
time.sleep(2.6)
run("""
const send = (path, body, headers = {}) => fetch(path, { method: 'POST', body: body && JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers } }).then(r => r.json());
const rooms = await fetch('/api/v1/pms/availability?nights=2').then(r => r.json());
const held = await send('/api/v1/reservations', { room: rooms.rooms[0].id, guest: 'Ada Lovelace', nights: 2 },
    { 'Idempotency-Key': crypto.randomUUID() });
await new Promise(done => setTimeout(done, 900));
await send(`/api/v1/reservations/${held.id}/confirm`);
await fetch(`/api/v1/reservations/${held.id}`).then(r => r.json());
await send(`/api/v1/reservations/${held.id}/cancel`);
""")
time.sleep(0.2)
run("""
const login = await fetch('/api/v1/admin/login', { method: 'POST', body: JSON.stringify({ user: 'qa' }),
    headers: { 'content-type': 'application/json' } }).then(r => r.json());
await new Promise(done => setTimeout(done, 700));
const headers = { authorization: `Bearer ${login.token}`, accept: 'application/json' };
await fetch('/api/v1/admin/stats', { headers }).then(r => r.json());
await fetch('/api/v1/reservations?limit=10', { headers }).then(r => r.json());
await fetch('/missing').then(r => r.text());
""")


def pairs(headers):
    return [{"name": name, "value": value} for name, value in headers.items()]


har = []
for entry in sorted(order, key=lambda entry: entry["start"]):
    if not entry.get("done") or "response" not in entry:
        continue
    request, response = entry["request"], entry["response"]
    body = send("Network.getResponseBody", session, requestId=entry["id"])
    content = {"size": len(body.get("body", "")), "mimeType": response["mimeType"], "text": body.get("body", "")}
    if body.get("base64Encoded"):
        content["encoding"] = "base64"
    made = {"method": request["method"], "url": request["url"], "httpVersion": "http/1.1",
            "headers": pairs(entry.get("sent", request["headers"])), "queryString": [], "cookies": [],
            "headersSize": -1, "bodySize": len(request.get("postData", ""))}
    if "postData" in request:
        made["postData"] = {"mimeType": request["headers"].get("content-type", ""), "text": request["postData"]}
    har.append({
        "_resourceType": entry["type"], "pageref": entry["page"],
        "startedDateTime": datetime.fromtimestamp(entry["wall"], timezone.utc).isoformat().replace("+00:00", "Z"),
        "time": round((entry["end"] - entry["start"]) * 1000, 3), "request": made,
        "response": {"status": response["status"], "statusText": response["statusText"], "httpVersion": "http/1.1",
                     "headers": pairs(entry.get("got", response["headers"])), "cookies": [], "content": content,
                     "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {}, "timings": {"send": 0, "wait": 0, "receive": 0}})
version = send("Browser.getVersion")["product"]
browser.terminate()
with open(OUT, "w") as out:
    json.dump({"log": {"version": "1.2", "creator": {"name": "Chromium", "version": version}, "pages": pages,
                       "entries": har}}, out, indent=1)
print(len(har), "requests")
