import http from 'k6/http';
import { check, fail } from 'k6';
import { Trend, Counter, Rate, Gauge } from 'k6/metrics';

const waiting = new Trend('my_waiting', true);
const bookings = new Counter('bookings');
const good = new Rate('good_answers');
const rooms = new Gauge('rooms_free');

export const options = {
  iterations: 3,
  thresholds: {
    my_waiting: ['avg<1000', 'max<5000'],
    bookings: ['count>0'],
    good_answers: ['rate>0.9'],
    rooms_free: ['value>0'],
  },
};

let attempts = 0;
const seen = {};
const order = [];

export default function () {
  attempts += 1;
  const res = http.get(`${__ENV.BASE_URL}/api/v1/pms/availability?nights=2`);
  waiting.add(res.timings.waiting, { where: 'search' });
  good.add(res.status === 200);
  good.add(res.body ? 1 : 0);
  const free = res.json().rooms;
  for (const room of free) {
    seen[room.id] = (seen[room.id] || 0) + 1;
    order.push(room.id);
    rooms.add(room.available);
  }
  bookings.add(attempts > 0);
  remember(free.length);
  if (!check(attempts, { 'attempts are counted': (n) => n >= 1 })) fail('lost count');
}

function remember(count) {
  attempts = attempts + 0;
  if (count === undefined) {
    return;
  }
  console.log(`seen ${count} rooms, ${Object.keys(seen).length} in all`);
}
