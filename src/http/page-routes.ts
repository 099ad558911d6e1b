import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { fastifyHelmet } from '@fastify/helmet';
import { fastifyStatic } from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Watchables } from '../live/directory.js';
import type { Recordings } from '../live/recordings.js';
import type { StreamDescriptions } from '../live/stream-descriptions.js';
import { recordingUrls } from '../protocol/recording-info.js';
import { LiveError } from '../protocol/live-error.js';
import { liveStreamUrls } from '../protocol/urls.js';
import { type LinkPreview, withLinkPreview } from './link-preview.js';
import { requireStreamName } from './live-stream-lookup.js';
import { baseUrlOf, isPlainHost } from './origin.js';
import type { AllowedOrigins } from './origin.js';
import { withRelativeAddresses } from './path-prefix.js';

export interface PageRoutesOptions {
  readonly publicDir: string;
  /** Pages that may have the bare player in a frame; the server's own always may. */
  readonly embedOrigins: AllowedOrigins;
  readonly publicUrl: string | undefined;
  readonly directory: Watchables;
  /** What streams are about, for who shares a page's address. */
  readonly descriptions: StreamDescriptions;
  /** What was recorded, where anything may be. */
  readonly recordings: Pick<Recordings, 'get'> | undefined;
  /** Whether this token was made for this recording, and has not expired. */
  readonly isLinkTo: (id: string, token: string | undefined) => boolean;
  /** Whether streams are watched by signed links only: then only those show a picture elsewhere. */
  readonly linksAreSigned: boolean;
}

type PageName = 'index' | 'broadcast' | 'watch' | 'embed' | 'recordings' | 'recording';

/** Policy of every page: own code only; media also from the blobs that hls.js and MediaSource make. */
const policyOf = (publicUrl: string | undefined, frameAncestors: string[]) => ({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    // The player's controls are custom elements: their shadow roots carry <style>.
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    mediaSrc: ["'self'", 'blob:'],
    workerSrc: ["'self'", 'blob:'],
    connectSrc: ["'self'", ({ headers }: { headers: IncomingHttpHeaders }) => webSocketSources(headers.host ?? headers[':authority'], publicUrl)],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors,
  },
});

/** Pages, styles and bundles; the SDK is the bundles once more, under the address that other sites use. */
export async function pageRoutes(app: FastifyInstance, { publicDir, embedOrigins, publicUrl, directory, descriptions, recordings, isLinkTo, linksAreSigned }: PageRoutesOptions): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: policyOf(publicUrl, ["'none'"]),
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Other sites embed the player and import the SDK.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // Whether this host will always have HTTPS is not this server's to promise: a proxy in front can.
    strictTransportSecurity: false,
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('permissions-policy', 'camera=(self), microphone=(self), display-capture=(self)');
  });

  // Pages are there under their own addresses only: as files their addresses lead nowhere.
  await app.register(fastifyStatic, { root: publicDir, setHeaders, index: false, allowedPath: (path) => !path.endsWith('.html') });
  // The first version for good, and the newest one, which are the same so far.
  for (const prefix of ['/sdk/', '/sdk/v1/']) await app.register(fastifyStatic, { root: join(publicDir, 'assets'), prefix, decorateReply: false, setHeaders });

  const sendPage = async (name: PageName, request: FastifyRequest, reply: FastifyReply, finish = (html: string) => html): Promise<FastifyReply> => {
    const html = finish(await readFile(join(publicDir, `${name}.html`), 'utf8'));
    return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(withRelativeAddresses(html, request.url));
  };
  app.get('/', async (request, reply) => sendPage('index', request, reply));
  app.get('/recordings', async (request, reply) => sendPage('recordings', request, reply));
  app.get('/broadcast', async (request, reply) => sendPage('broadcast', request, reply));
  const previewOf = async (stream: string, token: string | undefined, base: string): Promise<LinkPreview> => {
    const { title = stream, description } = descriptions.get(stream);
    const { watch: url, poster } = liveStreamUrls(base, stream, token);
    const isShown = (token !== undefined || !linksAreSigned) && (await directory.locate(stream)) !== undefined;
    return { title, description, url, image: isShown ? poster : undefined, oembed: `${base}/oembed?url=${encodeURIComponent(url)}` };
  };
  const helmet = embedHeaders(embedOrigins, publicUrl);
  // A signed link carries its token in the path; the page hands it on to everything it plays.
  for (const token of ['', '/~:token']) {
    app.get<{ Params: { stream: string; token?: string } }>(`/watch/:stream${token}`, async (request, reply) => {
      const stream = requireStreamName(request.params.stream);
      const preview = await previewOf(stream, request.params.token, baseUrlOf(request, publicUrl));
      return sendPage('watch', request, reply, (html) => withLinkPreview(html, preview));
    });
    app.get<{ Params: { stream: string } }>(`/embed/:stream${token}`, { helmet }, async (request, reply) => {
      requireStreamName(request.params.stream);
      return sendPage('embed', request, reply);
    });
    app.get<{ Params: { id: string; token?: string } }>(`/recordings/:id${token}`, async (request, reply) => {
      const { id, token } = request.params;
      const recording = recordings?.get(id);
      if (!recording) throw new LiveError('not-found', 'nothing is recorded here');
      const { watch: url, poster } = recordingUrls(baseUrlOf(request, publicUrl), id, token);
      // Who may see nothing of it learns nothing from its page.
      const mayBeShown = !recording.private || isLinkTo(id, token);
      const { title = recording.start.stream, description } = mayBeShown ? recording.description : { title: 'Recording' };
      const isShown = mayBeShown && (token !== undefined || !linksAreSigned) && recording.sums.width !== undefined;
      return sendPage('recording', request, reply, (html) => withLinkPreview(html, { title, description, url, image: isShown ? poster : undefined, oembed: undefined }));
    });
  }
}

function embedHeaders(embedOrigins: AllowedOrigins, publicUrl: string | undefined) {
  const frameAncestors = embedOrigins === '*' ? ['*'] : ["'self'", ...embedOrigins];
  // X-Frame-Options can't name pages; browsers that know frame-ancestors don't look at it (CSP 3 §6.4.2.1).
  return {
    contentSecurityPolicy: policyOf(publicUrl, frameAncestors),
    frameguard: false,
    // Cross-origin isolated pages may frame only what isolates itself alike (HTML §7.1.4); all that the player loads is its own server's.
    crossOriginEmbedderPolicy: { policy: 'require-corp' as const },
  };
}

function setHeaders(reply: FastifyReply, path: string): void {
  // esbuild's chunks carry a hash of their contents; the entries keep their names.
  const immutable = /-[A-Z0-9]{8}\.\w+(\.map)?$/.test(path);
  void reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  // Else they are taken for MPEG transport streams.
  if (path.endsWith('.d.ts')) void reply.header('content-type', 'text/plain; charset=utf-8');
  if (/\.(js|ts|css|map|woff2|svg|png)$/.test(path)) void reply.header('access-control-allow-origin', '*');
}

/** `'self'` covers the page's own WebSockets only in browsers that follow CSP 3 here. */
function webSocketSources(host: string | undefined, publicUrl: string | undefined): string {
  const hosts = [host, publicUrl === undefined ? undefined : new URL(publicUrl).host].filter((each) => each !== undefined && isPlainHost(each));
  return [...new Set(hosts)].map((each) => `ws://${each} wss://${each}`).join(' ') || "'self'";
}
