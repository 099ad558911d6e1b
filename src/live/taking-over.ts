import { LiveError } from '../protocol/live-error.js';
import type { IngestPart } from './two-socket-ingest.js';

/** Somebody who may publish a stream and wants to, by whatever way in. */
export interface Publisher {
  /** The key that was shown: `server`, or the id of a stream's key. */
  readonly keyId: string;
  /** Of the broadcast to go on with, where one was brought. */
  readonly resumeToken?: string | undefined;
  /** Which socket of a pair this is, where there are two. */
  readonly part?: IngestPart | undefined;
  /**
   * Encoders and programs can't keep a resume token: their key stands for it. A connection of theirs that brought nothing for so long may
   * be gone. Undefined: it keeps its token, as pages do, and its key says nothing of which broadcast is its own.
   */
  readonly seemsGoneAfterMs?: number | undefined;
}

/** What the rule asks of the broadcast that has the name. */
export interface RunningBroadcast {
  /** The key that it began with, if that stands for a resume token. */
  readonly ownerKeyId: string | undefined;
  /** See `Publisher`: by the way in by which it began. */
  readonly seemsGoneAfterMs: number;
  /** It comes on two sockets. */
  readonly isPair: boolean;
  /** No more bytes are taken. */
  readonly ended: boolean;
  /** Its publisher's connection is lost, and nobody has come back. */
  readonly waiting: boolean;
  /** Its publisher was lost before it brought anything. */
  readonly abandoned: boolean;
  /** How long its publisher has brought nothing, though it could have. */
  readonly silentMs: number;
  acceptsToken(token: string): boolean;
}

/** `over`: there is no broadcast with this token. */
export type Entry = 'goes-on' | 'begins' | 'already-live' | 'over';

/**
 * The one rule of who goes on with a running broadcast, for all ways in. A token goes on, whatever became of the connection before. The
 * second socket of a pair joins the first. A key goes on where it stands for a token, once the connection is lost or silent. What was
 * abandoned makes room for a new broadcast; anything else has its name.
 * @param running the broadcast that has the name; undefined: the name is free
 */
export function entryOf({ keyId, resumeToken, part, seemsGoneAfterMs }: Publisher, running: RunningBroadcast | undefined): Entry {
  if (resumeToken !== undefined) return running?.acceptsToken(resumeToken) ? 'goes-on' : 'over';
  if (!running) return 'begins';
  if (running.ended) return 'already-live';
  if (part !== undefined && running.isPair) return 'goes-on';
  const isOwner = seemsGoneAfterMs !== undefined && keyId === running.ownerKeyId;
  if (isOwner && (running.waiting || running.silentMs >= running.seemsGoneAfterMs)) return 'goes-on';
  return running.abandoned ? 'begins' : 'already-live';
}

export function alreadyLive(stream: string): LiveError {
  return new LiveError('already-live', `"${stream}" is live already, from elsewhere; choose another name or end it first`);
}
