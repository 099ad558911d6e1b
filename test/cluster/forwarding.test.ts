import type { FastifyRequest } from 'fastify';
import t from 'tap';
import { patienceMs } from '../../src/cluster/forwarding.js';

const asked = (method: string, url: string): FastifyRequest => ({ method, ws: false, routeOptions: { url: `/live/:stream/${url}` } }) as unknown as FastifyRequest;
const limits = { answerMs: 10_000, resumeWindowMs: 3_600_000, targetDurationSeconds: 2 };

t.test('who watches by another node waits for a publisher for as long as the broadcast does, and for a playlist for as long as it may be held', async (t) => {
  for (const url of ['frames', 'stream.mp4', 'stream.flv']) t.ok(patienceMs(asked('GET', url), limits) > limits.resumeWindowMs, url);
  t.equal(patienceMs(asked('GET', 'index.m3u8'), limits), 16_000);
});
