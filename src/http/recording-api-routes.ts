import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import type { Recording, Recordings } from '../live/recordings.js';
import { errorBody, streamDescription } from './api-schemas.js';
import { requireStreamName } from './live-stream-lookup.js';
import { baseUrlOf } from './origin.js';
import type { PublishGate } from './publish-gate.js';

export interface RecordingApiOptions {
  readonly recordings: Recordings;
  readonly publishGate: PublishGate;
  readonly publicUrl: string | undefined;
}

const recordingParams = Type.Object({ id: Type.String({ description: 'the id of a recording' }) });

const recordingInfo = Type.Object({
  id: Type.String(),
  stream: Type.String(),
  title: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  startedAt: Type.String({ description: 'RFC 3339, UTC' }),
  durationSeconds: Type.Number(),
  byteLength: Type.Number({ description: 'of its segments' }),
  width: Type.Optional(Type.Number()),
  height: Type.Optional(Type.Number()),
  state: Type.Enum(['recording', 'complete', 'interrupted'], { description: 'interrupted: its server died; complete up to the last segment' }),
  urls: Type.Object({ hls: Type.String(), download: Type.String() }),
});

/** What was recorded: anybody may ask; the key of its stream changes and deletes it. */
export const recordingApiRoutes: FastifyPluginAsyncTypebox<RecordingApiOptions> = async (app, { recordings, publishGate, publicUrl }) => {
  const security = [{ publishKey: [] }, { publishKeyInQuery: [] }];
  const info = (request: FastifyRequest, recording: Recording): Static<typeof recordingInfo> => infoOf(recording, baseUrlOf(request, publicUrl));
  const requireKey = (request: FastifyRequest): void => void publishGate.requireKey(request, recordings.get((request.params as { id: string }).id).start.stream);
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });

  app.get(
    '/recordings',
    {
      schema: {
        tags: ['recordings'],
        summary: 'What was recorded, newest first',
        querystring: Type.Object({ stream: Type.Optional(Type.String()) }),
        response: { 200: Type.Object({ recordings: Type.Array(recordingInfo) }), 400: errorBody },
      },
    },
    async (request) => {
      const { stream } = request.query;
      return { recordings: recordings.list(stream === undefined ? undefined : requireStreamName(stream)).map((each) => info(request, each)) };
    },
  );

  app.get('/recordings/:id', { schema: { tags: ['recordings'], summary: 'One recording', params: recordingParams, response: { 200: recordingInfo, 404: errorBody } } }, async (request) =>
    info(request, recordings.get(request.params.id)),
  );

  app.patch(
    '/recordings/:id',
    {
      schema: { tags: ['recordings'], summary: 'Say what a recording is about', security, params: recordingParams, body: streamDescription, response: { 200: recordingInfo, 400: errorBody, 401: errorBody, 404: errorBody } },
      onRequest: async (request) => requireKey(request),
    },
    async (request) => info(request, await recordings.describe(request.params.id, request.body)),
  );

  app.delete(
    '/recordings/:id',
    {
      schema: {
        tags: ['recordings'],
        summary: 'Delete a recording, at once and whole',
        security,
        params: recordingParams,
        response: { 204: Type.Null({ description: 'It is gone.' }), 400: errorBody, 401: errorBody, 404: errorBody },
      },
      onRequest: async (request) => requireKey(request),
    },
    async (request, reply) => {
      await recordings.remove(request.params.id);
      return reply.code(204).send(null);
    },
  );
};

function infoOf({ id, start, description, state, sums }: Recording, base: string): Static<typeof recordingInfo> {
  const { durationSeconds, byteLength, width, height } = sums;
  const url = `${base}/recordings/${id}`;
  return {
    ...{ id, stream: start.stream, ...description, startedAt: start.startedAt, durationSeconds, byteLength, state },
    ...(width !== undefined && height !== undefined && { width, height }),
    urls: { hls: `${url}/index.m3u8`, download: `${url}/download.mp4` },
  };
}
