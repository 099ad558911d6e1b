import { once } from 'node:events';
import t from 'tap';
import { forwardElsewhere } from '../../src/cluster/forwarding.js';
import type { Whereabouts } from '../../src/cluster/name-store.js';
import { NodeProof } from '../../src/cluster/node-proof.js';
import { startFakeServer } from '../http/fake-server.js';
import { startOwned } from '../helpers/programs.js';

/** A node whose process can be stopped: what it answers is its own business. */
const node = `require('node:http').createServer((request, answer) => answer.end(request.url)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;

t.test('a node that stands still holds no request for ever: its clients are told to come again, those of playlists after three target durations', async (t) => {
  const child = startOwned(t, process.execPath, ['-e', node], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [port] = (await once(child.stdout!, 'data')) as [Buffer];
  const found: Whereabouts = { node: `http://127.0.0.1:${String(port).trim()}`, mayGoOn: false, isOwned: true, targetDurationSeconds: 1 };
  let forgotten = 0;
  const homes = { of: async () => found, now: async () => found, later: async () => ({ ...found, node: undefined }), forget: () => forgotten++ };
  const directory = { holds: () => false, locate: async () => undefined };
  const { app } = await startFakeServer(t, { forward: (forwarding) => forwardElsewhere(forwarding, { directory, homes, proof: new NodeProof('a-secret-of-all-nodes'), relays: { open: async () => undefined }, answerMs: 100, resumeWindowMs: 0 }) });
  const ask = async (url: string): Promise<{ readonly status: number; readonly retryAfter: unknown; readonly ms: number }> => {
    const startedAt = performance.now();
    const { statusCode, headers } = await app.inject(url);
    return { status: statusCode, retryAfter: headers['retry-after'], ms: performance.now() - startedAt };
  };
  t.equal((await ask('/api/streams/cam')).status, 200);

  child.kill('SIGSTOP');
  const [facts, held] = await Promise.all([ask('/api/streams/cam'), ask('/live/cam/poster.jpg')]);
  t.match(facts, { status: 503, retryAfter: '1' });
  t.match(held, { status: 503, retryAfter: '1' });
  t.ok(held.ms >= 2900, `what may be held is waited for as long as that may take: ${String(held.ms)} ms`);
  t.ok(facts.ms < held.ms);
  t.ok(forgotten > 0, 'the directory is asked again where the stream is');

  child.kill('SIGCONT');
  t.equal((await ask('/api/streams/cam')).status, 200, 'and it is asked again when it goes on');
});
