// Talking to the server: requests that change something, the stream of events, the token.

class Trouble extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** Asks the API; whatever changes something says so in a header that no other page can send. */
async function ask(method, path, body) {
  const init = { method, cache: "no-store", credentials: "same-origin" };
  if (method !== "GET") {
    init.headers = { "x-rhaid": "1", "content-type": "application/json" };
    init.body = JSON.stringify(body ?? {});
  }
  let answer;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Trouble(0, "rhaid does not answer any more.");
  }
  const text = await answer.text();
  if (answer.ok) return text;
  let why = `rhaid answered with status ${answer.status}.`;
  try { why = JSON.parse(text).error ?? why; } catch { /* It was no JSON. */ }
  throw new Trouble(answer.status, why);
}

/** Exchanges the token of the address for a cookie, and takes it out of the address and its history. */
async function exchangeToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  await ask("POST", "/api/v1/session", { token: decodeURIComponent(found[1]) });
}

/** Listens until told to stop. The browser connects again by itself after a break. */
class Stream {
  constructor(take, changed) {
    this.take = take;
    this.changed = changed;
    this.source = null;
  }

  open() {
    const source = new EventSource("/api/v1/events");
    this.source = source;
    source.addEventListener("open", () => this.changed("open"));
    source.addEventListener("error", () => this.changed(source.readyState === EventSource.CLOSED ? "closed" : "broken"));
    for (const kind of ["snapshot", "tick"]) {
      source.addEventListener(kind, (event) => this.take(kind, JSON.parse(event.data)));
    }
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}
