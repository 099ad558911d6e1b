import { LogController, fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { CutCounts } from './counts.js';
import { answerUnroutable } from './error-handler.js';
import { cutSlowHeads } from './head-timeout.js';
import { createListener } from './listener.js';
import { prefixOf, withoutPrefix } from './path-prefix.js';
import { loggerOptions } from './request-log.js';
import { UnansweredRequests } from './unanswered-requests.js';

export interface ServerOptions {
  /** With it: HTTP/2 and HTTP/1.1 on one port. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly trustedProxies: boolean | readonly string[];
  readonly logLevel: string;
  /** Its path, if it has one, is taken away from requests that a proxy hands on with it. */
  readonly publicUrl: string | undefined;
  /** For the whole head of a request, also its first byte. */
  readonly headersTimeoutMs: number;
  /** A connection on which nothing moves is cut; longer than anything a player waits for. */
  readonly idleTimeoutMs: number;
  readonly cuts: CutCounts;
}

/** The bare server; `registerRoutes` gives it something to say. */
export function createServer({ tls, trustedProxies, logLevel, publicUrl, headersTimeoutMs, idleTimeoutMs, cuts }: ServerOptions): FastifyInstance {
  const prefix = prefixOf(publicUrl);
  const unanswered = new UnansweredRequests({ onCut: () => cuts.count('unanswered-requests') });
  const options = {
    logger: loggerOptions(logLevel),
    logController: new LogController({ disableRequestLogging: true }),
    // Players still fetch the end of a broadcast while the server stops.
    return503OnClosing: false,
    // Hooks of the stop are held to it as well, and the stop waits for broadcasts that can't move (DRAIN_SECONDS): after Fastify's 10 s it went on as if they were over.
    pluginTimeout: 0,
    trustProxy: typeof trustedProxies === 'boolean' ? trustedProxies : [...trustedProxies],
    // A name that is too long is answered by its own rule, not by the router's.
    routerOptions: { maxParamLength: 16_384 },
    ...(prefix !== '' && { rewriteUrl: ({ url }: { url?: string | undefined }) => withoutPrefix(url ?? '/', prefix) }),
    bodyLimit: 65_536,
    frameworkErrors: answerUnroutable,
    serverFactory: createListener({ tls, headersTimeoutMs, idleTimeoutMs, unanswered }),
  };
  const app = fastify(options);
  if (tls) cutSlowHeads({ app, unanswered, headersTimeoutMs, idleTimeoutMs, onCut: () => cuts.count('slow-head') });
  return app;
}
