// The heat map: an empty chart for axes, cursor and zoom, with the cells painted under it.

/** From little to much, told apart by lightness alone as well: the ends of the ramp in both themes are the faintest and the strongest. */
function ramp() {
  const stops = isDark()
    ? [[20, 44, 66], [0, 114, 178], [86, 180, 233], [240, 228, 66]]
    : [[222, 238, 249], [86, 180, 233], [0, 114, 178], [10, 24, 56]];
  return (t) => {
    const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
    const lower = Math.min(Math.floor(at), stops.length - 2);
    const mixed = stops[lower].map((from, i) => Math.round(from + (stops[lower + 1][i] - from) * (at - lower)));
    return `rgb(${mixed.join(",")})`;
  };
}

/** Bounds of an axis on which each step is a factor. */
function logSplits(min, max) {
  const splits = [];
  const factors = max / min > 2000 ? [1] : max / min > 12 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(3));
      if (value >= min && value <= max) splits.push(value);
    }
  }
  return splits.length > 0 ? splits : [min, max];
}

function heatChart(place, data) {
  const heat = data.view.heat;
  if (!heat) return nothing(place, "The document holds no distributions over time.");
  const bound = (bin) => heat.low * heat.ratio ** bin;
  const strength = (count) => Math.log(1 + count) / Math.log(1 + heat.peak);
  const paint = (u) => {
    const { ctx, bbox } = u;
    const shade = ramp();
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    heat.columns.forEach((column, at) => {
      const left = u.valToPos(heat.start + at * heat.step, "x", true);
      const right = u.valToPos(heat.start + (at + 1) * heat.step, "x", true);
      if (right < bbox.left || left > bbox.left + bbox.width) return;
      for (let i = 0; i < column.length; i += 2) {
        const top = Math.floor(u.valToPos(bound(column[i] + 1), "y", true));
        const bottom = Math.ceil(u.valToPos(bound(column[i]), "y", true));
        ctx.fillStyle = shade(strength(column[i + 1]));
        ctx.fillRect(Math.floor(left), top, Math.ceil(right) - Math.floor(left), bottom - top);
      }
    });
    ctx.restore();
  };
  const readout = make("p", { class: "readout", "aria-live": "polite" }, "Point at a cell to read it.");
  const read = (u) => {
    const { left, top } = u.cursor;
    if (left == null || left < 0) return;
    const at = Math.floor((u.posToVal(left, "x") - heat.start) / heat.step);
    const bin = Math.floor(Math.log(u.posToVal(top, "y") / heat.low) / Math.log(heat.ratio));
    const column = heat.columns[at];
    if (!column || bin < 0 || bin >= heat.bins) return;
    const found = column.findIndex((value, i) => i % 2 === 0 && value === bin);
    const count = found < 0 ? 0 : column[found + 1];
    const all = column.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), 0);
    readout.textContent = `At ${clock(heat.start + at * heat.step)}, ${tick(bound(bin))} to ${tick(bound(bin + 1))}: `
      + `${number(count)} of ${number(all)} requests${all > 0 ? ` (${share(count / all)})` : ""}`;
  };
  const times = heat.columns.map((_, at) => heat.start + (at + 0.5) * heat.step);
  const [least, most] = [bound(0), bound(heat.bins)];
  const pad = Math.sqrt(heat.ratio);
  plot(place, [times, times.map(() => null)], {
    scales: { y: { distr: 3, range: () => [least / pad, most * pad] } },
    series: [{}, { label: "requests", points: { show: false } }],
    axes: [timeAxis(), valueAxis(tick, { splits: (u, _, min, max) => logSplits(min, max), filter: (_, splits) => splits })],
    legend: { show: false },
    hooks: { drawAxes: [paint], setCursor: [read] },
  }, { isTime: true, height: 300, marks: data.view.marks, draw: [targetLines(data.view.targets.filter((target) => target.value <= most))] });
  place.append(readout, heatKey(heat));
}

/** What the colours stand for. */
function heatKey(heat) {
  const key = make("canvas", { width: 160, height: 10, class: "heat-key", role: "img", "aria-label": `Colours from 1 to ${number(heat.peak)} requests` });
  const ctx = key.getContext("2d");
  const shade = ramp();
  for (let x = 0; x < 160; x++) {
    ctx.fillStyle = shade(x / 159);
    ctx.fillRect(x, 0, 1, 10);
  }
  return make("p", { class: "heat-legend" }, "few: 1 ", key, ` many: ${number(heat.peak)} requests in a cell`);
}
