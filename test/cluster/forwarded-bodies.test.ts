import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fastify, type FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { forwardElsewhere } from '../../src/cluster/forwarding.js';
import { NodeProof } from '../../src/cluster/node-proof.js';
import type { Whereabouts } from '../../src/cluster/name-store.js';
import { Counts } from '../../src/http/counts.js';
import { createServer } from '../../src/http/server.js';
import { LiveError } from '../../src/protocol/live-error.js';
import { waysToAsk, type Exchange, type Way } from '../http/clients.js';

/** So long another node may be silent, and a connection idle: longer than a busy machine stands still. What is slow but alive takes longer. */
const limitMs = 5000;
const stepMs = 1500;
const steps = 6;

/** @returns the address of a node that hands all streams on to one other, which answers by itself, as `routes` says */
async function twoNodes(t: Test, tls: Way['tls'], routes: (owner: FastifyInstance) => void, { idleTimeoutMs = limitMs } = {}): Promise<string> {
  const owner = fastify();
  const other = createServer({ tls, trustedProxies: false, logLevel: 'silent', publicUrl: undefined, headersTimeoutMs: 10_000, idleTimeoutMs, cuts: new Counts() });
  for (const app of [owner, other]) {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  }
  routes(owner);
  const found: Whereabouts = { node: await owner.listen({ host: '127.0.0.1', port: 0 }), mayGoOn: false, isOwned: true, targetDurationSeconds: 0 };
  const homes = { of: async () => found, now: async () => found, later: async () => found, forget: () => undefined };
  const proof = new NodeProof('the-secret-of-all-nodes');
  other.decorateRequest('ws', false);
  other.setErrorHandler((error, _request, reply) => reply.code(error instanceof LiveError ? 503 : 500).send(String(error)));
  await forwardElsewhere(other, { ...{ homes, proof, answerMs: limitMs, resumeWindowMs: 1000 }, directory: { holds: () => false, locate: async () => undefined }, relays: { open: async () => undefined } });
  for (const url of ['/live/:stream/publish', '/api/streams/:stream', '/live/:stream/media']) other.route({ method: ['GET', 'PUT', 'PATCH'], url, handler: async (_request, reply) => reply.code(500).send('it was not handed on') });
  await other.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(async () => {
    await Promise.all([other.close(), owner.close()]);
  });
  return `127.0.0.1:${String((other.server.address() as AddressInfo).port)}`;
}

/** A byte at a time. */
async function sendSlowly({ body }: Exchange): Promise<void> {
  for (let step = 0; step < steps; step++) {
    body.write('.');
    await delay(stepMs);
  }
  body.end();
}

async function answerTo({ body: sent, answer }: Exchange): Promise<{ status: number; text: string }> {
  const cut = once(sent, 'close').then(() => Promise.reject(new Error('expected an answer, got a connection that was cut')));
  const { status, body } = await Promise.race([answer, cut]);
  return { status, text: Buffer.concat((await body.toArray()) as Buffer[]).toString() };
}

async function lengthOf(body: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const chunk of body) length += chunk.length;
  return length;
}

const media = { 'content-type': 'application/octet-stream' };

t.jobs = 11;

for (const { name, tls, client } of waysToAsk(t)) {
  t.test(`${name}: a publisher at another node than the one that has its name may send as slowly as it likes, and is answered whenever it is over`, async (t) => {
    const came: number[] = [];
    const address = await twoNodes(t, tls, (owner) => {
      owner.put('/live/:stream/publish', async ({ raw }) => {
        for await (const chunk of raw as AsyncIterable<Buffer>) came.push(chunk.length);
        await delay(1.5 * limitMs);
        return 'over';
      });
    });
    const asked = client(t, address).ask('/live/cam/publish', { method: 'PUT', headers: media });
    await sendSlowly(asked);
    t.strictSame(await answerTo(asked), { status: 200, text: 'over' });
    t.equal(came.reduce((sum, length) => sum + length, 0), steps);
    t.ok(came.length > 1, 'it was not kept until it was whole');
  });

  t.test(`${name}: a recording that its node takes in slowly is waited for, and no byte of it is lost`, async (t) => {
    const bytes = 16_000_000;
    const address = await twoNodes(t, tls, (owner) => {
      owner.put('/live/:stream/publish', async ({ raw }) => {
        await delay(1.5 * limitMs);
        return String(await lengthOf(raw));
      });
    });
    const asked = client(t, address).ask('/live/cam/publish', { method: 'PUT', headers: media });
    asked.body.end(Buffer.alloc(bytes));
    t.strictSame(await answerTo(asked), { status: 200, text: String(bytes) });
  });

  t.test(`${name}: a publisher that is silent is cut all the same, at both nodes`, async (t) => {
    const ends: Promise<unknown>[] = [];
    const address = await twoNodes(t, tls, (owner) => {
      owner.put('/live/:stream/publish', async ({ raw }) => {
        const end = lengthOf(raw).then(() => 'whole', () => 'broken off');
        ends.push(end);
        return end;
      });
    });
    const asked = client(t, address).ask('/live/cam/publish', { method: 'PUT', headers: media });
    const closed = new Promise((resolve) => asked.body.once('close', resolve));
    asked.body.write('.');
    await closed;
    t.strictSame(await Promise.all(ends), ['broken off']);
  });
}

t.test('another body that comes slowly is waited for; a node that says nothing to it is not', async (t) => {
  const [way] = waysToAsk(t);
  const address = await twoNodes(t, undefined, (owner) => {
    owner.patch<{ Params: { stream: string } }>('/api/streams/:stream', async ({ raw, params }, reply) => {
      const length = await lengthOf(raw);
      return params.stream === 'mute' ? reply.hijack() : String(length);
    });
  });
  const [heard, unheard] = await Promise.all(['cam', 'mute'].map(async (stream) => {
    const asked = way!.client(t, address).ask(`/api/streams/${stream}`, { method: 'PATCH', headers: media });
    await sendSlowly(asked);
    return answerTo(asked);
  }));
  t.strictSame(heard, { status: 200, text: String(steps) });
  t.equal(unheard?.status, 503);
});

t.test('who takes its media slowly gets all of it', async (t) => {
  const bytes = 30_000_000;
  const [way] = waysToAsk(t);
  const address = await twoNodes(t, undefined, (owner) => {
    owner.get('/live/:stream/media', async () => Buffer.alloc(bytes));
  }, { idleTimeoutMs: 60_000 });
  const { body } = await way!.client(t, address).ask('/live/cam/media').answer;
  await delay(1.5 * limitMs);
  t.equal(await lengthOf(body), bytes);
});
