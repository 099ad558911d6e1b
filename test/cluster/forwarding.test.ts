import { fastify, type FastifyRequest } from 'fastify';
import t from 'tap';
import { forwardElsewhere, patienceMs } from '../../src/cluster/forwarding.js';
import type { Whereabouts } from '../../src/cluster/name-store.js';
import { NodeProof } from '../../src/cluster/node-proof.js';
import { LiveError } from '../../src/protocol/live-error.js';

const asked = (method: string, url: string): FastifyRequest => ({ method, ws: false, routeOptions: { url: `/live/:stream/${url}` } }) as unknown as FastifyRequest;
const limits = { answerMs: 10_000, resumeWindowMs: 3_600_000, targetDurationSeconds: 2 };

t.test('who watches by another node waits for a publisher for as long as the broadcast does, and for a playlist for as long as it may be held', async (t) => {
  for (const url of ['frames', 'stream.mp4', 'stream.flv']) t.ok(patienceMs(asked('GET', url), limits) > limits.resumeWindowMs, url);
  t.equal(patienceMs(asked('GET', 'index.m3u8'), limits), 16_000);
});

t.test('a segment of a node that is gone is a gap to VLC 3, which would not ask again; all others are told to come again, and all are for playlists', async (t) => {
  const nowhere: readonly [string, Whereabouts][] = [
    ['it died', { node: 'http://127.0.0.1:1', mayGoOn: true, isOwned: true }],
    ['its lease is over', { node: undefined, mayGoOn: true, isOwned: false }],
    ['nobody knows', { node: undefined, mayGoOn: false, isOwned: false, isUnknown: true }],
  ];
  for (const [what, found] of nowhere) {
    const app = fastify();
    app.decorateRequest('ws', false);
    app.setErrorHandler((error, _request, reply) => reply.code(error instanceof LiveError && error.code === 'unavailable' ? 503 : 500).send(String(error)));
    const homes = { of: async () => found, now: async () => found, later: async () => ({ ...found, isUnknown: true }), forget: () => undefined };
    await forwardElsewhere(app, { homes, proof: new NodeProof('the-secret-of-all-nodes'), resumeWindowMs: 1000, directory: { holds: () => false, locate: async () => undefined }, relays: { open: async () => undefined } });
    app.get('/live/:stream/:broadcast/media.m3u8', async () => 'answered here');
    app.get('/live/:stream/:broadcast/:file', async () => 'answered here');
    t.teardown(() => app.close());
    for (const [file, userAgent, expected] of [['7.m4s', 'VLC/3.0.21 LibVLC/3.0.21', 200], ['7.m4s', 'Mozilla/5.0', 503], ['7.0.m4s', 'VLC/3.0.21', 503], ['media.m3u8', 'VLC/3.0.21', 503]] as const) {
      const { statusCode, body, headers } = await app.inject({ url: `/live/cam/run1/${file}`, headers: { 'user-agent': userAgent } });
      t.equal(statusCode, expected, `${what}: ${file} for ${userAgent}`);
      if (expected === 200) t.strictSame([body.length, headers['cache-control'], headers.vary], [80, 'no-store', 'User-Agent']);
    }
  }
});
