// A first test: who looks for a room.
import http from 'k6/http';
import { check, sleep } from 'k6';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:8080';

export const options = {
  // Two users for a second.
  vus: 2,
  duration: '1s',
  thresholds: {
    http_req_duration: ['p(95)<500', 'p(99)<1500'],
    http_req_failed: ['rate<0.01'],
    checks: [{ threshold: 'rate>=0.99', abortOnFail: true, delayAbortEval: '1s' }],
  },
};

export default function () {
  const res = http.get(`${BASE_URL}/api/v1/pms/room-types`);
  check(res, {
    'status is 200': (r) => r.status === 200,
    'is JSON': (r) => r.headers['Content-Type'] === 'application/json',
    'has types': (r) => r.json('room_types').length > 0,
    'body is there': (r) => r.body,
  });
  sleep(0.2);
}
