// The values over time, as many as the server keeps: when they are too many, neighbours are put together. A page that is open for a day
// holds no more than one that is open for an hour.

const MOST_POINTS = 3600;

const JOIN = {
  sum: (a, b) => (a === null ? b : b === null ? a : a + b),
  max: (a, b) => (a === null ? b : b === null ? a : Math.max(a, b)),
  mean: (a, b, seconds) => (a === null ? b : b === null ? a : a + (b - a) / seconds),
};

class History {
  constructor() {
    this.columns = [];
    this.step = 1;
    this.seconds = 0;
    this.view = { marks: [], targets: [] };
  }

  /** Takes over what the server has. */
  replace(series) {
    this.columns = series ? series.columns.map((column) => ({ ...column, values: [...column.values] })) : [];
    this.step = series?.interval_seconds || 1;
    this.seconds = series?.covered_seconds ?? 0;
  }

  /** The row of the next second. */
  push(row) {
    const length = this.columns[0]?.values.length ?? 0;
    if (this.seconds % this.step === 0 && length >= MOST_POINTS) this.halve();
    const opens = this.seconds % this.step === 0;
    const seconds = this.seconds % this.step + 1;
    this.columns.forEach((column, at) => {
      const value = row[at] ?? null;
      const last = column.values.length - 1;
      if (opens) column.values.push(value);
      else column.values[last] = JOIN[column.combine](column.values[last], value, seconds);
    });
    this.seconds += 1;
  }

  halve() {
    for (const column of this.columns) {
      const halved = [];
      for (let at = 0; at < column.values.length; at += 2) {
        halved.push(JOIN[column.combine](column.values[at], column.values[at + 1] ?? null, 2));
      }
      column.values = halved;
    }
    this.step *= 2;
  }

  column(name) {
    const found = this.columns.find((column) => column.name === name);
    return found?.values.some((value) => value !== null) ? found.values : undefined;
  }

  times() {
    return Array.from(this.columns[0]?.values ?? [], (_, at) => at * this.step);
  }

  /** Counts per second; the last point may be of a part of its time. */
  rates(values) {
    const rest = this.seconds % this.step || this.step;
    return values.map((value, at) => (value === null ? null : value / (at === values.length - 1 ? rest : this.step)));
  }

  /** The last value of a series that is there. */
  last(name) {
    const values = this.columns.find((column) => column.name === name)?.values ?? [];
    return values.length > 0 ? values[values.length - 1] : null;
  }

  get length() {
    return this.columns[0]?.values.length ?? 0;
  }
}
