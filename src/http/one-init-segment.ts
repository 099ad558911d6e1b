import type { FastifyRequest } from 'fastify';

/**
 * VLC 3 reads the first EXT-X-MAP of a playlist and no other, and begins anew at each discontinuity, without an init segment: it
 * stopped there. It is given the init segment in front of the media.
 */
export function readsOneInitSegment({ headers }: FastifyRequest): boolean {
  return /^VLC\/3\b/.test(headers['user-agent'] ?? '');
}
