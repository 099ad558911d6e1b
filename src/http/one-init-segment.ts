import type { FastifyReply, FastifyRequest } from 'fastify';
import { gapMedia } from '../hls/answer.js';
import type { Encoded } from '../hls/encoded.js';
import { readMediaName } from '../hls/media-address.js';
import { addVary, sendMedia } from './media-reply.js';

/**
 * VLC 3 reads the first EXT-X-MAP of a playlist and no other, and begins anew at each discontinuity, without an init segment: it
 * stopped there. It is told of no discontinuity that it can do without, and at the others given the init segment in front of the media.
 */
export function readsOneInitSegment({ headers }: FastifyRequest): boolean {
  return /^VLC\/3\b/.test(headers['user-agent'] ?? '');
}

/** The playlist that the client can play. */
export function playlistFor(request: FastifyRequest, reply: FastifyReply, playlist: Encoded): Encoded {
  if (!playlist.hasJoined) return playlist;
  addVary(reply, 'User-Agent');
  return (readsOneInitSegment(request) ? playlist.joined : undefined) ?? playlist;
}

/** Whether it takes a segment that it is not given for the end of all, or for a discontinuity, behind which it stands still; and never asks again. */
export function stopsWithoutSegment(request: FastifyRequest): boolean {
  const { file = '' } = request.params as { file?: string };
  return readsOneInitSegment(request) && readMediaName(file)?.kind === 'segment';
}

/** What can't be had any more is a gap to it: it holds the last picture, and goes on with the next segment. */
export function sendGap(request: FastifyRequest, reply: FastifyReply): FastifyReply | Promise<FastifyReply> {
  addVary(reply, 'User-Agent');
  return sendMedia(request, reply.header('cache-control', 'no-store'), gapMedia);
}
