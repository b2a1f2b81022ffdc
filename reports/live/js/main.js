// Puts the page to work: what the server tells is kept and shown, once a second.

const history_ = new History();
const parts = {
  tiles: new Tiles(byId("tiles")), slos: new Slos(), scenarios: new Scenarios(), faults: new Faults(), errors: new Errors(),
  log: new Log(), controls: new Controls(), endpoints: endpointTable(), checks: checkTable(),
};
let known = { status: null, sums: {}, rows: 0 };
let resultText = null;

const PHASES = {
  starting: ["b-none", "starting"], setup: ["b-run", "setup"], preparing: ["b-run", "preparing"], running: ["b-run", "running"],
  stopping: ["b-warn", "stopping"], teardown: ["b-run", "teardown"], summary: ["b-run", "summary"], idle: ["b-none", "idle"],
};
const VERDICTS = {
  pass: ["good", "✓ Passed"], warning: ["caution", "! Passed with warnings"], failed: ["bad", "✗ Failed"],
  interrupted: ["caution", "■ Interrupted"], error: ["bad", "✗ Could not be carried out"],
};

function showStatus(status) {
  const name = status.script.split("/").pop();
  say(byId("now-title"), name);
  byId("now-title").title = status.script;
  say(byId("version"), status.version);
  say(byId("run-id"), status.run ? `run ${status.run}` : "");
  const [tone, words] = status.over ? VERDICTS[status.verdict.status] ?? ["none", "over"] : ["busy", ""];
  const [className, phase] = status.over ? [{ good: "b-pass", caution: "b-warn", bad: "b-fail" }[tone] ?? "b-none", "over"]
    : status.paused ? ["b-warn", "paused"] : PHASES[status.phase] ?? ["b-none", status.phase];
  badge(byId("state"), className, phase);
  byId("now").dataset.tone = status.over ? tone : status.tainted ? "bad" : status.paused ? "caution" : "busy";
  const planned = status.total === null ? "" : ` of ${clock(status.total)}`;
  say(byId("time"), status.run ? clock(Math.round(status.elapsed)) + planned : "");
  const bar = byId("progress");
  bar.hidden = status.total === null || status.over;
  if (!bar.hidden) bar.value = Math.min(1, status.elapsed / (status.total || 1));
  document.title = `${status.over ? words.slice(2) : phase} · ${name} · rhaid`;
  if (status.phase === "idle" && status.idle) notice(status.idle, "caution", 0);
  byId("verdict").hidden = !status.over;
  if (status.over) {
    say(byId("verdict-word"), words);
    say(byId("verdict-exit"), `· exit code ${status.verdict.exit_code}`);
    byId("verdict-reasons").replaceChildren(...status.verdict.reasons.map((reason) => make("li", {}, reason)));
  }
  parts.controls.show(status);
}

function showMarks(told) {
  const now = Math.max(told.status.seconds, history_.length * history_.step);
  const marks = [
    ...told.versions.map((version) => ({ at: version.at, until: null, kind: "reload", sign: "↻", label: `version ${version.version}`, text: `Version ${version.version} of the script took over`, when: `at ${clock(version.at)}` })),
    ...told.bands.map((band) => ({ at: band.at, until: band.until ?? now, kind: "fault", sign: "⚡", label: band.name, text: `Fault ${band.name}`, when: band.until === null ? `since ${clock(band.at)}` : `${clock(band.at)} to ${clock(band.until)}` })),
  ].sort((a, b) => a.at - b.at);
  history_.view.marks.splice(0, Infinity, ...marks);
  history_.view.targets.splice(0, Infinity, ...told.targets);
  const list = byId("marks");
  list.hidden = marks.length === 0;
  list.replaceChildren(...marks.slice(-20).map((mark) => make("li", {}, make("span", { class: "mark-sign", "aria-hidden": "true" }, mark.sign), ` ${mark.text} `, make("span", { class: "dim" }, mark.when))));
}

