// What all charts have in common: axes, one cursor and one zoom for all that show time, marks, and the keyboard.

const plots = [];
const zoom = { from: 0, to: 1, all: [0, 1] };

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

function font() {
  return "12px system-ui, sans-serif";
}

function axis(more) {
  const grid = { stroke: colour("grid"), width: 1 };
  return { stroke: colour("dim"), font: font(), grid, ticks: { ...grid, size: 4 }, gap: 4, ...more };
}

/** An axis for values from zero on, wide enough for its longest label. */
function valueAxis(words, more = {}) {
  return axis({
    size: (_, values) => 14 + 7.6 * Math.max(3, ...(values ?? []).map((value) => (value ?? "").length)),
    values: (_, splits) => splits.map((value) => words(value)),
    space: 36,
    ...more,
  });
}

function timeAxis() {
  return axis({ incrs: SECONDS, space: 56, size: 30, values: (_, splits) => splits.map(clock) });
}

/** From zero to a little above the greatest value. */
function fromZero(_, __, most) {
  return [0, most > 0 ? most * 1.08 : 1];
}

/** The values that have none beside them: a line does not show these. */
function alone(u, at) {
  const values = u.data[at];
  const found = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found;
}

function series(label, ink, words, more = {}) {
  return {
    label, stroke: colour(ink), width: 1.75, spanGaps: false,
    points: { show: true, size: 4, fill: colour(ink), filter: alone },
    value: (_, value) => words(value),
    ...more,
  };
}

/** Readies a chart's canvas for words: what the axes set stays set otherwise. */
function writing(ctx, align) {
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = align;
  ctx.textBaseline = "alphabetic";
  ctx.lineJoin = "round";
  ctx.setLineDash([]);
}

/** Horizontal lines for targets; one that lies above what is shown gets an arrow at the top. */
function targetLines(targets) {
  return (u) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    writing(ctx, "right");
    const used = [];
    for (const target of targets) {
      const most = u.scales.y.max;
      const above = target.value > most;
      const y = above ? bbox.top : u.valToPos(target.value, "y", true);
      if (!above && (y < bbox.top || y > bbox.top + bbox.height)) continue;
      ctx.strokeStyle = ctx.fillStyle = colour(target.warn ? "warn-ink" : "ink");
      if (!above) {
        ctx.lineWidth = 1.25 * ratio;
        ctx.setLineDash(target.warn ? [2 * ratio, 4 * ratio] : [8 * ratio, 4 * ratio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
      }
      const text = (above ? "↑ " : "") + (target.warn ? "warning " : "target ") + target.label;
      let at = y + (above ? 12 : -4) * ratio;
      while (used.some((other) => Math.abs(other - at) < 12 * ratio)) at += 13 * ratio;
      used.push(at);
      ctx.setLineDash([]);
      ctx.lineWidth = 3 * ratio;
      ctx.strokeStyle = colour("card");
      ctx.strokeText(text, bbox.left + bbox.width - 4 * ratio, at);
      ctx.fillText(text, bbox.left + bbox.width - 4 * ratio, at);
    }
    ctx.restore();
  };
}

/** Room above a chart of time, where the words of its marks stand clear of the lines and targets below. */
const HEADROOM = 24;

/** Vertical lines and bands for what happened to the run: never by colour alone, each has its sign and its word. */
function markLines(marks) {
  return (u) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - HEADROOM * ratio, bbox.width, bbox.height + HEADROOM * ratio);
    ctx.clip();
    writing(ctx, "left");
    let free = -Infinity;
    for (const mark of marks) {
      const x = u.valToPos(mark.at, "x", true);
      const ink = colour(mark.kind === "reload" ? "reload" : mark.kind === "fault" ? "fault" : mark.kind === "anomaly" ? "anomaly" : "abort");
      ctx.strokeStyle = ctx.fillStyle = ink;
      if (mark.until !== null) {
        const end = u.valToPos(mark.until, "x", true);
        ctx.globalAlpha = 0.14;
        ctx.fillRect(x, bbox.top, end - x, bbox.height);
        ctx.globalAlpha = 1;
      }
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash(mark.kind === "reload" ? [3 * ratio, 3 * ratio] : []);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const text = `${mark.sign} ${mark.label}`;
      const width = ctx.measureText(text).width;
      const left = x + width + 6 * ratio > bbox.left + bbox.width ? x - width - 4 * ratio : x + 4 * ratio;
      if (left < free) continue;
      free = left + width + 8 * ratio;
      ctx.setLineDash([]);
      ctx.lineWidth = 3 * ratio;
      ctx.strokeStyle = colour("card");
      ctx.strokeText(text, left, bbox.top - 7 * ratio);
      ctx.fillText(text, left, bbox.top - 7 * ratio);
    }
    ctx.restore();
  };
}

