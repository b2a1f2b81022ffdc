// The charts over time that a finished run and one that goes on have alike: what is drawn, from whatever knows its values over time.

const NO_SERIES = "The document holds no such values over time.";

/** Draws a chart of values over time, or says that there are none. */
function drawOverTime(place, spec, data) {
  if (!spec) return nothing(place, NO_SERIES);
  return plot(place, spec.rows, spec.options, { isTime: true, marks: data.view.marks, ...spec.more });
}

function withTime(drawn) {
  return [{ label: "time", value: (_, value) => (value == null ? NOTHING : clock(value)) }, ...drawn.slice(1)];
}

function rateSpec(data) {
  const requests = data.column("http_reqs");
  if (!requests) return null;
  const each = (values) => data.rates(values);
  const rows = [data.times(), each(requests)];
  const drawn = [{}, series("requests", "blue", perSecond, { fill: colour("blue-wash") })];
  const add = (name, label, ink, more) => {
    const values = data.column(name);
    if (!values?.some((value) => value > 0)) return;
    rows.push(each(values));
    drawn.push(series(label, ink, perSecond, more));
  };
  add("http_req_failures", "✗ failed requests", "red", { fill: colour("red-wash"), width: 2 });
  add("checks_failed", "failed checks", "purple", { dash: [6, 4] });
  add("iteration_errors", "script errors", "orange", { dash: [2, 3], width: 2.25 });
  const options = { scales: { y: { range: fromZero } }, series: withTime(drawn), axes: [timeAxis(), valueAxis(plain)] };
  return { rows, options };
}

function latencySpec(data) {
  const rows = [data.times()];
  const drawn = [{}];
  for (const [name, label, ink, more] of [
    ["http_req_duration_p50", "p50", "sky", {}],
    ["http_req_duration_p95", "p95", "orange", { width: 2.25 }],
    ["http_req_duration_p99", "p99", "red", { dash: [7, 3] }],
    ["http_req_corrected_p99", "p99 corrected", "purple", { dash: [2, 3] }],
  ]) {
    const values = data.column(name);
    if (!values) continue;
    rows.push(values);
    drawn.push(series(label, ink, latency, more));
  }
  if (rows.length === 1) return null;
  const targets = data.view.targets;
  const range = (_, __, most) => {
    const near = targets.map((target) => target.value).filter((value) => value <= most * 1.6);
    return [0, Math.max(most, ...near, 0.001) * 1.1];
  };
  const options = { scales: { y: { range } }, series: withTime(drawn), axes: [timeAxis(), valueAxis(tick)] };
  return { rows, options, more: { height: 280, draw: [targetLines(targets)] } };
}

function usersSpec(data) {
  const users = data.column("vus");
  if (!users) return null;
  const dropped = data.column("dropped_iterations");
  const rows = [data.times(), users];
  const drawn = [{}, series("users", "blue", number, { paths: uPlot.paths.stepped({ align: 1 }), width: 2 })];
  const axes = [timeAxis(), valueAxis(plain, { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] })];
  const scales = { y: { range: fromZero } };
  if (dropped?.some((value) => value > 0)) {
    rows.push(data.rates(dropped));
    drawn.push(series("✗ dropped", "red", perSecond, {
      scale: "dropped", fill: colour("red-wash"), paths: uPlot.paths.bars({ size: [0.9, 40, 1] }), width: 1,
    }));
    scales.dropped = { range: fromZero };
    axes.push(valueAxis((value) => plain(value) + "/s", { scale: "dropped", side: 1, grid: { show: false } }));
  }
  return { rows, options: { scales, series: withTime(drawn), axes } };
}
