import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';

import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { skipWithout } from '../helpers/programs.js';
import { follow, mediaUrl, next, onAirBehindVarnish } from './behind-varnish.js';
import { proxies } from './proxies.js';

t.setTimeout(120_000);

t.test('a stranger who asks for what is to come keeps it from nobody', { skip: skipWithout(proxies.varnish.program, 'varnish') }, async (t) => {
  const { base } = await onAirBehindVarnish(t);
  const url = await mediaUrl(base);
  const refused = new Map<number, number>();
  const stop = new AbortController();
  const stranger = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const text = await (await fetch(url)).text();
      const { segments } = readMediaPlaylist(text);
      const open = (segments.at(-1)?.sequenceNumber ?? 0) + (segments.at(-1)?.uri === undefined ? 0 : 1);
      const [, sequence = '0', part = '0'] = /(\d+)\.(\d+)\.m4s/.exec(next(text).hint) ?? [];
      const parts = [1, 2, 3].map((ahead) => `${sequence}.${String(Number(part) + ahead)}.m4s`);
      const later = [1, 2].flatMap((ahead) => [`${String(Number(sequence) + ahead)}.0.m4s`, `${String(Number(sequence) + ahead)}.1.m4s`, `${String(Number(sequence) + ahead)}.m4s`]);
      const playlists = [2, 3, 4].flatMap((ahead) => [`?_HLS_msn=${String(open + ahead)}`, `?_HLS_msn=${String(open + ahead)}&_HLS_part=0`]);
      const addresses = [...[...parts, ...later].map((name) => new URL(name, url).href), ...playlists.map((query) => url + query)];
      // Some of these are held until they are there: nobody waits for them here. A signal that is shared by them all warns of a leak.
      const answers = addresses.map((address) =>
        fetch(address, { signal: AbortSignal.any([stop.signal]) }).then(async (answer) => {
          refused.set(answer.status, (refused.get(answer.status) ?? 0) + 1);
          await answer.arrayBuffer();
        }).catch(() => undefined),
      );
      await Promise.race([Promise.all(answers), sleep(150)]);
    }
  })();
  const { failed, longestMs } = await follow(url, 24);
  stop.abort();
  await stranger.catch(() => undefined);
  t.ok((refused.get(404) ?? 0) > 20, `the stranger was early: ${JSON.stringify([...refused])}`);
  t.ok((refused.get(400) ?? 0) > 20);
  t.strictSame(failed, [], 'a viewer who asks in time is answered');
  t.ok(longestMs < 2000, `within ${String(Math.round(longestMs))} ms`);
});
