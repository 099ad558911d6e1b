import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Encoded } from '../hls/encoded.js';
import { addVary } from './media-reply.js';

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
