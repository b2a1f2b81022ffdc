// The table of endpoints: sorting, filtering, a line for each over time, and more about one when it is opened.

const FIRST = 25;
const SVG = "http://www.w3.org/2000/svg";

function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** The 95th percentile over time as a line, with a tick below where requests failed. */
function sparkline(data, endpoint) {
  const times = data.endpoint("http_req_duration", endpoint);
  const known = times?.p95s.filter((value) => value !== null) ?? [];
  if (known.length < 2) return null;
  const [width, height] = [120, 26];
  const most = Math.max(...known);
  const least = Math.min(...known);
  const x = (at) => (at + 0.5) / times.p95s.length * width;
  const y = (value) => 2 + (1 - value / (most || 1)) * (height - 8);
  let path = "";
  // What has no neighbours is no line, but a dot.
  let dots = "";
  let pen = "M";
  times.p95s.forEach((value, at) => {
    if (value === null) { pen = "M"; return; }
    const place = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    if (pen === "M" && (times.p95s[at + 1] ?? null) === null) dots += `M${place}h.01`;
    else path += pen + place;
    pen = "L";
  });
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "sparkline", role: "img" });
  const failures = data.endpoint("http_req_failed", endpoint)?.passes ?? [];
  const failed = failures.filter((count) => count > 0).length;
  svg.setAttribute("aria-label", `p95 from ${latency(least)} to ${latency(most)}${failed ? `, failures in ${failed} of ${failures.length} intervals` : ""}`);
  svg.append(draw("path", { d: path, class: "spark-line" }), draw("path", { d: dots, class: "spark-line spark-dots" }));
  failures.forEach((count, at) => {
    if (count > 0) svg.append(draw("rect", { x: (x(at) - 0.75).toFixed(1), y: height - 4, width: 1.5, height: 4, class: "spark-failed" }));
  });
  const title = draw("title", {});
  title.textContent = svg.getAttribute("aria-label");
  svg.prepend(title);
  return svg;
}

class EndpointTable {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows].map((row) => ({
      row, index: Number(row.dataset.i), numbers: row.dataset.v.split(" ").map(Number),
      name: row.cells[0].textContent.trim(), detail: null,
    }));
    this.data = null;
    this.all = this.rows.length <= FIRST + 5;
    this.sorting = { by: null, down: true };
    this.headings();
    for (const each of this.rows) this.opener(each);
    const tools = byId("endpoint-tools");
    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    tools.addEventListener("input", () => this.show());
    byId("endpoint-all").addEventListener("click", () => { this.all = !this.all; this.show(); });
    this.show();
  }

  /** Makes a button of each heading that can be sorted by. */
  headings() {
    for (const heading of this.table.querySelectorAll("th[data-sort]")) {
      // On paper the label stands for the button.
      heading.dataset.label = heading.textContent;
      const button = make("button", { type: "button", class: "sort" }, heading.textContent);
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const by = heading.dataset.sort;
        const again = this.sorting.by === by;
        this.sorting = { by, down: again ? !this.sorting.down : by !== "name" };
        for (const other of this.table.querySelectorAll("th[data-sort]")) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", this.sorting.down ? "descending" : "ascending");
        this.sort();
        this.show();
      });
    }
  }

  sort() {
    const { by, down } = this.sorting;
    const order = by === "name"
      ? (a, b) => a.name.localeCompare(b.name)
      : (a, b) => a.numbers[by] - b.numbers[by];
    this.rows.sort((a, b) => (down ? -order(a, b) : order(a, b)));
    for (const each of this.rows) {
      this.body.append(each.row);
      if (each.detail) this.body.append(each.detail);
    }
  }

  opener(each) {
    const heading = each.row.cells[0];
    const button = make("button", { type: "button", class: "open", "aria-expanded": "false", "aria-label": `More about ${each.name}` });
    heading.prepend(button);
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      if (open) this.open(each); else this.close(each);
    });
  }

  open(each) {
    each.inside = make("div", { class: "inside" });
    each.detail = make("tr", { class: "detail" }, make("td", { colspan: "12" }, each.inside));
    each.row.after(each.detail);
    if (this.data) endpointDetail(each.inside, this.data, this.data.result.endpoints[each.index]);
    else each.inside.textContent = "The page's data could not be read.";
  }

  close(each) {
    removePlots((plot) => each.detail.contains(plot.place));
    each.detail.remove();
    each.detail = null;
  }

  /** Draws opened details anew, after their charts were taken away. */
  redraw() {
    for (const each of this.rows.filter((each) => each.detail)) {
      each.inside.replaceChildren();
      endpointDetail(each.inside, this.data, this.data.result.endpoints[each.index]);
    }
  }

  /** Shows the rows that are asked for, and draws the lines of those that come into view. */
  show() {
    const text = byId("endpoint-filter").value.trim().toLowerCase();
    const failedOnly = byId("endpoint-failed").checked;
    const fits = this.rows.filter((each) => each.name.toLowerCase().includes(text) && (!failedOnly || each.numbers[2] > 0));
    const shown = new Set(this.all ? fits : fits.slice(0, FIRST));
    for (const each of this.rows) {
      each.row.hidden = !shown.has(each);
      if (each.detail) each.detail.hidden = each.row.hidden;
      if (!each.row.hidden && this.data) this.spark(each);
    }
    const every = this.rows.length;
    byId("endpoint-count").textContent = `${number(shown.size)} of ${number(fits.length)} shown`
      + (fits.length < every ? `, ${number(every)} in all` : "");
    byId("endpoint-more").hidden = every <= FIRST + 5 || fits.length <= FIRST;
    byId("endpoint-all").textContent = this.all ? `Show the first ${FIRST}` : `Show all ${number(fits.length)}`;
  }

  spark(each) {
    const cell = each.row.cells[1];
    if (cell.firstChild) return;
    cell.append(sparkline(this.data, this.data.result.endpoints[each.index]) ?? make("span", { class: "dim" }, NOTHING));
  }

  fill(data) {
    this.data = data;
    this.show();
  }
}

