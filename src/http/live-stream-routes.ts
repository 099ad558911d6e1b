import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { LiveStreamUrls } from '../protocol/urls.js';
import type { LiveRegistry } from '../live/live-registry.js';
import { describedStream, errorBody, ingestState, liveStreamInfo, liveStreamList, serverTime, streamDescription, streamParams } from './api-schemas.js';
import { requireLiveStream, requireStreamName } from './live-stream-lookup.js';
import { baseUrlOf } from './origin.js';
import type { PublishGate } from './publish-gate.js';

export interface LiveStreamRoutesOptions {
  readonly registry: LiveRegistry;
  readonly publishGate: PublishGate;
  /** The addresses a publisher is told, of its own stream. */
  readonly urlsFor: (request: FastifyRequest, stream: string) => LiveStreamUrls;
  readonly publicUrl: string | undefined;
  /** Where RTMP is taken, if it is. */
  readonly rtmpPort: () => number | undefined;
}

/** What only the server's own pages ask, and what the key allows. */
export const controlRoutes: FastifyPluginAsyncTypebox<LiveStreamRoutesOptions> = async (app, { registry, publishGate, urlsFor, publicUrl, rtmpPort }) => {
  sendUncached(app);

  app.get('/streams', { schema: { tags: ['streams'], summary: 'Everything that is live', response: { 200: liveStreamList } } }, async (request) => {
    const base = baseUrlOf(request, publicUrl);
    return { streams: registry.list().map((broadcast) => broadcast.info(base, rtmpPort())) };
  });

  app.get(
    '/streams/:stream/ingest',
    {
      schema: {
        tags: ['publish'],
        summary: 'Every address in and out, live or not, and how a running broadcast is taken up',
        security: [{ publishKey: [] }, { publishKeyInQuery: [] }],
        params: streamParams,
        response: { 200: ingestState, 400: errorBody, 401: errorBody, 503: errorBody },
      },
      onRequest: async (request) => void publishGate.requireKey(request, requireStreamName(request.params.stream)),
    },
    async (request) => {
      const { stream } = request.params;
      const running = registry.get(stream);
      const state = running?.state ?? 'ended';
      const urls = urlsFor(request, stream);
      if (!running || state === 'ended') return { stream, urls };
      const { received, resumeToken: resume } = running.ingest;
      return { stream, urls, broadcast: { id: running.id, state, received, resume } };
    },
  );

  app.patch(
    '/streams/:stream',
    {
      schema: {
        tags: ['streams'],
        summary: 'Say what a stream is about, live or not yet',
        security: [{ publishKey: [] }, { publishKeyInQuery: [] }],
        params: streamParams,
        body: streamDescription,
        response: { 200: describedStream, 400: errorBody, 401: errorBody, 503: errorBody },
      },
      onRequest: async (request) => void publishGate.requireKey(request, requireStreamName(request.params.stream)),
    },
    async (request) => {
      const { stream } = request.params;
      return { stream, ...registry.descriptions.change(stream, request.body) };
    },
  );

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
export const playbackFactsRoutes: FastifyPluginAsyncTypebox<Omit<LiveStreamRoutesOptions, 'publishGate' | 'urlsFor'>> = async (app, { registry, publicUrl, rtmpPort }) => {
  sendUncached(app);

  app.get('/streams/:stream', { schema: { tags: ['streams'], summary: 'One live stream', params: streamParams, response: { 200: liveStreamInfo, 400: errorBody, 404: errorBody } } }, async (request) =>
    requireLiveStream(registry, request.params.stream).info(baseUrlOf(request, publicUrl), rtmpPort()),
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
