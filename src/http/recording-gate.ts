import type { FastifyRequest } from 'fastify';
import { recordingLinkName, type Access } from '../access/access.js';
import type { Recordings } from '../live/recordings.js';
import { LiveError } from '../protocol/live-error.js';
import { clientAddress } from './client-of.js';
import type { PublishGate } from './publish-gate.js';

export interface RecordingGateOptions {
  readonly recordings: Recordings;
  readonly access: Access;
  readonly publishGate: PublishGate;
}

/**
 * Whether somebody may watch a recording: as for its stream while it was live, or by a link to it. A private one needs such a link, or the key.
 * What it answers throws a LiveError: not-found | unauthorized | unavailable.
 */
export function recordingGate({ recordings, access, publishGate }: RecordingGateOptions): (request: FastifyRequest) => Promise<void> {
  const { viewingLinks, recordingLinks, viewCheck } = access;
  return async (request) => {
    const { id, token } = request.params as { id: string; token?: string };
    const { start, private: isPrivate } = recordings.get(id);
    const { stream } = start;
    const hasLink = token !== undefined && recordingLinks.fits(recordingLinkName(id), token);
    if (isPrivate && !hasLink) {
      if (!publishGate.carriesKey(request)) throw new LiveError('unauthorized', 'this recording is private: it is watched by a link that was made for it and has not expired, or with the key of its stream');
      publishGate.requireKey(request, stream);
    } else if (!hasLink) viewingLinks?.require(stream, token);
    const userAgent = request.headers['user-agent'];
    await viewCheck?.require({ action: 'view', stream, address: clientAddress(request), ...(userAgent !== undefined && { userAgent }), ...(token !== undefined && { token }) });
  };
}
