import http from 'k6/http';

export const BASE = __ENV.BASE_URL || 'http://127.0.0.1:8080';

/** The kinds of room there are. */
export function roomTypes() {
  return http.get(`${BASE}/api/v1/pms/room-types`);
}

export function named(name) {
  return `${__VU} ${name}`;
}
