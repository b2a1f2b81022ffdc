import { check } from 'k6';
import { roomTypes, BASE } from './lib/hotel.js';
import * as hotel from './lib/hotel.js';

export const options = { iterations: 2, vus: 1 };

export default function () {
  const res = roomTypes();
  check(res, { 'types': (r) => r.status === 200 });
  check(hotel.named('x'), { 'named': (n) => n.endsWith('x') && BASE.length > 0 && hotel.BASE === BASE });
}
