import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ViewingLinks } from '../access/viewing-links.js';
import { LiveError } from '../protocol/live-error.js';
import type { Watchables } from '../live/directory.js';
import type { StreamDescriptions } from '../live/stream-descriptions.js';
import { liveStreamUrls } from '../protocol/urls.js';
import { requireStreamName } from './live-stream-lookup.js';
import { baseUrlOf } from './origin.js';

export interface OembedRoutesOptions {
  readonly directory: Watchables;
  readonly descriptions: StreamDescriptions;
  readonly viewingLinks: ViewingLinks | undefined;
  readonly publicUrl: string | undefined;
}

/** The picture of a player that no size was asked for. */
const preferred = { width: 640, height: 360 };
const smallestWidth = 160;

/** oEmbed 1.0: sites that were given the address of a watch page ask here how to show the player in its place. */
export const oembedRoutes: FastifyPluginAsyncTypebox<OembedRoutesOptions> = async (app, { directory, descriptions, viewingLinks, publicUrl }) => {
  app.get(
    '/oembed',
    {
      schema: {
        querystring: Type.Object({
          url: Type.String({ maxLength: 2048 }),
          maxwidth: Type.Optional(Type.Integer({ minimum: 1 })),
          maxheight: Type.Optional(Type.Integer({ minimum: 1 })),
          format: Type.Optional(Type.String()),
        }),
      },
    },
    async (request, reply) => {
      const { url, maxwidth, maxheight, format = 'json' } = request.query;
      // oEmbed 1.0 §2.3: a format that is not served.
      if (format !== 'json') return reply.code(501).send({ code: 'malformed', message: `expected format=json, got ${JSON.stringify(format.slice(0, 20))}` });
      const base = baseUrlOf(request, publicUrl);
      const { stream, token } = watchAddress(url, base);
      viewingLinks?.require(stream, token);
      const { embed, poster } = liveStreamUrls(base, stream, token);
      const { width, height } = fitted(maxwidth, maxheight);
      const live = (await directory.locate(stream))?.state === 'live';
      return reply.header('cache-control', 'max-age=60').header('access-control-allow-origin', '*').send({
        version: '1.0',
        type: 'video',
        provider_name: 'Onair',
        provider_url: `${base}/`,
        title: descriptions.get(stream).title ?? stream,
        cache_age: 60,
        html: `<iframe src="${embed}" width="${width}" height="${height}" style="border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
        width,
        height,
        ...(live && { thumbnail_url: poster, thumbnail_width: preferred.width, thumbnail_height: preferred.height }),
      });
    },
  );
};

/**
 * What an address of a watch page or a bare player of this server says.
 * @throws {LiveError} not-found, for addresses of anything else (oEmbed 1.0 §2.3.4.1)
 */
function watchAddress(url: string, base: string): { stream: string; token: string | undefined } {
  const below = url.startsWith(`${base}/`) ? url.slice(base.length) : '';
  const found = /^\/(?:watch|embed)\/([^/?#]+)(?:\/~([^/?#]+))?\/?(?:[?#]|$)/.exec(below);
  if (!found) throw new LiveError('not-found', `expected the address of a watch page, ${base}/watch/NAME, got ${JSON.stringify(url.slice(0, 200))}`);
  return { stream: requireStreamName(found[1] ?? ''), token: found[2] };
}

/** As large as is liked and allowed, in the shape of most pictures. */
function fitted(maxWidth = preferred.width, maxHeight = preferred.height): { width: number; height: number } {
  const scale = Math.max(Math.min(maxWidth / preferred.width, maxHeight / preferred.height, 1), smallestWidth / preferred.width);
  return { width: Math.round(preferred.width * scale), height: Math.round(preferred.height * scale) };
}
