import http, { RefinedResponse, ResponseType } from 'k6/http';
import { check } from 'k6';
import type { Options } from 'k6/options';

interface Room {
  id: string;
  rate: number;
}

type Rooms = Room[];

export const options: Options = { vus: 1, iterations: 2 } satisfies Options;

const base: string = __ENV.BASE_URL ?? 'http://127.0.0.1:8080';

function cheapest(rooms: Rooms): Room | undefined {
  let best: Room | undefined;
  for (const room of rooms) {
    if (!best || room.rate < best!.rate) {
      best = room;
    }
  }
  return best;
}

export default (): void => {
  const res: RefinedResponse<ResponseType> = http.get(`${base}/api/v1/pms/availability`);
  const rooms = res.json('rooms') as unknown as Rooms;
  const room = cheapest(rooms);
  check(room, { 'there is a cheapest': (r) => r !== undefined && r.rate > 0 });
};
