import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Encoded } from '../hls/encoded.js';
import { hlsPaths } from '../hls/media-address.js';
import { LiveError } from '../protocol/live-error.js';
import type { LiveRegistry } from '../live/live-registry.js';
import type { Broadcast } from '../live/broadcast.js';
import { requireBroadcast, requireLiveStream } from './live-stream-lookup.js';
import { sendAnswer } from './hls-answer.js';
import { addVary, watchClient } from './media-reply.js';

interface BroadcastParams {
  readonly stream: string;
  readonly broadcast: string;
}

/** The HLS side of a live stream, below its address. Names are looked up in memory: only one that the server made itself ever reaches the disk. */
export async function hlsRoutes(app: FastifyInstance, { registry }: { registry: LiveRegistry }): Promise<void> {
  app.get<{ Params: { stream: string } }>(hlsPaths.multivariant, async (request, reply) => {
    const { presentation } = requireLiveStream(registry, request.params.stream);
    return sendAnswer(request, reply, presentation.multivariant(), targetDurationOf(presentation));
  });

  app.get<{ Params: BroadcastParams }>(hlsPaths.mediaPlaylist, async (request, reply) => {
    const { presentation, audience } = requireBroadcast(registry, request.params.stream, request.params.broadcast);
    audience.saw(clientId(request));
    return sendAnswer(request, reply, await presentation.lead.mediaPlaylist(deliveryDirectives(request.query), watchClient(reply.raw)), targetDurationOf(presentation));
  });

  app.get<{ Params: { stream: string } }>(hlsPaths.rewind, async (request, reply) => {
    const { presentation } = requireLiveStream(registry, request.params.stream);
    return sendAnswer(request, reply, presentation.rewindMultivariant(), targetDurationOf(presentation));
  });

  for (const [path, kind] of [[hlsPaths.rewindPlaylist, 'dvr'], [hlsPaths.keyframePlaylist, 'iframes']] as const) {
    app.get<{ Params: BroadcastParams }>(path, async (request, reply) => {
      const { presentation, audience } = requireBroadcast(registry, request.params.stream, request.params.broadcast);
      audience.saw(clientId(request));
      const answer = await presentation.lead.rewindPlaylist(kind, deliveryDirectives(request.query), watchClient(reply.raw));
      return sendAnswer(request, reply, answer, targetDurationOf(presentation));
    });
  }

  app.get<{ Params: BroadcastParams & { file: string } }>(hlsPaths.media, async (request, reply) => {
    const { presentation } = requireBroadcast(registry, request.params.stream, request.params.broadcast);
    const { file } = request.params;
    const answer = await presentation.lead.media(file, watchClient(reply.raw));
    const init = presentation.lead.initAfterDiscontinuity(file);
    if (!init || !answer.body) return sendAnswer(request, reply, answer, targetDurationOf(presentation));
    addVary(reply, 'User-Agent');
    if (answer.body instanceof Encoded || !readsOneInitSegment(request)) return sendAnswer(request, reply, answer, targetDurationOf(presentation));
    const media = Buffer.isBuffer(answer.body) ? answer.body : await buffer(await answer.body.open(0, answer.body.byteLength));
    return sendAnswer(request, reply, { outcome: answer.outcome, body: Buffer.concat([init, media]) }, targetDurationOf(presentation));
  });
}

/** In seconds; one, before it is known. */
function targetDurationOf({ timing }: Broadcast['presentation']): number {
  return timing?.targetDurationSeconds ?? 1;
}

/**
 * VLC 3 reads the first EXT-X-MAP of a playlist and no other, and begins anew at each discontinuity, without an init segment: it
 * stopped there. It is given the init segment in front of the media.
 */
function readsOneInitSegment({ headers }: FastifyRequest): boolean {
  return /^VLC\/3\b/.test(headers['user-agent'] ?? '');
}

/** RFC 8216bis §6.2.5: raw text here, judged by the rendition. A directive given twice has no meaning. */
function deliveryDirectives(query: unknown): Record<string, string> {
  const directives: Record<string, string> = {};
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>)) {
    if (!name.startsWith('_HLS_')) continue;
    if (typeof value !== 'string') throw new LiveError('malformed', `expected one ${name}, got ${value.length}`);
    directives[name] = value;
  }
  return directives;
}

/** A player has no connection of its own; its address and name are what there is to count it by. Never longer than 200 characters. */
function clientId({ ip, headers }: FastifyRequest): string {
  const client = `${ip} ${headers['user-agent'] ?? ''}`;
  return client.length <= 200 ? client : createHash('sha256').update(client).digest('base64url');
}
