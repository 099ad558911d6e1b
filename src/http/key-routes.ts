import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Access } from '../access/access.js';
import { liveStreamUrls } from '../protocol/urls.js';
import { LiveError } from '../protocol/live-error.js';
import { errorBody, keyParams, madeStreamKey, signedLinks, streamKeyList, streamParams } from './api-schemas.js';
import { requireStreamName } from './live-stream-lookup.js';
import { baseUrlOf } from './origin.js';
import type { PublishGate } from './publish-gate.js';

export interface KeyRoutesOptions {
  readonly access: Access;
  readonly publishGate: PublishGate;
  readonly publicUrl: string | undefined;
}

/** What only the server's own key allows: handing out rights to one stream, and taking them back. */
export const keyRoutes: FastifyPluginAsyncTypebox<KeyRoutesOptions> = async (app, { access, publishGate, publicUrl }) => {
  const { streamKeys, viewingLinks } = access;
  const security = [{ publishKey: [] }, { publishKeyInQuery: [] }];
  const failures = { 400: errorBody, 401: errorBody, 503: errorBody };
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    publishGate.requireServerKey(request);
  });

  app.post(
    '/streams/:stream/keys',
    {
      schema: {
        tags: ['keys'],
        summary: 'Make a key that publishes and ends this stream alone',
        security,
        params: streamParams,
        body: Type.Optional(Type.Union([Type.Object({ label: Type.Optional(Type.String({ maxLength: 100 })) }), Type.Null()])),
        response: { 201: madeStreamKey, ...failures, 413: errorBody },
      },
    },
    async (request, reply) => {
      const stream = requireStreamName(request.params.stream);
      return reply.code(201).send(await streamKeys.create(stream, request.body?.label ?? ''));
    },
  );

  app.get('/streams/:stream/keys', { schema: { tags: ['keys'], summary: "A stream's keys, without the keys themselves", security, params: streamParams, response: { 200: streamKeyList, ...failures } } }, async (request) => ({
    keys: streamKeys.list(requireStreamName(request.params.stream)),
  }));

  app.delete(
    '/streams/:stream/keys/:id',
    { schema: { tags: ['keys'], summary: 'Revoke a key', security, params: keyParams, response: { 204: Type.Null({ description: 'It opens nothing any more.' }), ...failures, 404: errorBody } } },
    async (request, reply) => {
      const { stream, id } = request.params;
      if (!(await streamKeys.revoke(requireStreamName(stream), id))) throw new LiveError('not-found', `"${stream}" has no such key`);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/streams/:stream/links',
    {
      schema: {
        tags: ['keys'],
        summary: 'Make signed links to watch this stream, for some time',
        security,
        params: streamParams,
        body: Type.Object({ expiresInSeconds: Type.Integer({ minimum: 1, maximum: 31_536_000 }) }),
        response: { 201: signedLinks, ...failures, 404: errorBody },
      },
    },
    async (request, reply) => {
      const stream = requireStreamName(request.params.stream);
      if (!viewingLinks) throw new LiveError('not-found', 'links are signed only where VIEW_KEY is set; here everybody may watch');
      const { token, expiresAt } = viewingLinks.sign(stream, request.body.expiresInSeconds);
      const { watch, embed, hls, play, mp4, flv, frames, poster } = liveStreamUrls(baseUrlOf(request, publicUrl), stream, token);
      return reply.code(201).send({ stream, token, expiresAt, urls: { watch, embed, hls, play, mp4, flv, frames, poster } });
    },
  );
};
