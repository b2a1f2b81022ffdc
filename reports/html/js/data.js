// The data that the page carries: the result itself, and what was made of it for the charts.

/** The text of the result, exactly as it was embedded. */
async function resultText() {
  const element = byId("data");
  const text = element.textContent;
  if (element.type === "application/json") return text;
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser cannot unpack the page's data, so there are no charts; the tables are complete. Chrome and Edge can from version 80 on, Safari from 16.4, Firefox from 113.");
  }
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).text();
}

/** A result with the look-ups that the charts need. */
class Data {
  constructor(result, view) {
    this.result = result;
    this.view = view;
    this.series = result.time_series;
    this.intervals = result.intervals ?? { rows: [], interval_seconds: 0, start_seconds: 0 };
    this.totals = new Map();
    this.endpoints = new Map();
    for (const row of this.intervals.rows) {
      const name = row.tags?.name;
      if (name === undefined) this.totals.set(row.metric, row);
      else this.endpoints.set(Data.key(row.metric, row.tags.method, name), row);
    }
  }

  static key(...parts) {
    return JSON.stringify(parts);
  }

  endpoint(metric, endpoint) {
    return this.endpoints.get(Data.key(metric, endpoint.method, endpoint.name));
  }

  /** The values of a series over time; `undefined` where there is none with a value. */
  column(name) {
    const found = this.series.columns.find((column) => column.name === name);
    return found?.values.some((value) => value !== null) ? found.values : undefined;
  }

  /** The seconds of the points of the series. */
  times() {
    const { start_seconds: start, interval_seconds: step, columns } = this.series;
    return Array.from(columns[0]?.values ?? [], (_, at) => start + at * step);
  }

  /** Counts per second. The last point may be of a part of its time only; of less than half of it there is no rate. */
  rates(values, { start_seconds: start, interval_seconds: step = 1 } = this.series) {
    const end = this.result.run.duration_seconds;
    return values.map((value, at) => {
      const length = at === values.length - 1 ? Math.min(step, end - start - at * step) : step;
      return value === null || (length < step / 2 && values.length > 1) ? null : value / Math.max(length, step / 2);
    });
  }

  /** The seconds of the intervals. */
  intervalTimes(count) {
    const { start_seconds: start, interval_seconds: step } = this.intervals;
    return Array.from({ length: count }, (_, at) => start + at * step);
  }
}
