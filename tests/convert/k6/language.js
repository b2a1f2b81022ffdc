/*
 * What JavaScript does and Rhai does otherwise.
 */
import { check } from 'k6';

export const options = { iterations: 1, thresholds: { checks: ['rate==1.0'] } };

const LIMITS = { low: 2, high: 10, 'with-dash': true, default: 3 };
const names = ['Ada', 'Grace', 'Edsger'];
const double = (x) => x * 2;
const greet = (name, greeting = 'Hello') => `${greeting}, ${name}!`;
const isEven = function (n) { return n % 2 === 0; };

function sum(...numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}

function describe({ low, high = 20, other = 'x' }, [first, , third]) {
  return first + low + high + other + third;
}

function classify(n) {
  switch (n) {
    case 1:
    case 2:
      return 'few';
    case 3: {
      const word = 'some';
      return word;
    }
    default:
      return 'many';
  }
}

function count(limit) {
  let total = 0;
  for (let i = 0; i < limit; i++) {
    if (i === 3) continue;
    total += i;
  }
  for (let i = limit; i > 0; i -= 2) {
    if (i === 4) continue;
    total += 1;
  }
  let j = 0;
  while (true) {
    j++;
    if (j > 3) break;
  }
  do { j--; } while (j > 0);
  for (const key in LIMITS) {
    if (key === 'low') total += 100;
  }
  for (const [key, value] of Object.entries({ a: 1, b: 2 })) {
    total += key === 'a' ? value : 1000;
  }
  return total + j;
}

export default async function () {
  const loop = names.map((n) => n.toUpperCase()).filter((n) => n.includes('A'));
  const first = names.find((n) => n.startsWith('G'));
  const total = names.reduce((all, n) => all + n.length, 0);
  const [one, ...others] = names;
  const { low, high: top } = LIMITS;
  const merged = { ...LIMITS, extra: null };
  const list = [...names, 'Barbara'];
  const nothing = undefined;
  const missing = merged.missing?.deeper?.still;
  const fallback = missing ?? 'none';
  const text = '' || 'empty';
  let seen = '';
  names.forEach((n, i) => {
    if (i === 1) return;
    seen += n[0];
  });
  let caught = '';
  try {
    throw new Error('broken');
  } catch (e) {
    caught = e.message;
  }
  let token = '';
  token = merged.missing;
  let best;
  if (!best) best = 'one';
  const half = 5 / 2;
  const parsed = JSON.parse('{"a": [1, 2]}');
  check(null, {
    'map and filter': () => loop.length === 2,
    'find': () => first === 'Grace',
    'reduce': () => total === 14,
    'destructuring': () => one === 'Ada' && others.length === 2 && low === 2 && top === 10,
    'spread': () => merged.low === 2 && merged['with-dash'] && list.length === 4 && merged.default === 3,
    'nothing': () => nothing === undefined && merged.extra === null && fallback === 'none',
    'falsy': () => !'' && !0 && !nothing && text === 'empty',
    'forEach': () => seen === 'AE',
    'division': () => half === 2.5 && Math.floor(7 / 2) === 3,
    'numbers': () => Math.max(1, 2, 3) === 3 && Math.round(2.5) === 3 && Math.abs(-2) === 2,
    'texts': () => ' x '.trim() === 'x' && 'a-b'.split('-').join('+') === 'a+b' && 'abc'.substring(1, 2) === 'b',
    'replace': () => 'aXbX'.replace('X', '-') === 'a-bX' && 'a1b2'.replace(/\d/g, '') === 'ab' && /b\d/.test('ab2'),
    'concatenation': () => 'n' + 1 + 2 === 'n12' && 1 + 2 + 'n' === '3n',
    'fixed': () => (2.345).toFixed(1) === '2.3' && '7'.padStart(3, '0') === '007',
    'caught': () => caught === 'broken',
    'functions': () => double(4) === 8 && greet('Ada') === 'Hello, Ada!' && greet('Ada', 'Hi') === 'Hi, Ada!' && isEven(4),
    'switch': () => classify(2) === 'few' && classify(3) === 'some' && classify(9) === 'many',
    'loops': () => count(6) === 1115,
    'json': () => parsed.a[1] === 2 && JSON.stringify({ a: 1 }) === '{"a":1}',
    'variables change': () => !token && best === 'one',
    'ternary': () => (low > 1 ? 'yes' : 'no') === 'yes',
    'typeof': () => typeof one === 'string' && typeof low === 'number' && typeof nothing === 'undefined',
    'destructured parameters': () => describe({ low: 1 }, ['a', 'b', 'c']) === 'a120xc',
  });
}
