import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { recordingLinkName, type Access } from '../access/access.js';
import type { Recording } from '../live/recording.js';
import type { Recordings } from '../live/recordings.js';
import { recordingUrls as urlsOf, type RecordingInfo } from '../protocol/recording-info.js';
import { errorBody, recordingInfo, recordingList, recordingUrls, streamDescription } from './api-schemas.js';
import { requireStreamName } from './live-stream-lookup.js';
import { baseUrlOf } from './origin.js';
import type { PublishGate } from './publish-gate.js';

export interface RecordingApiOptions {
  readonly recordings: Recordings;
  /** What other servers that share these recordings are recording just now. */
  readonly growingElsewhere?: (() => Promise<readonly Recording[]>) | undefined;
  readonly access: Access;
  readonly publishGate: PublishGate;
  readonly publicUrl: string | undefined;
}

const recordingParams = Type.Object({ id: Type.String({ description: 'the id of a recording' }) });

/** What was recorded: anybody may ask; the key of its stream changes and deletes it. */
export const recordingApiRoutes: FastifyPluginAsyncTypebox<RecordingApiOptions> = async (app, { recordings, growingElsewhere, access, publishGate, publicUrl }) => {
  const security = [{ publishKey: [] }, { publishKeyInQuery: [] }];
  const info = (request: FastifyRequest, recording: Recording): RecordingInfo => infoOf(recording, baseUrlOf(request, publicUrl));
  const requireKey = (request: FastifyRequest): void => void publishGate.requireKey(request, recordings.get((request.params as { id: string }).id).start.stream);
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });

  app.get(
    '/recordings',
    {
      schema: {
        tags: ['recordings'],
        summary: 'What was recorded, newest first; with the key, also what is private',
        querystring: Type.Object({
          stream: Type.Optional(Type.String()),
          q: Type.Optional(Type.String({ maxLength: 200, description: 'words of the title, the description or the name of the stream, all of them' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
          before: Type.Optional(Type.String({ description: '`next` of the page before' })),
        }),
        response: { 200: recordingList, 400: errorBody },
      },
    },
    async (request) => {
      const { stream } = request.query;
      if (stream !== undefined) requireStreamName(stream);
      const showsPrivate = publishGate.carriesKey(request);
      if (showsPrivate) {
        if (stream === undefined) publishGate.requireServerKey(request);
        else publishGate.requireKey(request, stream);
      }
      const { found, next } = recordings.list(request.query, () => showsPrivate, await growingElsewhere?.());
      return { recordings: found.map((each) => info(request, each)), ...(next !== undefined && { next }) };
    },
  );

  app.get('/recordings/:id', { schema: { tags: ['recordings'], summary: 'One recording; a private one with the key', params: recordingParams, response: { 200: recordingInfo, 401: errorBody, 404: errorBody } } }, async (request) => {
    const recording = recordings.get(request.params.id);
    if (recording.private) requireKey(request);
    return info(request, recording);
  });

  app.post(
    '/recordings/:id/links',
    {
      schema: {
        tags: ['recordings'],
        summary: 'Make signed links to watch this recording, for some time, also if it is private',
        security,
        params: recordingParams,
        body: Type.Object({ expiresInSeconds: Type.Integer({ minimum: 1, maximum: 31_536_000 }) }),
        response: { 201: Type.Object({ id: Type.String(), token: Type.String(), expiresAt: Type.String(), urls: recordingUrls }), 400: errorBody, 401: errorBody, 404: errorBody },
      },
      onRequest: async (request) => requireKey(request),
    },
    async (request, reply) => {
      const { id } = request.params;
      const { token, expiresAt } = access.recordingLinks.sign(recordingLinkName(id), request.body.expiresInSeconds);
      return reply.code(201).send({ id, token, expiresAt, urls: urlsOf(baseUrlOf(request, publicUrl), id, token) });
    },
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

  app.delete(
    '/recordings/:id/chat/:message',
    {
      schema: {
        tags: ['recordings'],
        summary: 'Take a message out of the chat of a recording, from the disk too',
        security,
        params: Type.Object({ ...recordingParams.properties, message: Type.Integer({ minimum: 1, description: '`id` of the message' }) }),
        response: { 204: Type.Null({ description: 'It is gone.' }), 400: errorBody, 401: errorBody, 404: errorBody },
      },
      onRequest: async (request) => requireKey(request),
    },
    async (request, reply) => {
      await recordings.deleteMessage(request.params.id, request.params.message);
      return reply.code(204).send(null);
    },
  );
};

function infoOf({ id, start, description, state, sums, private: isPrivate }: Recording, base: string): RecordingInfo {
  const { durationSeconds, missingSeconds = 0, byteLength, width, height } = sums;
  return {
    ...{ id, stream: start.stream, ...description, startedAt: start.startedAt, durationSeconds, missingSeconds, byteLength, state, private: isPrivate },
    ...(width !== undefined && height !== undefined && { width, height }),
    urls: urlsOf(base, id),
  };
}
