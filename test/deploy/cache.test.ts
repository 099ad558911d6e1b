import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';

import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { allLogged, follow, mediaUrl, onAirBehindVarnish } from './behind-varnish.js';
import { proxies } from './proxies.js';

t.setTimeout(240_000);
const skip = skipWithout(proxies.varnish.program, 'varnish');

t.test('100 viewers behind Varnish cost the server what one costs', { skip }, async (t) => {
  const { onair, base } = await onAirBehindVarnish(t);
  const url = await mediaUrl(base);
  const parts = 12;
  const asked = async (viewers: number): Promise<{ count: number; twice: string[] }> => {
    const from = onair.requests.length;
    const runs = await Promise.all(Array.from({ length: viewers }, () => follow(url, parts)));
    t.strictSame(runs.flatMap(({ failed }) => failed), [], `${String(viewers)} viewers are answered`);
    await allLogged(onair);
    const urls = onair.requests.slice(from).map((request) => request.url).filter((each) => each.startsWith('/live/'));
    return { count: urls.length, twice: urls.filter((each, index) => /_HLS_msn|\.m4s/.test(each) && urls.indexOf(each) !== index) };
  };
  const one = await asked(1);
  const hundred = await asked(100);
  t.ok(one.count >= parts * 2, `one: ${String(one.count)} requests`);
  t.strictSame(hundred.twice, [], 'nothing is asked for twice');
  // They join within some tenths of a second, so that some are a part ahead of others.
  t.ok(hundred.count <= one.count * 1.5, `a hundred: ${String(hundred.count)} requests, one: ${String(one.count)}`);
  t.comment(`requests at the server: one viewer ${String(one.count)}, a hundred ${String(hundred.count)}`);

  const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/live/card/play`);
  t.teardown(() => socket.terminate());
  const bytes = await new Promise<number>((resolve, reject) => {
    let sum = 0;
    socket.on('error', reject).on('message', (data: Buffer, isBinary) => {
      if (isBinary) sum += data.length;
      if (sum > 100_000) resolve(sum);
    });
  });
  t.ok(bytes > 100_000, 'and sockets go through');
});

t.test('the facts that a hundred pages ask for, of a stream that is live and of one that is waited for, are asked for once a second', { skip }, async (t) => {
  const { onair, base } = await onAirBehindVarnish(t);
  for (const [path, status] of [['/api/streams/card', 200], ['/api/streams/soon', 404]] as const) {
    const startMs = performance.now();
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(Array.from({ length: 100 }, async () => {
        const answer = await fetch(base + path, { headers: { 'cache-control': 'no-cache', cookie: `id=${String(Math.random())}` } });
        await answer.arrayBuffer();
        return answer.status;
      }));
      t.ok(statuses.every((each) => each === status), path);
    }
    await allLogged(onair);
    const asked = onair.requests.filter(({ url }) => url === path).length;
    // What is fetched while it is no older than a second, and one for each second that has passed.
    t.ok(asked >= 1 && asked <= 2 + (performance.now() - startMs) / 1000, `${String(asked)} of 500`);
  }
  const ended = await fetch(`${base}/api/streams/card?key=${onair.key}`, { method: 'DELETE' });
  t.equal(ended.status, 204, 'what changes something goes through');
});

t.test('what one viewer was let see is shown to no other', { skip }, async (t) => {
  const service = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += String(bytes)));
    request.on('end', () => response.writeHead((JSON.parse(text) as { userAgent?: string }).userAgent === 'friend' ? 200 : 403).end());
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    service.closeAllConnections();
    service.close();
  });
  const port = (service.address() as AddressInfo).port;
  const { base } = await onAirBehindVarnish(t, { VIEW_CHECK_URL: `http://127.0.0.1:${String(port)}/`, VIEW_CHECK_CACHE_SECONDS: '0' });
  const as = (userAgent: string, url: string): Promise<Response> => fetch(url, { headers: { 'user-agent': userAgent } });
  const index = `${base}/live/card/index.m3u8`;
  const media = await waitUntil('the playlist', async () => {
    const text = await (await as('friend', index)).text();
    return text.startsWith('#EXTM3U') && new URL(text.trim().split('\n').at(-1) ?? '', index).href;
  });
  const { segments } = readMediaPlaylist(await (await as('friend', media)).text());
  const part = new URL(segments.flatMap(({ parts }) => parts)[0]?.uri ?? '', media).href;
  const init = new URL(segments[0]?.mapUri ?? '', media).href;
  for (const url of [index, media, part, init]) {
    const answer = await as('friend', url);
    t.equal(answer.status, 200, url);
    t.match(answer.headers.get('cache-control'), /private/, url);
    for (const who of ['stranger', 'friend', 'stranger']) t.equal((await as(who, url)).status, who === 'friend' ? 200 : 401, `${who} ${url}`);
  }
});
