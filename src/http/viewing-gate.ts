import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Access } from '../access/access.js';
import { LiveError } from '../protocol/live-error.js';
import type { Watchables } from '../live/directory.js';
import type { Watchable } from '../live/watchable.js';
import { clientAddress } from './client-of.js';
import { requireStreamName, requireWatchable } from './live-stream-lookup.js';
import { isAllowedOrigin } from './origin.js';
import type { AllowedOrigins } from './origin.js';
import { isRelayed } from './relayed.js';
import { requireStillThere } from './when-gone.js';

export interface ViewingGateOptions {
  readonly access: Access;
  readonly directory: Watchables;
  /** Pages that may play; the server's own always may. */
  readonly origins: AllowedOrigins;
  readonly publicUrl: string | undefined;
}

/**
 * Whether somebody may watch, and what. A hook of every address below `/live/:stream/` and `/live/:stream/~:token/`; without a view
 * key and a check it is open, and a token that an address carries all the same means nothing.
 */
export function viewingGate({ access, directory, origins, publicUrl }: ViewingGateOptions): onRequestAsyncHookHandler {
  const { viewingLinks, viewCheck } = access;
  return async (request, reply) => {
    const { stream: name, token, broadcast } = request.params as { stream?: string; token?: string; broadcast?: string };
    if (name === undefined) return;
    const stream = requireStreamName(name);
    // CORS, which browsers do not ask for WebSockets.
    if (request.ws && !isAllowedOrigin(request, origins, publicUrl)) {
      throw new LiveError('unauthorized', `pages of ${String(request.headers.origin).slice(0, 100)} may not play this`);
    }
    viewingLinks?.require(stream, token);
    // The service is not asked about what there is not; and while it thinks, a broadcast may end and another one begin.
    const find = async (): Promise<Watchable | null> => (isRelayed(request) ? null : requireWatchable(directory, stream, broadcast));
    request.watchable = await find();
    if (viewCheck) {
      const userAgent = request.headers['user-agent'];
      await viewCheck.require({ action: 'view', stream, address: clientAddress(request), ...(userAgent !== undefined && { userAgent }), ...(token !== undefined && { token }) });
      request.watchable = await find();
    }
    requireStillThere(reply.raw);
  };
}

/**
 * Where not everybody may watch, no shared cache may answer in the server's place: it asks nobody for leave (RFC 9111 §5.2.2.7).
 * @param isGuarded whether that is so for what is asked; default: for all
 */
export function keepFromSharedCaches(scope: FastifyInstance, isGuarded: (request: FastifyRequest) => boolean = () => true): void {
  scope.addHook('onSend', (request, reply, payload, done) => {
    const control = reply.getHeader('cache-control');
    if (isGuarded(request) && typeof control === 'string' && !/private|no-store/.test(control)) reply.header('cache-control', `private, ${control}`);
    done(null, payload);
  });
}
