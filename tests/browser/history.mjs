// What a page keeps of a run that goes on for a day: pushes rows as the server sends them, and prints what is left.
//
//   node tests/browser/history.mjs SECONDS

import { readFileSync } from "node:fs";

const source = readFileSync(new URL("../../reports/live/js/history.js", import.meta.url), "utf8");
const History = new Function(`${source}; return History;`)();
const history = new History();
history.replace({ interval_seconds: 1, covered_seconds: 0, columns: ["sum", "max", "mean"].map((combine) => ({ name: combine, combine, values: [] })) });
for (let second = 0; second < Number(process.argv[2]); second++) {
  const value = second % 7 === 0 ? null : second % 100;
  history.push([value, value, value]);
}
console.log(JSON.stringify({ step: history.step, seconds: history.seconds, columns: history.columns.map((column) => column.values) }));
