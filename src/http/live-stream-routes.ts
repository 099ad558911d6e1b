import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { LiveStreamUrls } from '../protocol/urls.js';
import type { Watchables } from '../live/directory.js';
import type { LocalBroadcasts } from '../live/local-broadcasts.js';
import type { Recordings } from '../live/recordings.js';
import type { StreamDescriptions } from '../live/stream-descriptions.js';
import { describedStream, errorBody, ingestState, liveStreamInfo, liveStreamList, serverTime, streamChange, streamParams } from './api-schemas.js';
import { notLive, requireStreamName, requireWatchable } from './live-stream-lookup.js';
import { addVary } from './media-reply.js';
import { baseUrlOf } from './origin.js';
import type { PublishGate } from './publish-gate.js';

export interface LiveStreamRoutesOptions {
  readonly directory: Watchables;
  readonly broadcasts: Pick<LocalBroadcasts, 'resumable'>;
  readonly descriptions: StreamDescriptions;
  readonly publishGate: PublishGate;
  /** Where broadcasts are recorded, if they may be. */
  readonly recordings?: Recordings | undefined;
  /** The addresses a publisher is told, of its own stream. */
  readonly urlsFor: (request: FastifyRequest, stream: string) => LiveStreamUrls;
  readonly publicUrl: string | undefined;
  /** Where RTMP is taken, if it is. */
  readonly rtmpPort: () => number | undefined;
}

/** They are the same for everybody, and every page asks for them again and again: a cache asks once a second for all. */
const factsCacheControl = 'max-age=1';

/** What only the server's own pages ask, and what the key allows. */
export const controlRoutes: FastifyPluginAsyncTypebox<LiveStreamRoutesOptions> = async (app, { directory, broadcasts, descriptions, recordings, publishGate, urlsFor, publicUrl, rtmpPort }) => {
  sendUncached(app);

  app.get('/streams', { schema: { tags: ['streams'], summary: 'Everything that is live', response: { 200: liveStreamList } } }, async (request) => {
    const base = baseUrlOf(request, publicUrl);
    return { streams: (await directory.list()).map((watchable) => watchable.info(base, rtmpPort())) };
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
      const urls = urlsFor(request, stream);
      const running = broadcasts.resumable(stream);
      if (!running) return { stream, urls };
      const { id, state, received, resumeToken: resume } = running;
      return { stream, urls, broadcast: { id, state, received, resume } };
    },
  );

  app.patch(
    '/streams/:stream',
    {
      schema: {
        tags: ['streams'],
        summary: 'Say what a stream is about, and whether it is recorded, live or not yet',
        security: [{ publishKey: [] }, { publishKeyInQuery: [] }],
        params: streamParams,
        body: streamChange,
        response: { 200: describedStream, 400: errorBody, 401: errorBody, 503: errorBody },
      },
      onRequest: async (request) => void publishGate.requireKey(request, requireStreamName(request.params.stream)),
    },
    async (request) => {
      const { stream } = request.params;
      const { record, recordings: kept, ...change } = request.body;
      const description = descriptions.change(stream, change);
      if (!recordings) return { stream, ...description };
      const isChanged = record !== undefined || kept !== undefined;
      const { record: isRecorded, ...rules } = isChanged ? recordings.wish(stream, { ...(record !== undefined && { record }), ...kept }) : recordings.wishFor(stream);
      return { stream, ...description, record: isRecorded, recordings: rules };
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
      const watchable = await requireWatchable(directory, request.params.stream);
      await watchable.end();
      return reply.code(204).send(null);
    },
  );
};

/** What a player has to know, on whatever page it is. */
export const playbackFactsRoutes: FastifyPluginAsyncTypebox<Pick<LiveStreamRoutesOptions, 'directory' | 'publicUrl' | 'rtmpPort'>> = async (app, { directory, publicUrl, rtmpPort }) => {
  sendUncached(app);

  app.get('/streams/:stream', { schema: { tags: ['streams'], summary: 'One live stream', params: streamParams, response: { 200: liveStreamInfo, 400: errorBody, 404: errorBody } } }, async (request, reply) => {
    const stream = requireStreamName(request.params.stream);
    const watchable = await directory.locate(stream);
    // Also that it is not live: nobody asks more often than those who wait for it to begin.
    reply.header('cache-control', factsCacheControl);
    // The addresses in it begin with what the client speaks.
    if (publicUrl === undefined) addVary(reply, 'X-Forwarded-Proto');
    if (!watchable) throw notLive(stream);
    return watchable.info(baseUrlOf(request, publicUrl), rtmpPort());
  });

  app.get('/time', { schema: { tags: ['time'], summary: "The server's clock, for measuring latency", response: { 200: serverTime } } }, async () => ({
    serverTimeMs: Date.now(),
  }));
};

function sendUncached(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
}
