import type { Page } from 'playwright-core';

import { waitUntil, type Teardown } from './programs.js';
import { TestPublisher } from './publisher.js';
import type { TestServer } from './server.js';
import { sendTestCard } from './test-card.js';

export interface PlayerSeen {
  readonly states: readonly string[];
  readonly paths: readonly string[];
  readonly warnings: readonly string[];
  readonly latencies: readonly (number | null)[];
  readonly seconds: number;
  readonly paused: boolean;
  readonly muted: boolean;
}

/** A page with a Player that notes what it says; `?stream=`, `?path=`, `?mode=`, and `?muted` for browsers that never play with sound unasked. */
export const playerPage = (origin: string): string => `<!doctype html><title>Player</title><video playsinline></video>
  <script type="module">
    import { Player } from '${origin}/sdk/onair.js';
    const query = new URLSearchParams(location.search);
    const video = document.querySelector('video');
    if (query.has('muted')) video.muted = true;
    const player = new Player({ url: '${origin}', stream: query.get('stream'), video, mode: query.get('mode') ?? undefined, path: query.get('path') ?? undefined });
    const said = { states: [], paths: [], warnings: [], latencies: [] };
    player.on('stats', ({ latencySeconds }) => said.latencies.push(latencySeconds ?? null));
    player.on('state', ({ state }) => said.states.push(state));
    player.on('path', ({ path }) => said.paths.push(path));
    player.on('warning', ({ code }) => said.warnings.push(code));
    player.on('autoplay', (what) => said.states.push('autoplay ' + what));
    window.player = player;
    window.seen = () => ({ ...said, seconds: video.currentTime, paused: video.paused, muted: video.muted });
    player.play();
  </script>`;

export const playerSeen = (page: Pick<Page, 'evaluate'>): Promise<PlayerSeen> => page.evaluate<PlayerSeen>('seen()');

/** Waits until what the player said is so. */
export async function untilPlayer(page: Pick<Page, 'evaluate'>, what: string, holds: (now: PlayerSeen) => boolean, timeoutMs = 30_000): Promise<PlayerSeen> {
  let last: PlayerSeen | undefined;
  return waitUntil(what, async () => holds((last = await playerSeen(page))) && last, timeoutMs, 200).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  });
}

/** Waits until the picture moves on by so much. */
export async function untilItPlays(page: Pick<Page, 'evaluate'>, seconds = 2, timeoutMs = 30_000): Promise<PlayerSeen> {
  const { seconds: from } = await untilPlayer(page, 'a picture', (now) => now.states.at(-1) === 'playing', timeoutMs);
  return untilPlayer(page, 'a moving picture', (now) => now.states.at(-1) === 'playing' && now.seconds > from + seconds, timeoutMs);
}

/** Waits until it was over, and then played again. */
export const untilTheNextOne = (page: Pick<Page, 'evaluate'>): Promise<PlayerSeen> =>
  untilPlayer(page, 'the second broadcast', ({ states }) => states.includes('ended') && states.includes('playing', states.indexOf('ended')));

/** A test card on air for so long at most. */
export async function goOnAir(t: Teardown, server: TestServer, stream: string, seconds: number): Promise<{ end: () => Promise<unknown> }> {
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  publisher.closed.catch(() => undefined);
  sendTestCard(t, publisher, { seconds }).catch(() => undefined);
  await publisher.message('live');
  return { end: () => publisher.end() };
}
