import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { LiveError } from '../protocol/live-error.js';
import { errorBody, streamParams } from './api-schemas.js';
import type { IngestRoutesOptions } from './ingest-routes.js';
import { requireStreamName } from './live-stream-lookup.js';

const maxBytes = 4 * 1024 * 1024;
const maxMs = 8_000;
const maxAtOnce = 4;

/** Where a publisher measures its uplink before it goes live: the bytes are counted and thrown away. */
export async function uplinkTestRoutes(app: FastifyInstance, { publishGate, limits }: Pick<IngestRoutesOptions, 'publishGate' | 'limits'>): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  let underWay = 0;

  app.post<{ Params: { stream: string } }>(
    '/:stream/uplink-test',
    {
      schema: {
        tags: ['publish'],
        summary: 'How fast the body came; it is thrown away',
        security: [{ publishKey: [] }, { publishKeyInQuery: [] }],
        params: streamParams,
        response: { 200: Type.Object({ bytes: Type.Integer(), milliseconds: Type.Number() }), ...Object.fromEntries([400, 401, 413, 503].map((status) => [status, errorBody])) },
      },
    },
    async (request, reply) => {
      publishGate.requireKey(request, requireStreamName(request.params.stream));
      if (underWay >= maxAtOnce) throw new LiveError('unavailable', 'others are measuring their uplinks; try again in a few seconds');
      limits.hold(request, reply.raw);
      underWay += 1;
      try {
        return await measure(request.raw);
      } finally {
        underWay -= 1;
      }
    },
  );
}

/** Bytes, and the time from the first of them to the last. */
async function measure(body: Readable): Promise<{ bytes: number; milliseconds: number }> {
  const timer = setTimeout(() => body.destroy(new LiveError('over-limit', `expected a body that comes within ${String(maxMs / 1000)} s`)), maxMs);
  let bytes = 0;
  let startMs: number | undefined;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      startMs ??= performance.now();
      bytes += chunk.length;
      if (bytes > maxBytes) throw new LiveError('over-limit', `expected at most ${String(maxBytes)} bytes`);
    }
  } finally {
    clearTimeout(timer);
  }
  return { bytes, milliseconds: startMs === undefined ? 0 : performance.now() - startMs };
}