/** Statuses and charts of one endpoint. */
function endpointDetail(place, data, endpoint) {
  const list = make("p", { class: "statuses" });
  list.append(make("strong", {}, `${endpoint.method} ${endpoint.name}`), " ");
  for (const [status, count] of Object.entries(endpoint.statuses)) {
    if (count > 0) list.append(make("span", { class: "tag" }, `${status}: ${number(count)}`), " ");
  }
  for (const where of [endpoint.scenario, endpoint.group?.replace(/^::/, "").replaceAll("::", " › ")]) if (where) list.append(make("span", { class: "dim" }, where), " ");
  place.append(list);
  const failed = endpoint.duration_failed;
  if (failed?.count > 0) {
    place.append(make("p", {}, `Failed requests alone: p50 ${latency(failed.med)}, p95 ${latency(failed.p95)}, p99 ${latency(failed.p99)}, max ${latency(failed.max)} of ${number(failed.count)}.`));
  }
  const times = data.endpoint("http_req_duration", endpoint);
  if (!times) {
    place.append(make("p", { class: "none" }, "The document follows this endpoint in its totals only."));
    return;
  }
  const xs = data.intervalTimes(times.counts.length);
  const failures = data.endpoint("http_req_failed", endpoint)?.passes ?? times.counts.map(() => 0);
  const left = make("div", { class: "plot", "aria-label": "Response times" });
  const right = make("div", { class: "plot", "aria-label": "Rate" });
  place.append(make("div", { class: "pair" }, left, right));
  const marks = data.view.marks;
  plot(left, [xs, times.medians, times.p95s], {
    scales: { y: { range: fromZero } }, axes: [timeAxis(), valueAxis(tick)],
    series: withTime([{}, series("median", "sky", latency), series("p95", "orange", latency, { width: 2.25 })]),
  }, { isTime: true, height: 190, marks });
  plot(right, [xs, data.rates(times.counts, data.intervals), data.rates(failures, data.intervals)], {
    scales: { y: { range: fromZero } }, axes: [timeAxis(), valueAxis(plain)],
    series: withTime([{}, series("requests", "blue", perSecond, { fill: colour("blue-wash") }), series("✗ failed", "red", perSecond, { fill: colour("red-wash"), dash: [6, 3] })]),
  }, { isTime: true, height: 190, marks });
}
