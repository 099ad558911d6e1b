import { createHash, timingSafeEqual } from 'node:crypto';
import type { Publisher } from './taking-over.js';
import type { PresentationProgress } from '../hls/presentation.js';

/** How far a broadcast is: what another server needs to go on with it, should this one die. */
export interface BroadcastProgress extends PresentationProgress {
  readonly broadcast: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** The resume token itself is its publisher's alone. */
  readonly resumeTokenHash: string;
  /** The key that it began with, if that stands for a resume token: see `Publisher`. */
  readonly ownerKeyId?: string | undefined;
  /** Absent where a server says nothing of it: media times begin anew then. */
  readonly media?: MediaProgress | undefined;
}

/** How far its media is. */
export interface MediaProgress {
  /** What media times are called to be counted by, see `ViewersOptions`. */
  readonly clock: string;
  /** Where the last segment ends that is closed, in seconds of media time. */
  readonly endSeconds: number;
  /** Media time at which time 0 of its present recording stands. */
  readonly zeroSeconds: number;
  /** When that time 0 was captured, ms since the epoch, if its publisher says so. */
  readonly captureTimeMs?: number | undefined;
}

/** What a server that died, or left, has written down of its broadcast. */
export interface LeftBroadcast extends BroadcastProgress {
  /** How long ago. */
  readonly agoSeconds: number;
}

/** A fast hash is enough: there is nothing to guess in 144 random bits. */
export function resumeTokenHash(token: string): string {
  return createHash('sha256').update(`onair resume\n${token}`).digest('base64url');
}

/** Whether this publisher had the broadcast, by the rule of `entryOf`. */
export function isPublisherOf(progress: BroadcastProgress, { keyId, resumeToken, seemsGoneAfterMs }: Publisher): boolean {
  if (resumeToken !== undefined) return isTokenOf(progress, resumeToken);
  return seemsGoneAfterMs !== undefined && keyId === progress.ownerKeyId;
}

function isTokenOf({ resumeTokenHash: wanted }: BroadcastProgress, token: string): boolean {
  const [given, hash] = [Buffer.from(resumeTokenHash(token)), Buffer.from(wanted)];
  return given.length === hash.length && timingSafeEqual(given, hash);
}
