import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LiveError } from '../protocol/live-error.js';
import { errorBody, liveStreamInfo, streamParams } from './api-schemas.js';
import { askForBody } from './expect-continue.js';
import { IngestBody } from './ingest-body.js';
import type { IngestRoutesOptions } from './ingest-routes.js';
import { lingerOverBodies } from './lingering-answer.js';
import { requireStreamName } from './live-stream-lookup.js';
import { isGone, requireStillThere } from './when-gone.js';

interface PushRoute {
  Params: { stream: string };
}

/** A recording that goes on brings bytes more often than this; a request without any is likely to be gone. */
const seemsGoneAfterMs = 5000;

/** Whether a request to this URL is told by `pushRoutes` when to send its body. */
export function isPushUrl(url: string): boolean {
  return /^\/live\/[^/?]+\/publish(\?|$)/.test(url);
}

/** Where programs publish that speak no WebSocket: the body of one request is the broadcast. */
export async function pushRoutes(app: FastifyInstance, { broadcasts, publishGate, limits, urlsFor, onBytes }: IngestRoutesOptions): Promise<void> {
  // Labels are ignored, and the body is read as it comes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  lingerOverBodies(app);

  app.route<PushRoute>({
    method: ['PUT', 'POST'],
    url: '/:stream/publish',
    schema: {
      tags: ['publish'],
      summary: 'Publish: the body is the recording, in any container that ffmpeg reads from a pipe',
      security: [{ publishKey: [] }, { publishKeyInQuery: [] }],
      params: streamParams,
      response: { 200: liveStreamInfo, ...Object.fromEntries([400, 401, 404, 409, 415, 503].map((status) => [status, errorBody])) },
    },
    handler: async (request, reply) => {
      const stream = requireStreamName(request.params.stream);
      const keyId = await publishGate.requirePublisher(request, stream);
      requireStillThere(reply.raw);
      requireRecording(request);
      limits.hold(request, reply.raw);
      const { resume, from } = request.query as { resume?: unknown; from?: unknown };
      const resumeToken = typeof resume === 'string' ? resume : undefined;
      const { broadcast, ingest, isNew } = await broadcasts.admit(stream, { keyId, resumeToken, seemsGoneAfterMs }, () => isGone(reply.raw));
      const skipBytes = resumeToken === undefined ? (isNew ? 0 : undefined) : bytesToSkip(from, ingest.received);
      const body = new IngestBody({ body: request.raw, broadcast, ingest, skipBytes, onBytes });
      askForBody(reply.raw);
      await body.finished;
      return { ...broadcast.info(''), urls: urlsFor(request, stream) };
    },
  });
}

/** What can't be a recording, by its head alone: so that it need not be sent. */
function requireRecording({ headers }: FastifyRequest): void {
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '', 'content-length': length } = headers;
  if (encoding.toLowerCase() !== 'identity') throw new LiveError('unsupported-media', `expected the bytes of a recording as they are, got ${encoding.slice(0, 40)}`);
  if (/^multipart\//i.test(type)) throw new LiveError('unsupported-media', 'expected the bytes of a recording as the body, got a form (curl: -T FILE, not -F)');
  if (length === '0') throw new LiveError('unsupported-media', 'expected a recording, got an empty body');
}

/** @param from where in the bytes of the broadcast the body begins; without it, it begins with a container header */
function bytesToSkip(from: unknown, received: number): number | undefined {
  if (from === undefined) return undefined;
  const offset = typeof from === 'string' && /^\d{1,15}$/.test(from) ? Number(from) : NaN;
  if (offset <= received) return received - offset;
  throw new LiveError('malformed', `expected "from" to be an offset of at most ${received} bytes, which is what came so far`);
}
