import http from 'k6/http';
import { sleep, group, check } from 'k6';
import exec from 'k6/execution';
import { randomIntBetween } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';

export const options = {
  scenarios: {
    browse: {
      executor: 'ramping-vus',
      exec: 'browse',
      startVUs: 0,
      stages: [
        { duration: '500ms', target: 2 },
        { duration: '500ms', target: 0 },
      ],
      gracefulRampDown: '1s',
    },
    book: {
      executor: 'constant-arrival-rate',
      exec: 'book',
      rate: 5,
      timeUnit: '1s',
      duration: '1s',
      preAllocatedVUs: 2,
      maxVUs: 5,
      tags: { kind: 'booking' },
      env: { NIGHTS: '2' },
    },
    shared: { executor: 'shared-iterations', exec: 'browse', vus: 2, iterations: 4, maxDuration: '10s' },
    each: { executor: 'per-vu-iterations', exec: 'browse', vus: 2, iterations: 2, startTime: '200ms' },
  },
  thresholds: {
    'http_req_duration{kind:booking}': ['p(95) < 800'],
    'checks': ['rate == 1.0'],
  },
  insecureSkipTLSVerify: true,
  noConnectionReuse: false,
  userAgent: 'hotel test',
  setupTimeout: '10s',
  summaryTrendStats: ['avg', 'p(99)'],
};

const base = __ENV.BASE_URL;

export function setup() {
  const login = http.post(`${base}/api/v1/admin/login`, JSON.stringify({ user: 'qa' }), {
    headers: { 'Content-Type': 'application/json' },
  });
  return { token: login.json('token'), room: 'room-double' };
}

export function browse(data) {
  group('look around', function () {
    const res = http.get(`${base}/api/v1/admin/stats`, {
      headers: { Authorization: `Bearer ${data.token}` },
      tags: { name: 'stats', step: 1 },
      timeout: 5000,
    });
    check(res, { 'stats': (r) => r.status === 200 });
  });
  sleep(randomIntBetween(1, 2) / 20);
  sleep(Math.random() * 0.1 + 0.05);
  sleep(randomIntBetween(0, 0));
}

export function book({ token, room }) {
  const nights = parseInt(__ENV.NIGHTS, 10);
  exec.vu.tags.tariff = 'weekend';
  const res = http.post(
    `${base}/api/v1/reservations`,
    JSON.stringify({ room, guest: `Guest ${exec.vu.idInTest}-${exec.vu.iterationInScenario}`, nights }),
    { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }, tags: { name: 'reserve' } },
  );
  const ok = check(res, { 'booked': (r) => r.status === 201 });
  if (!ok) {
    console.error(`no room: ${res.status}`, res.body);
    return;
  }
  http.del(`${base}/api/v1/reservations/${res.json().id}`, null, { tags: { name: 'delete' }, responseCallback: http.expectedStatuses(404, { min: 405, max: 405 }) });
}

export function teardown(data) {
  http.post(`${base}/api/v1/admin/reset`, null, { headers: { Authorization: `Bearer ${data.token}` } });
}
