import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { LiveRegistry } from '../live/live-registry.js';
import { errorBody, liveStreamInfo, liveStreamList, serverTime, streamParams } from './api-schemas.js';
import { requireLiveStream, requireStreamName } from './live-stream-lookup.js';
import { originOf } from './origin.js';
import type { PublishGate } from './publish-gate.js';

export interface LiveStreamRoutesOptions {
  readonly registry: LiveRegistry;
  readonly publishGate: PublishGate;
  readonly publicUrl: string | undefined;
  /** Where RTMP is taken, if it is. */
  readonly rtmpPort: () => number | undefined;
}

/** What only the server's own pages ask, and what the key allows. */
export const controlRoutes: FastifyPluginAsyncTypebox<LiveStreamRoutesOptions> = async (app, { registry, publishGate, publicUrl, rtmpPort }) => {
  sendUncached(app);

  app.get('/streams', { schema: { tags: ['streams'], summary: 'Everything that is live', response: { 200: liveStreamList } } }, async (request) => {
    const origin = originOf(request, publicUrl);
    return { streams: registry.list().map((liveStream) => liveStream.info(origin, rtmpPort())) };
  });

  app.delete(
    '/streams/:stream',
    {
      schema: {
        tags: ['streams'],
        summary: 'End a broadcast',
        security: [{ publishKey: [] }, { publishKeyInQuery: [] }],
        params: streamParams,
        response: { 204: Type.Null({ description: 'It has ended.' }), 400: errorBody, 401: errorBody, 404: errorBody },
      },
      onRequest: async (request) => void publishGate.requireKey(request, requireStreamName(request.params.stream)),
    },
    async (request, reply) => {
      await requireLiveStream(registry, request.params.stream).end();
      return reply.code(204).send(null);
    },
  );
};

/** What a player has to know, on whatever page it is. */
export const playbackFactsRoutes: FastifyPluginAsyncTypebox<Omit<LiveStreamRoutesOptions, 'publishGate'>> = async (app, { registry, publicUrl, rtmpPort }) => {
  sendUncached(app);

  app.get('/streams/:stream', { schema: { tags: ['streams'], summary: 'One live stream', params: streamParams, response: { 200: liveStreamInfo, 400: errorBody, 404: errorBody } } }, async (request) =>
    requireLiveStream(registry, request.params.stream).info(originOf(request, publicUrl), rtmpPort()),
  );

  app.get('/time', { schema: { tags: ['time'], summary: "The server's clock, for measuring latency", response: { 200: serverTime } } }, async () => ({
    serverTimeMs: Date.now(),
  }));
};

function sendUncached(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
}
