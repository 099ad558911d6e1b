import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Encoded } from '../hls/encoded.js';
import { boxesWithoutMedia } from '../fmp4/empty-fragment.js';
import { readMediaName } from '../hls/media-address.js';
import { addVary, sendMedia } from './media-reply.js';

/**
 * What is otherwise for VLC 3 alone. It reads the first EXT-X-MAP of a playlist and no other, and begins anew at each discontinuity, without an init segment: it
 * stopped there. It is told of no discontinuity that it can do without, and at the others given the init segment in front of the media.
 */
export function isVlc3({ headers }: FastifyRequest): boolean {
  return /^VLC\/3\b/.test(headers['user-agent'] ?? '');
}

/** The playlist that the client can play. */
export function playlistFor(request: FastifyRequest, reply: FastifyReply, playlist: Encoded): Encoded {
  if (!playlist.hasJoined) return playlist;
  addVary(reply, 'User-Agent');
  return (isVlc3(request) ? playlist.joined : undefined) ?? playlist;
}

/** Whether VLC 3 asks for a segment: an error is the end of all to it, or a discontinuity, behind which it stands still, and it never asks again. */
export function stopsWithoutSegment(request: FastifyRequest): boolean {
  const { file = '' } = request.params as { file?: string };
  return isVlc3(request) && readMediaName(file)?.kind === 'segment';
}

/**
 * What can't be had any more is a gap to such a player: it holds the last picture, and goes on with the next segment. Nothing at all would be the end of the broadcast to it
 * where that is not listed yet, as when a node died: it reads on, and finds none.
 */
export function sendGap(request: FastifyRequest, reply: FastifyReply): FastifyReply | Promise<FastifyReply> {
  addVary(reply, 'User-Agent');
  return sendMedia(request, reply.header('cache-control', 'no-store'), boxesWithoutMedia);
}
