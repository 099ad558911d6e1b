import type { FastifyInstance } from 'fastify';
import { whenGone } from './when-gone.js';

/** Bodies here are some bytes of JSON: who needs longer for them is not sending but holding. */
const bodyTimeoutMs = 10_000;

/** Cuts requests whose body does not come to its end. Not for publishers, whose body is a broadcast. */
export function refuseSlowBodies(app: FastifyInstance, onCut: () => void): void {
  app.addHook('preParsing', ({ raw, headers }, reply, payload, done) => {
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
      const timer = setTimeout(() => {
        onCut();
        raw.destroy();
      }, bodyTimeoutMs);
      payload.once('end', () => clearTimeout(timer));
      whenGone(reply.raw, () => clearTimeout(timer));
    }
    done(null, payload);
  });
}
