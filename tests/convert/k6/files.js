import http from 'k6/http';
import { check } from 'k6';

const image = open('./room.png', 'b');

export const options = { iterations: 1 };

export default function () {
  const data = { field: 'a room', file: http.file(image, 'room.png', 'image/png') };
  const res = http.post(`${__ENV.BASE_URL}/api/v1/reservations`, data);
  check(res, { 'is refused': (r) => r.status >= 400 });
  const again = http.post(`${__ENV.BASE_URL}/api/v1/reservations`, { file: http.file('text', 'a.txt', 'text/plain'), n: 1 });
  check(again, { 'too': (r) => [400, 415, 422].includes(r.status) });
}