function showTables(tables) {
  known.sums = tables.sums;
  parts.endpoints.show(tables.endpoints);
  byId("live-endpoints").hidden = tables.endpoints.length === 0;
  byId("endpoint-none").hidden = tables.endpoints.length > 0;
  const most = (shown, all) => (shown < all ? `${number(shown)} of ${number(all)}` : "");
  say(byId("endpoint-count"), most(tables.endpoints.length, tables.endpoints_in_all));
  parts.checks.show(tables.checks);
  byId("live-checks").hidden = tables.checks.length === 0;
  byId("check-none").hidden = tables.checks.length > 0;
  say(byId("check-count"), most(tables.checks.length, tables.checks_in_all));
  parts.errors.show(tables.errors);
  say(byId("error-count"), most(tables.errors.length, tables.errors_in_all));
}

let charts = "";

function showCharts() {
  // A tab that nobody sees draws when somebody does.
  if (document.hidden) { charts = "due"; return; }
  charts = "";
  drawLive(history_);
}

function take(kind, told) {
  const { status } = told;
  if (known.status?.run && status.run && known.status.run !== status.run) {
    // Another run: what was measured in the last one is not part of it.
    drawn.forEach((_, name) => takeAway(name));
    resultText = null;
  }
  if (kind === "snapshot") history_.replace(told.series);
  else if (told.row) history_.push(told.row);
  known = { ...known, status, rows: told.rows };
  if (told.tables) showTables(told.tables);
  showMarks(told);
  showStatus(status);
  parts.tiles.show(status, history_, known.sums);
  parts.slos.show(told.slos, status.over);
  parts.scenarios.show(told.scenarios);
  parts.faults.show(told.faults, status.running);
  parts.log.show(told.logs, told.dropped_logs);
  showCharts();
  if (status.over) over();
  document.documentElement.dataset.ready = "";
}

/** The figures of the whole run that its tiles show. */
function wholeOf(result) {
  const total = (name) => result.metrics.find((metric) => metric.name === name)?.total;
  const requests = total("http_reqs");
  return {
    rate: requests && result.run.duration_seconds > 0 ? requests.count / result.run.duration_seconds : null,
    p95: total("http_req_duration")?.p95 ?? null,
    vus: total("vus")?.max ?? 0,
  };
}

/** The run is over: its result is fetched while there is somebody to give it. */
async function over() {
  if (resultText !== null) return;
  resultText = "";
  try {
    resultText = await ask("GET", "/api/v1/result");
    byId("save").disabled = false;
    parts.tiles.show(known.status, history_, known.sums, wholeOf(JSON.parse(resultText)));
  } catch (trouble) {
    notice(`The result could not be fetched: ${trouble.message}`, "bad", 0);
  }
  stream.close();
}

const stream = new Stream(take, (state) => {
  if (state === "open") { notice(""); return; }
  if (known.status?.over) { stream.close(); return; }
  parts.controls.lock();
  if (state === "closed") {
    // It answers, but with no stream: it wants the token, or is full.
    ask("GET", "/api/v1/status").then(() => setTimeout(() => stream.open(), 5000), refused);
    return;
  }
  badge(byId("state"), "b-none", "no connection");
  notice("rhaid does not answer; trying again. What is shown is as of the last answer.", "caution", 0);
});

function refused(trouble) {
  if (trouble.status === 401) {
    document.documentElement.dataset.locked = "";
    byId("login").hidden = false;
    byId("login-token").focus();
    return;
  }
  notice(trouble.message, "bad", 0);
  setTimeout(() => stream.open(), 5000);
}

async function enter(token) {
  await ask("POST", "/api/v1/session", { token });
  delete document.documentElement.dataset.locked;
  byId("login").hidden = true;
  stream.open();
}

async function start() {
  startThemes(() => drawAnew(history_));
  byId("zoom-reset").addEventListener("click", zoomAll);
  byId("save").addEventListener("click", () => save(resultText, `${known.status.run}.json`));
  byId("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    say(byId("login-wrong"), "");
    enter(byId("login-token").value.trim()).catch((trouble) => say(byId("login-wrong"), trouble.message));
  });
  document.addEventListener("visibilitychange", () => { if (charts === "due") showCharts(); });
  new ResizeObserver(() => requestAnimationFrame(fitPlots)).observe(document.querySelector("main"));
  let wrong = null;
  await exchangeToken().catch((trouble) => { wrong = trouble; });
  try {
    await ask("GET", "/api/v1/status");
    stream.open();
  } catch (trouble) {
    refused(trouble);
    if (wrong) say(byId("login-wrong"), wrong.message);
  }
}

start();
