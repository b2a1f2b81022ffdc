// The charts while values come: redrawn whole only when there is another line in them.

const LIVE = { rate: rateSpec, users: usersSpec, latency: latencySpec };
const drawn = new Map();

/** What a chart consists of; if it changes, the chart is made anew. */
function shape(spec) {
  return JSON.stringify([spec.options.series.map((one) => one.label), Object.keys(spec.options.scales)]);
}

function takeAway(name) {
  const known = drawn.get(name);
  if (!known) return;
  removePlots((plot) => plot === known.plot);
  drawn.delete(name);
}

function drawChart(name, place, data) {
  const spec = LIVE[name](data);
  const known = drawn.get(name);
  if (!spec) {
    takeAway(name);
    if (!place.firstElementChild?.classList.contains("none")) nothing(place, "Nothing has been measured yet.");
    return;
  }
  if (known && known.shape === shape(spec)) {
    known.plot.u.batch(() => {
      known.plot.u.setData(spec.rows, true);
      known.plot.u.setScale("x", { min: zoom.from, max: zoom.to });
    });
    return;
  }
  takeAway(name);
  place.replaceChildren();
  drawn.set(name, { shape: shape(spec), plot: drawOverTime(place, spec, data) });
}

/** Shows the newest values. Whoever looks at a part of the run goes on looking at it. */
function drawLive(data) {
  const end = Math.max(data.length * data.step, 10);
  const follows = zoom.from <= zoom.all[0] && zoom.to >= zoom.all[1];
  zoom.all = [0, end];
  if (follows) Object.assign(zoom, { from: 0, to: end });
  for (const place of document.querySelectorAll("[data-chart]")) drawChart(place.dataset.chart, place, data);
  zoomTo(zoom.from, zoom.to);
}

/** After a change of colours. */
function drawAnew(data) {
  for (const name of [...drawn.keys()]) takeAway(name);
  drawLive(data);
}
