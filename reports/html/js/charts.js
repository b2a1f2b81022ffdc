// The report's own charts: the phases of a request, the curve of percentiles, response time against rate. Those over time are drawn as a
// run that goes on has them.

const rateChart = (place, data) => drawOverTime(place, rateSpec(data), data);
const latencyChart = (place, data) => drawOverTime(place, latencySpec(data), data);
const usersChart = (place, data) => drawOverTime(place, usersSpec(data), data);

const PHASES = [
  ["http_req_blocked", "blocked", "grey"], ["http_req_looking_up", "lookup", "yellow"],
  ["http_req_connecting", "connect", "orange"], ["http_req_tls_handshaking", "tls", "purple"],
  ["http_req_sending", "send", "red"], ["http_req_waiting", "wait", "sky"], ["http_req_receiving", "receive", "green"],
];

function phasesChart(place, data) {
  const found = PHASES.map(([metric, label, ink]) => [data.totals.get(metric)?.means, label, ink])
    .filter(([means]) => means?.some((mean) => mean > 0));
  if (found.length === 0) return nothing(place, NO_SERIES);
  const count = found[0][0].length;
  const sums = [];
  let below = new Array(count).fill(0);
  for (const [means] of found) {
    below = below.map((sum, at) => sum + (means[at] ?? 0));
    sums.push(below.map((sum, at) => (means[at] === null ? null : sum)));
  }
  // Drawn from the top of the stack down, so that each covers the lower part of the one before.
  const order = found.map((_, at) => at).reverse();
  const drawn = order.map((at) => {
    const [means, label, ink] = found[at];
    return series(label, ink, latency, {
      fill: colour(ink + "-wash"), width: 1.25, points: { show: count < 3 },
      value: (_, __, ___, index) => latency(index == null ? null : means[index]),
    });
  });
  const bands = order.slice(1).map((_, at) => ({ series: [at + 1, at + 2], fill: drawn[at].fill }));
  drawn.slice(0, -1).forEach((each) => { delete each.fill; });
  plot(place, [data.intervalTimes(count), ...order.map((at) => sums[at])], {
    scales: { y: { range: fromZero } }, series: withTime([{}, ...drawn]), bands, axes: [timeAxis(), valueAxis(tick)],
    legend: { markers: { width: 0, fill: (u, i) => u.series[i]._stroke ?? u.series[i].stroke() } },
  }, { isTime: true, marks: data.view.marks });
}

function curveChart(place, data) {
  const { service, corrected } = data.view;
  if (!service && !corrected) return nothing(place, "No response time was measured.");
  const places = [...new Set([...(service?.x ?? []), ...(corrected?.x ?? [])])].sort((a, b) => a - b);
  const on = (curve) => {
    const at = new Map(curve.x.map((x, i) => [x, curve.y[i]]));
    return places.map((x) => at.get(x) ?? null);
  };
  const rows = [places];
  const drawn = [{ label: "percentile", value: (_, x) => (x == null ? NOTHING : nines(x)) }];
  const add = (curve, label, ink, more) => {
    if (!curve) return;
    rows.push(on(curve));
    drawn.push(series(label, ink, latency, { spanGaps: true, width: 2, points: { show: curve.x.length < 8 }, ...more }));
  };
  add(service, "service time", "blue", {});
  add(corrected, "corrected for omission", "orange", { dash: [7, 4] });
  const splits = [1, 2, 4, 10, 100, 1e3, 1e4, 1e5];
  const last = Math.max(places[places.length - 1], 10);
  const targets = data.view.targets.filter((target) => target.percentile !== null);
  plot(place, rows, {
    scales: { x: { time: false, distr: 3, range: (_, min, max) => [Math.max(1, min ?? 1), Math.max(max ?? last, 2)] }, y: { range: fromZero } },
    series: drawn,
    axes: [
      axis({ size: 30, splits: () => splits, filter: (u, all) => all.map((x) => (x >= u.scales.x.min && x <= u.scales.x.max * 1.001 && (x !== 4 || place.clientWidth > 480) ? x : null)),
        values: (_, all) => all.map((x) => (x === null ? "" : nines(x))) }),
      valueAxis(tick),
    ],
  }, { height: 280, draw: [targetPoints(targets)] });
}

/** 10 is the 90th percentile, 1,000 the 99.9th. */
function nines(x) {
  return Number((100 - 100 / x).toPrecision(x < 100 ? 3 : 6)) + "%";
}

/** A cross where a target bounds a percentile: the curve passes below it. */
function targetPoints(targets) {
  return (u) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    writing(ctx, "left");
    for (const target of targets) {
      const x = u.valToPos(1 / (1 - Math.min(target.percentile, 99.999) / 100), "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const above = target.value > u.scales.y.max;
      const y = above ? bbox.top + 6 * ratio : u.valToPos(target.value, "y", true);
      ctx.strokeStyle = ctx.fillStyle = colour(target.warn ? "warn-ink" : "ink");
      ctx.lineWidth = 1.5 * ratio;
      ctx.beginPath();
      const arm = 5 * ratio;
      if (above) { ctx.moveTo(x - arm, y + arm); ctx.lineTo(x, y); ctx.lineTo(x + arm, y + arm); } else {
        ctx.moveTo(x - arm, y); ctx.lineTo(x + arm, y); ctx.moveTo(x, y - arm); ctx.lineTo(x, y + arm);
      }
      ctx.stroke();
      const text = target.label;
      const width = ctx.measureText(text).width;
      const left = x + 8 * ratio + width > bbox.left + bbox.width ? x - 8 * ratio - width : x + 8 * ratio;
      ctx.fillText(text, left, y + (target.warn ? (above ? 18 : 14) : above ? 4 : -4) * ratio);
    }
    ctx.restore();
  };
}

function scatterChart(place, data) {
  const times = data.totals.get("http_req_duration");
  if (!times) return nothing(place, NO_SERIES);
  const step = data.intervals.interval_seconds || 1;
  const points = times.counts
    .map((count, at) => [count / step, times.medians[at], times.p95s[at]])
    // The last interval may be shorter than the others, so its count is no rate.
    .slice(0, times.counts.length > 3 ? -1 : undefined)
    .filter(([rate]) => rate > 0)
    .sort((a, b) => a[0] - b[0]);
  if (points.length === 0) return nothing(place, "No response time was measured.");
  const dots = (label, ink, more) => series(label, ink, latency, {
    paths: () => null, points: { show: true, size: 7, width: 1.5, stroke: colour(ink), ...more },
  });
  const rates = points.map(([rate]) => rate);
  const [least, most] = [rates[0], rates[rates.length - 1]];
  const room = Math.max((most - least) * 0.05, most * 0.02);
  const most95 = Math.max(...points.map((point) => point[2] ?? 0));
  plot(place, [rates, points.map((point) => point[1]), points.map((point) => point[2])], {
    scales: { x: { time: false, range: (_, min, max) => (min == null || min === least && max === most ? [Math.max(0, least - room), most + room] : [min, max]) }, y: { range: () => [0, most95 * 1.1 || 1] } },
    series: [{ label: "rate", value: (_, value) => perSecond(value) }, dots("median", "sky", { fill: colour("sky") }), dots("p95", "orange", { fill: colour("card") })],
    axes: [axis({ size: 30, space: 56, values: (_, splits) => splits.map((value) => plain(value) + "/s") }), valueAxis(tick)],
  }, { height: 280 });
}
