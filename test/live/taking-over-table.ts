import type { Entry } from '../../src/live/taking-over.js';

export type WayIn = 'websocket' | 'http' | 'rtmp';

/** Of the broadcast that has the name: nothing came yet and nobody is there; bytes come; none came for long; its connection was lost; it is over. */
export type State = 'free' | 'abandoned' | 'fed' | 'silent' | 'lost' | 'over';

/** What the newcomer brings: the key that the broadcast began with, another good one, with its resume token, or with one of another broadcast. */
export type Brings = 'same key' | 'other key' | 'its token' | 'wrong token';

export interface Row {
  readonly state: State;
  readonly begunBy: WayIn;
  readonly comesBy: WayIn;
  readonly brings: Brings;
  readonly outcome: Entry;
}

const ways = ['websocket', 'http', 'rtmp'] as const;
/** Those whose clients keep no resume token. */
const byKey = ['http', 'rtmp'] as const;
/** Those that can bring one all the same. */
const byToken = ['websocket', 'http'] as const;
const running = ['abandoned', 'fed', 'silent', 'lost'] as const;

function each(states: readonly State[], begun: readonly WayIn[], comes: readonly WayIn[], brings: readonly Brings[], outcome: Entry): Row[] {
  return states.flatMap((state) => begun.flatMap((begunBy) => comes.flatMap((comesBy) => brings.map((what) => ({ state, begunBy, comesBy, brings: what, outcome })))));
}

/** Who goes on with which broadcast: all there is to know of it. */
export const table: readonly Row[] = [
  // A name that nobody has is anybody's; a token for it is of no use.
  ...each(['free', 'over'], ['websocket'], ways, ['same key', 'other key'], 'begins'),
  ...each(['free', 'over'], ['websocket'], byToken, ['wrong token'], 'over'),
  ...each(['over'], ways, byToken, ['its token'], 'over'),
  // A token is enough, whatever became of the connection before; no key makes up for a wrong one.
  ...each(running, ways, byToken, ['its token'], 'goes-on'),
  ...each(running, ways, byToken, ['wrong token'], 'over'),
  // While bytes come nobody else gets in.
  ...each(['fed'], ways, ways, ['same key', 'other key'], 'already-live'),
  // Where the key stands for a token it goes on with what was lost or is silent, by any such way in.
  ...each(['abandoned', 'silent', 'lost'], byKey, byKey, ['same key'], 'goes-on'),
  ...each(['silent', 'lost'], byKey, byKey, ['other key'], 'already-live'),
  // A page's broadcast waits for its token, and a page that has none is somebody else, whatever its key.
  ...each(['silent', 'lost'], ['websocket'], ways, ['same key', 'other key'], 'already-live'),
  ...each(['silent', 'lost'], byKey, ['websocket'], ['same key', 'other key'], 'already-live'),
  // Where nothing had come nothing is waited for.
  ...each(['abandoned'], ['websocket'], ways, ['same key', 'other key'], 'begins'),
  ...each(['abandoned'], byKey, ['websocket'], ['same key', 'other key'], 'begins'),
  ...each(['abandoned'], byKey, byKey, ['other key'], 'begins'),
];
