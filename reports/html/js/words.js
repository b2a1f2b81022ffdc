// Figures as a reader wants them: the same rules as the tables, which the program has written.

const NOTHING = "–";

function digits(value) {
  if (value < 0.1) return value.toFixed(4);
  if (value < 1) return value.toFixed(3);
  if (value < 9.995) return value.toFixed(2);
  if (value < 99.95) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-US");
}

/** A response time in milliseconds. */
function latency(ms) {
  if (ms == null || !Number.isFinite(ms)) return NOTHING;
  if (ms === 0) return "0ms";
  if (ms < 0.9995) return digits(ms * 1000) + "µs";
  if (ms < 999.5) return digits(ms) + "ms";
  return digits(ms / 1000) + "s";
}

/** A number on a chart's axis, as short as it can be. */
function plain(value) {
  return Number(value.toPrecision(4)).toLocaleString("en-US");
}

/** A response time on a chart's axis. */
function tick(ms) {
  if (ms === 0) return "0";
  return ms < 1 ? plain(ms * 1000) + "µs" : ms < 1000 ? plain(ms) + "ms" : plain(ms / 1000) + "s";
}

/** A moment of the run, in seconds from its start. */
function clock(seconds) {
  const sign = seconds < 0 ? "−" : "";
  let left = Math.abs(seconds);
  if (left < 60) return sign + Number(left.toFixed(left < 10 ? 1 : 0)) + "s";
  left = Math.round(left);
  const parts = [[3600, "h"], [60, "m"], [1, "s"]].map(([size, unit]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return [count, unit];
  });
  const from = parts.findIndex(([count]) => count > 0);
  return sign + parts.slice(from, from + 2).filter(([count]) => count > 0).map(([count, unit]) => count + unit).join("");
}

function number(value) {
  if (value == null || !Number.isFinite(value)) return NOTHING;
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return (value < 0 ? "-" : "") + digits(Math.abs(value));
}

function perSecond(value) {
  return value == null ? NOTHING : number(value) + "/s";
}

function share(fraction) {
  if (fraction === 0) return "0%";
  const percent = fraction * 100;
  return percent < 0.01 ? "<0.01%" : (percent < 9.995 ? percent.toFixed(2) : percent.toFixed(1)) + "%";
}
