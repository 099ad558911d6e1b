import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Encoded } from '../hls/encoded.js';
import { hlsPaths } from '../hls/media-address.js';
import { LiveError } from '../protocol/live-error.js';
import { clientAddress } from './client-of.js';
import { watchableOf } from './live-stream-lookup.js';
import { sendAnswer } from './hls-answer.js';
import { playlistFor, isVlc3, sendGap, stopsWithoutSegment } from './vlc-3.js';
import { addVary, watchClient } from './media-reply.js';

interface RenditionParams {
  /** Absent for the source's. */
  readonly rendition?: string;
}

/** The HLS side of a live stream, below its address. Names are looked up in memory: only one that the server made itself ever reaches the disk. */
export async function hlsRoutes(app: FastifyInstance): Promise<void> {
  app.get(hlsPaths.multivariant, async (request, reply) => {
    const { hls } = watchableOf(request);
    return sendAnswer(request, reply, await hls.multivariant(), hls.targetDurationSeconds);
  });

  app.get(hlsPaths.rewind, async (request, reply) => {
    const { hls } = watchableOf(request);
    return sendAnswer(request, reply, await hls.rewindMultivariant(), hls.targetDurationSeconds);
  });

  const playlists = [
    [hlsPaths.mediaPlaylist, 'live'],
    [hlsPaths.rewindPlaylist, 'dvr'],
    [hlsPaths.keyframePlaylist, 'iframes'],
    [hlsPaths.renditionPlaylist, 'live'],
    [hlsPaths.renditionRewindPlaylist, 'dvr'],
    [hlsPaths.renditionKeyframePlaylist, 'iframes'],
  ] as const;
  for (const [path, kind] of playlists) {
    app.get<{ Params: RenditionParams }>(path, async (request, reply) => {
      const { hls } = watchableOf(request);
      const answer = await hls.mediaPlaylist({ rendition: request.params.rendition, kind, client: clientId(request), directives: deliveryDirectives(request.query), watchClient: watchClient(reply.raw) });
      if (!answer.body || !(answer.body instanceof Encoded)) return sendAnswer(request, reply, answer, hls.targetDurationSeconds);
      return sendAnswer(request, reply, { ...answer, body: playlistFor(request, reply, answer.body) }, hls.targetDurationSeconds);
    });
  }

  for (const path of [hlsPaths.media, hlsPaths.renditionMedia]) {
    app.get<{ Params: RenditionParams & { file: string } }>(path, async (request, reply) => {
      const { hls } = watchableOf(request);
      const { rendition, file: name } = request.params;
      const answer = await hls.media({ rendition, name, watchClient: watchClient(reply.raw) });
      if (answer.outcome === 'gone' || answer.outcome === 'going-on') {
        if (stopsWithoutSegment(request)) return sendGap(request, reply);
        addVary(reply, 'User-Agent');
      }
      if (!answer.body || !answer.init) return sendAnswer(request, reply, answer, hls.targetDurationSeconds);
      addVary(reply, 'User-Agent');
      const { outcome, body, init } = answer;
      if (body instanceof Encoded || !isVlc3(request)) return sendAnswer(request, reply, answer, hls.targetDurationSeconds);
      const media = Buffer.isBuffer(body) ? body : await buffer(await body.open(0, body.byteLength));
      return sendAnswer(request, reply, { outcome, body: Buffer.concat([init, media]) }, hls.targetDurationSeconds);
    });
  }
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
function clientId(request: FastifyRequest): string {
  const client = `${clientAddress(request)} ${request.headers['user-agent'] ?? ''}`;
  return client.length <= 200 ? client : createHash('sha256').update(client).digest('base64url');
}
