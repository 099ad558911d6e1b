import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { awaitsContinue } from './expect-continue.js';

/** How long a client may take to notice that its body is not wanted any more. */
const lingerMs = 1000;

/**
 * Answers that come before the end of the body: to close at once would throw away what the client has not read yet, and
 * many look for an answer only when they are done or cut off. So the body is read on for a moment, into nothing.
 */
export function lingerOverBodies(app: FastifyInstance): void {
  app.addHook('onSend', async ({ raw }, reply, payload) => {
    if (raw.readableEnded || raw.destroyed || typeof payload !== 'string') return payload;
    if (raw.httpVersionMajor > 1) {
      // RFC 9113 §8.1: the whole answer, then the stream is let go of.
      reply.raw.once('finish', () => raw.destroy());
      return payload;
    }
    reply.header('connection', 'close').header('content-length', Buffer.byteLength(payload));
    if (awaitsContinue(reply.raw)) return payload;
    raw.on('error', () => undefined).resume();
    const answer = new Readable({ read: () => undefined });
    answer.push(payload);
    const done = (): void => void answer.push(null);
    const patience = setTimeout(done, lingerMs);
    raw.once('close', () => {
      clearTimeout(patience);
      done();
    });
    return answer;
  });
}
