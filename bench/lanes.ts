// Starts the lanes that were asked for; one that cannot be started is named in one line and left out.
import { fileURLToPath } from 'node:url';
import { type Child, startAnnounced } from './child.ts';
import type { Lane, LanePlace, Say } from './lane.ts';
import { startLitellm } from './lane-litellm.ts';
import { type OursLane, startOurs } from './lane-ours.ts';
import { startPortkey } from './lane-portkey.ts';
import type { LaneName } from './options.ts';

const script = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
const PATH = '/v1/chat/completions';
const AUTHORIZATION = { authorization: 'Bearer sk-bench' };

/** The mock upstream. */
export function startMock(): Promise<Child & { announcement: { port: number } }> {
  return startAnnounced<{ port: number }>(script('mock-upstream'), []);
}

async function startLane(name: LaneName, place: LanePlace): Promise<Lane | OursLane> {
  if (name === 'direct') return { name, child: null, worksOn: false, target: { port: place.mockPort, path: PATH, headers: AUTHORIZATION } };
  if (name === 'node-bare') {
    const child = await startAnnounced<{ port: number }>(script('node-bare'), [`http://127.0.0.1:${place.mockPort}`]);
    return { name, child, worksOn: false, target: { port: child.announcement.port, path: PATH, headers: AUTHORIZATION } };
  }
  if (name === 'portkey') return await startPortkey(place);
  return name === 'litellm' ? await startLitellm(place) : await startOurs(name, place);
}

/** The lanes that came up, in the order asked for. */
export async function startLanes(names: readonly LaneName[], place: LanePlace, say: Say): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (const name of names) {
    try {
      lanes.push(await startLane(name, place));
      say(`${name}: ready`);
    } catch (error) {
      say(`${name}: left out, ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return lanes;
}

export function isOurs(lane: Lane): lane is OursLane {
  return 'restart' in lane;
}
