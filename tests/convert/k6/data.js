import http from 'k6/http';
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
import { randomItem, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';

const guests = new SharedArray('guests', function () {
  return papaparse.parse(open('./guests.csv'), { header: true }).data;
});
const rooms = new SharedArray('rooms', () => JSON.parse(open('./rooms.json')));
const computed = new SharedArray('computed', function () {
  const all = [];
  for (let i = 0; i < 5; i++) {
    all.push({ nights: i + 1 });
  }
  return all;
});

export const options = { vus: 2, iterations: 6 };

export default function () {
  const guest = guests[exec.scenario.iterationInTest % guests.length];
  const other = guests[Math.floor(Math.random() * guests.length)];
  const room = randomItem(rooms);
  const mine = guests[__VU % guests.length];
  const stay = computed[__ITER % computed.length];
  const res = http.post(
    `${__ENV.BASE_URL}/api/v1/reservations`,
    JSON.stringify({ room: room.id, guest: guest.name, nights: stay.nights }),
    { headers: { 'Content-Type': 'application/json', 'Idempotency-Key': uuidv4() }, tags: { name: 'reserve' } },
  );
  check(res, {
    'is booked': (r) => r.status === 201,
    'for the guest': (r) => r.json('guest') === guest.name,
  });
  if (other.name.length === 0 || mine.name.length === 0) {
    throw new Error('a guest without a name');
  }
}
