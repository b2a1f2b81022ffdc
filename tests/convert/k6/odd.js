import { check as ok, group } from 'k6';
import * as http from 'k6/http';
import { get, post } from 'k6/http';
import { Trend } from 'k6/metrics';
import { vu, scenario } from 'k6/execution';
const t = { a: new Trend('x') };
const cfg = { hosts: ['a'], get url() { return 1; }, method() { return 2; } };
const [p, q] = [1, 2];
let env = 'x', http2 = null;
var counter = 0, list = [];
function iteration() { counter++; return list.length > 0 && list[0]; }
function check(x) { return x; }
const fn2 = (a) => { a.b = 1; return a; };
export const options = { vus: 1, iterations: 2, stages: undefined, thresholds: { 'x': ['p(90)<1'] } };
export default function main() {
  const r = get('http://127.0.0.1:1/`${x}');
  post('http://127.0.0.1:1', null, { headers: { [env]: 'x' } });
  ok(r, { 'no': (r) => r.status == 0, [`dyn`]: (r) => true, 'val': r.status === 0 });
  const s = `line1
  line2 \`tick\` \${no} ${vu.idInTest}`;
  let a = iteration() || check(1);
  for (var i = 0, j = 10; i < j; i++, j--) { if (i == 2) continue; else a = i; }
  group('g', () => { list.push(1, 2); counter += 1; delete fn2({}).b; });
  const o = { a, 'b-c': 1, ...fn2({}) };
  o.in = 3; o['x' + 1] = 4; o.b?.c?.();
  if (!(a in o) && typeof a !== 'undefined') console.log('x', o, null, undefined);
  const { x = 1, y: { z } = { z: 2 }, ...rest } = o;
  switch (x) { case 1: console.log(1); case 2: break; }
  const f = function fact(n) { return n <= 1 ? 1 : n * fact(n - 1); };
  setTimeout(() => {}, 1);
  new Promise((res) => res());
  x++; (function () { console.log('iife'); })();
  const re = /a(?=b)/g; 'aab'.match(re);
  const d = new Date(2020, 1, 1).getTime();
  return { a: 1 }, 2;
}
