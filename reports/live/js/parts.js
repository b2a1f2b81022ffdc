// The parts of the page, each filled from what the server tells. All texts are texts: what scripts and targets say is never markup.

const STATUS = {
  PASS: ["b-pass", "✓"], WARNING: ["b-warn", "!"], FAIL: ["b-fail", "✗"], CRITICAL: ["b-crit", "✗"], "NO DATA": ["b-none", "–"],
};

function badge(element, className, text) {
  say(element, text);
  const wanted = `badge ${className}`;
  if (element.className !== wanted) element.className = wanted;
}

/** A length of time in words, as short as it can be. */
function span(seconds) {
  return seconds < 1 ? "under 1s" : clock(Math.round(seconds));
}

class Tiles {
  constructor(list) {
    this.kept = new Kept(list, () => make("div", {}, make("dt"), make("dd")));
  }

  /** `whole`: the figures of a run that is over; until then, those of its last second. */
  show(status, history, sums, whole = null) {
    const step = Math.min(history.step, history.seconds % history.step || history.step);
    const rate = (name) => {
      const value = history.last(name);
      return value === null ? null : value / step;
    };
    const failed = sums.http_req_failed ?? 0;
    const checks = sums.checks;
    const dropped = sums.dropped_iterations ?? 0;
    const errors = sums.iteration_errors ?? 0;
    const tiles = [
      ["Requests", perSecond(whole ? whole.rate : rate("http_reqs"))],
      ["p95", latency(whole ? whole.p95 : history.last("http_req_duration_p95"))],
      ["Failed", share(failed), failed > 0],
      ["Users", whole ? `${number(whole.vus)} at most` : number(status.vus)],
      ["Iterations", number(status.iterations)],
      ...(checks === undefined ? [] : [["Checks passed", share(checks), checks < 1]]),
      ...(dropped > 0 ? [["Dropped", number(dropped), true]] : []),
      ...(errors > 0 ? [["Script errors", number(errors), true]] : []),
    ];
    this.kept.show(tiles, ([title]) => title, (element, [title, text, bad]) => {
      say(element.children[0], title);
      say(element.children[1], text);
      element.children[1].classList.toggle("bad", Boolean(bad));
    });
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** Half the bar is as long as the target itself. */
function marginBar() {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" })) svg.setAttribute(key, value);
  for (const [name, x, y, width, height] of [["bar-ground", 0, 3, 100, 6], ["bar-fill", 50, 3, 0, 6], ["bar-target", 49.5, 0, 1, 12]]) {
    const rect = document.createElementNS(SVG, "rect");
    for (const [key, value] of Object.entries({ class: name, x, y, width, height })) rect.setAttribute(key, value);
    svg.append(rect);
  }
  return svg;
}

const BREACH = {
  past: ["soon", () => "missed"],
  in: ["later", (breach) => `in ${span(breach.seconds)}`],
  never: ["dim", () => "not at this rate"],
  unknown: ["dim", () => NOTHING],
};

class Slos {
  constructor() {
    this.kept = new Kept(byId("slo-table").tBodies[0], () => {
      const cell = (label, ...inside) => make("td", { "data-label": label }, ...inside);
      return make("tr", { class: "slo" },
        cell("Status", make("span", { class: "badge" })),
        cell("Priority", make("span", { class: "prio" })),
        make("th", { scope: "row", "data-label": "Objective" }, make("span")),
        cell("Target", make("code")),
        make("td", { "data-label": "Measured", class: "n" }, make("strong")),
        make("td", { "data-label": "Margin", class: "margin" }, marginBar(), make("span", { class: "margin-text" })),
        cell("Time to breach", make("span")));
    });
  }

  show(rows, over) {
    byId("slo-table").hidden = rows.length === 0;
    byId("slo-none").hidden = rows.length > 0;
    byId("slo-hint").hidden = rows.length === 0 || over;
    const numbered = rows.map((row, at) => ({ ...row, at }));
    this.kept.show(numbered, (row) => row.at, (element, row) => {
      const inside = (at) => element.cells[at].firstElementChild;
      const [className, mark] = STATUS[row.status] ?? STATUS["NO DATA"];
      badge(inside(0), className, `${mark} ${row.status}`);
      say(inside(1), row.priority);
      inside(1).className = `prio prio-${row.priority}`;
      say(inside(2), (row.name ?? row.metric) + (row.over ? `, over ${row.over}` : "") + (row.abort ? ", aborts" : ""));
      say(inside(3), row.target);
      say(inside(4), row.actual_text);
      const margin = row.margin;
      const known = margin != null && Number.isFinite(margin);
      const length = known ? Math.min(Math.abs(margin), 1) * 50 : 0;
      const svg = inside(5);
      svg.setAttribute("class", `bar ${known && margin < 0 ? "bar-past" : "bar-room"}`);
      svg.children[1].setAttribute("x", (known && margin < 0 ? 50 - length : 50).toFixed(1));
      svg.children[1].setAttribute("width", length.toFixed(1));
      say(element.cells[5].lastElementChild, known ? `${margin < 0 ? "−" : "+"}${(Math.abs(margin) * 100).toFixed(margin > -10 && margin < 10 ? 1 : 0)}%` : NOTHING);
      const [tone, words] = BREACH[row.breach.state] ?? BREACH.unknown;
      say(inside(6), over ? (row.breach.state === "past" ? "missed" : NOTHING) : words(row.breach));
      inside(6).className = tone;
    });
  }
}

function endpointTable() {
  return new LiveTable(byId("live-endpoints"), [
    { title: "Endpoint", text: (row) => `${row.method} ${row.name}` + (row.group ? ` (${row.group.replace(/^::/, "").replaceAll("::", " › ")})` : ""), value: (row) => row.name },
    { title: "Scenario", text: (row) => row.scenario ?? "" },
    { title: "Requests", number: true, text: (row) => number(row.requests), value: (row) => row.requests },
    { title: "Rate", number: true, text: (row) => perSecond(row.per_second), value: (row) => row.per_second },
    { title: "Failed", number: true, text: (row) => (row.failed > 0 ? `${number(row.failed)} (${share(row.failed_rate)})` : "0"), value: (row) => row.failed_rate, bad: (row) => row.failed > 0 },
    { title: "Average", number: true, text: (row) => latency(row.duration.avg), value: (row) => row.duration.avg },
    { title: "p50", number: true, text: (row) => latency(row.duration.med), value: (row) => row.duration.med },
    { title: "p95", number: true, text: (row) => latency(row.duration.p95), value: (row) => row.duration.p95 },
    { title: "p99", number: true, text: (row) => latency(row.duration.p99), value: (row) => row.duration.p99 },
    { title: "Max", number: true, text: (row) => latency(row.duration.max), value: (row) => row.duration.max },
  ], (row) => JSON.stringify([row.name, row.method, row.scenario, row.group]));
}

function checkTable() {
  return new LiveTable(byId("live-checks"), [
    { title: "Check", text: (row) => row.name },
    { title: "Group", text: (row) => row.group.replace(/^::/, "").replaceAll("::", " › ") },
    { title: "Scenario", text: (row) => row.scenario },
    { title: "Passed", number: true, text: (row) => share(row.passes / ((row.passes + row.fails) || 1)), value: (row) => row.passes / ((row.passes + row.fails) || 1), bad: (row) => row.fails > 0 },
    { title: "Passes", number: true, text: (row) => number(row.passes), value: (row) => row.passes },
    { title: "Fails", number: true, text: (row) => number(row.fails), value: (row) => row.fails, bad: (row) => row.fails > 0 },
  ], (row) => JSON.stringify([row.name, row.group, row.scenario]));
}

const KINDS = { http: "request", script: "script error", check: "check", timeout: "timeout" };

class Errors {
  constructor() {
    this.kept = new Kept(byId("error-list"), () => make("details", { class: "error" },
      make("summary", {}, make("span", { class: "error-count" }), make("span", { class: "tag" }), make("span", { class: "error-message" })),
      make("div", { class: "error-body" }, make("p", { class: "dim" }), make("pre"))));
  }

  show(rows) {
    // Script errors first: they are what its author can mend.
    const sorted = [...rows].sort((a, b) => (b.kind === "script") - (a.kind === "script"));
    byId("error-none").hidden = rows.length > 0;
    this.kept.show(sorted, (row) => JSON.stringify([row.kind, row.code, row.message]), (element, row) => {
      const [count, kind, message] = element.firstElementChild.children;
      say(count, `${number(row.count)}×`);
      say(kind, KINDS[row.kind] ?? row.kind);
      say(message, row.message);
      const [where, text] = element.lastElementChild.children;
      say(where, [row.code, row.scenario && `scenario ${row.scenario}`, row.url, `from ${clock(row.first_seconds)} to ${clock(row.last_seconds)}`].filter(Boolean).join(" · "));
      say(text, row.text);
      text.hidden = row.text === "";
    });
  }
}

const MOST_LINES = 500;

class Log {
  constructor() {
    this.box = byId("log-lines");
    this.next = 0;
    byId("log-tools").addEventListener("submit", (event) => event.preventDefault());
    byId("log-filter").addEventListener("input", () => { for (const line of this.box.children) this.sift(line); });
    byId("log-follow").addEventListener("change", () => this.follow());
  }

  sift(line) {
    const text = byId("log-filter").value.trim().toLowerCase();
    line.hidden = text !== "" && !line.textContent.toLowerCase().includes(text);
  }

  follow() {
    if (byId("log-follow").checked) this.box.scrollTop = this.box.scrollHeight;
  }

  show(lines, dropped) {
    for (const line of lines) {
      if (line.number < this.next) continue;
      this.next = line.number + 1;
      const who = line.scenario ? `${line.scenario} ${line.vu} ` : "";
      const element = make("div", { class: "line", "data-level": line.level },
        make("span", { class: "at" }, clock(Math.max(0, line.at))), make("span", { class: "level" }, line.level),
        make("span", {}, make("span", { class: "who" }, who), line.text));
      this.sift(element);
      this.box.append(element);
    }
    while (this.box.children.length > MOST_LINES) this.box.firstElementChild.remove();
    const count = this.box.children.length;
    byId("log-none").hidden = count > 0;
    say(byId("log-count"), [count >= MOST_LINES ? `the last ${MOST_LINES} lines` : "", dropped > 0 ? `${number(dropped)} lines came too fast` : ""].filter(Boolean).join(", "));
    if (lines.length > 0) this.follow();
  }
}
