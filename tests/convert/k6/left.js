import http from 'k6/http';
import { check, sleep } from 'k6';
import { browser } from 'k6/browser';
import ws from 'k6/ws';
import { thing } from './missing.js';

export const options = {
  iterations: 1,
  ext: { loadimpact: { name: 'cloud' } },
  thresholds: {
    browser_web_vital_lcp: ['p(90)<1000'],
    checks: ['rate>0.5'],
  },
};

class Client {
  constructor(url) {
    this.url = url;
  }
}

const client = new Client('x');

export default async function () {
  const page = await browser.newPage();
  await page.goto('https://example.com');
  const res = http.get(`${__ENV.BASE_URL}/health/live`);
  const value = thing(res) + 1;
  const socket = ws.connect('wss://x', null, function (socket) {
    socket.close();
  });
  check(res, {
    'alive': (r) => r.status === 200,
    'fast': (r) => client.judge(r),
  });
  outer: for (let i = 0; i < 3; i++) {
    if (i > 1) break outer;
  }
  sleep(0.01, page);
  try {
    http.get(`${__ENV.BASE_URL}/health/ready`);
  } finally {
    console.log('done', value, socket);
  }
}

export function handleSummary(data) {
  return { 'summary.json': JSON.stringify(data) };
}