/** Shows this stretch of time in every chart. Each of them tells of its new scale, which is the one that it already knows then. */
function zoomTo(from, to) {
  const [least, most] = zoom.all;
  // Closer than a second there is nothing to see.
  const shortest = Math.min(1, (most - least) / 4);
  if (to - from < shortest) [from, to] = [(from + to - shortest) / 2, (from + to + shortest) / 2];
  [from, to] = [Math.max(least, from), Math.min(most, to)];
  if (from !== zoom.from || to !== zoom.to) Object.assign(zoom, { from, to });
  for (const { isTime, u } of plots) {
    if (isTime && (u.scales.x.min !== from || u.scales.x.max !== to)) u.setScale("x", { min: from, max: to });
  }
  const whole = from <= least && to >= most;
  byId("zoom-text").textContent = whole ? "All of the run" : `From ${clock(from)} to ${clock(to)}`;
  byId("zoom-reset").disabled = whole;
}

function zoomAll() {
  zoomTo(...zoom.all);
}

/** The keyboard on a chart: the arrows move the cursor, of all charts of time together, and plus and minus zoom around it. */
function keys(plot) {
  let at = null;
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const xs = plot.u.data[0];
    const { min, max } = plot.u.scales.x;
    const first = xs.findIndex((x) => x >= min);
    const last = xs.findLastIndex((x) => x <= max);
    const stride = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: (n) => n - stride, ArrowRight: (n) => n + stride, Home: () => first, End: () => last };
    if (moves[event.key]) {
      const next = at === null ? (event.key === "ArrowLeft" || event.key === "End" ? last : first) : moves[event.key](at);
      at = Math.min(Math.max(next, first), last);
      pointAt(plot, xs[at]);
    } else if (plot.isTime && (event.key === "+" || event.key === "=" || event.key === "-")) {
      const middle = at === null ? (min + max) / 2 : xs[at];
      const half = (max - min) / 2 * (event.key === "-" ? 2 : 0.5);
      zoomTo(middle - half, middle + half);
    } else if (event.key === "0" || event.key === "Escape") {
      if (plot.isTime) zoomAll(); else plot.showAll();
    } else {
      return;
    }
    event.preventDefault();
  };
}

/** Puts the cursor on a value of the x axis. */
function pointAt(plot, x) {
  for (const other of plot.isTime ? plots.filter((each) => each.isTime) : [plot]) {
    const top = other.u.over.clientHeight / 2;
    other.u.setCursor({ left: other.u.valToPos(x, "x"), top });
  }
}

/** Draws a chart into its place, in the place's width. */
function plot(place, data, options, { isTime = false, height = 240, marks = [], draw = [] } = {}) {
  const self = { place, isTime };
  const hooks = { draw: [...draw, ...(isTime ? [markLines(marks)] : [])] };
  if (isTime) hooks.setScale = [(u, key) => { if (key === "x") zoomTo(u.scales.x.min, u.scales.x.max); }];
  for (const [name, added] of Object.entries(options.hooks ?? {})) hooks[name] = [...(hooks[name] ?? []), ...added];
  const x = isTime ? { time: false, auto: false, min: zoom.from, max: zoom.to } : options.scales.x;
  const all = {
    width: Math.max(240, place.clientWidth), height, padding: [isTime ? HEADROOM : 12, 22, 0, 0], ...options, hooks,
    scales: { ...options.scales, x },
    legend: { live: true, markers: { width: 2, dash: (u, i) => u.series[i].dash ? "dashed" : "solid" }, ...options.legend },
    cursor: {
      drag: { x: true, y: false, setScale: true },
      points: { size: 7 },
      ...(isTime ? { sync: { key: "time", setSeries: false, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } } } : {}),
      bind: { dblclick: () => () => { if (isTime) zoomAll(); else self.showAll(); return null; } },
      ...options.cursor,
    },
  };
  self.u = new uPlot(all, data, place);
  const { min, max } = self.u.scales.x;
  self.showAll = () => self.u.setScale("x", { min, max });
  self.onKey = keys(self);
  place.tabIndex = 0;
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", place.closest("figure")?.querySelector("h3")?.textContent ?? "Chart");
  place.addEventListener("keydown", self.onKey);
  plots.push(self);
  return self;
}

/** Takes charts away, to be drawn anew or never more. */
function removePlots(which = () => true) {
  for (const plot of plots.filter(which)) {
    plot.place.removeEventListener("keydown", plot.onKey);
    plot.u.destroy();
    plots.splice(plots.indexOf(plot), 1);
  }
}

/** Fits every chart to the width that its place has now. */
function fitPlots() {
  for (const { u, place } of plots) {
    const width = Math.max(240, place.clientWidth);
    if (place.clientWidth > 0 && Math.abs(u.width - width) > 1) u.setSize({ width, height: u.height });
  }
}

function nothing(place, why) {
  place.replaceChildren(make("p", { class: "none" }, why));
}
