import type { ErrorCode } from './error-codes.js';
import type { RecordingFacts } from './live-stream-info.js';
import type { LiveStreamUrls } from './urls.js';

/** Why a publisher begins another recording: other devices, another quality, or pictures of another size. */
export const recordingReasons = ['source', 'quality', 'size'] as const;
export type RecordingReason = (typeof recordingReasons)[number];

/** Publisher → server, text JSON. All optional: a publisher may send binary messages only. */
export type PublisherMessage =
  | { readonly type: 'end' }
  /** A new recording (new container header) begins at the present byte offset. */
  | { readonly type: 'recording'; readonly mimeType?: string }
  /** Asks for the server's clock; the publisher's own time comes back unchanged. */
  | { readonly type: 'ping'; readonly sentAtMs: number }
  /** When media time 0 of the present recording was captured, on the server's clock (ms since the epoch). */
  | { readonly type: 'clock'; readonly captureTimeMs: number }
  /** What the stream is about: a text replaces the one of before, an empty one takes it away. */
  | { readonly type: 'describe'; readonly title?: string | undefined; readonly description?: string | undefined };

/** Server → publisher, text JSON. `ready` comes first, then `ack` at least once a second while bytes arrive. */
export type IngestMessage =
  | {
      readonly type: 'ready';
      readonly broadcast: string;
      /** Token for `?resume=` on the next connection. */
      readonly resume: string;
      /** Bytes of the broadcast the server has; send from here on. */
      readonly received: number;
      /** Another server went on with the broadcast, and has no byte of it: they are counted from 0 again, and begin with a container header. */
      readonly anew?: true;
      readonly urls: LiveStreamUrls;
    }
  /** `safe`: what is before it another server needs no more, should this one die; absent where no other one could go on. */
  | { readonly type: 'ack'; readonly received: number; readonly safe?: number }
  | { readonly type: 'pong'; readonly sentAtMs: number; readonly serverTimeMs: number }
  /** The broadcast is on air: the first playlist is there. The only reason to light a LIVE lamp. */
  | { readonly type: 'live' }
  /** Once per recording: what was found in the bytes and what is done with it. */
  | ({ readonly type: 'recording' } & RecordingFacts)
  | { readonly type: 'stats'; readonly viewers: number; readonly ingestBitsPerSecond: number }
  /** Which renditions somebody watches or records, where the publisher sends several: at first, after `ready`, and when others are. */
  | { readonly type: 'wanted'; readonly renditions: readonly string[] }
  | { readonly type: 'warning'; readonly code: WarningCode; readonly message: string }
  /** The last message: why the broadcast is over. `code` is absent when it ended as it should. */
  | { readonly type: 'ended'; readonly code?: ErrorCode; readonly message: string };

/** Something is not as it should be, but the broadcast goes on. */
export type WarningCode = 'transcoder-restarted' | 'disk' | 'recording' | 'hls-ended' | 'description-refused' | 'passed-over' | 'rendition-left-out';

/** Longer than any of these: what is longer is not parsed. */
const maxMessageCharacters = 65_536;

/**
 * Reads one text message of a publisher.
 * @throws {TypeError} saying what was expected and what came
 */
export function parsePublisherMessage(text: string): PublisherMessage {
  if (text.length > maxMessageCharacters) throw new TypeError(`expected a message of at most ${maxMessageCharacters} characters, got ${text.length}; media is sent in binary messages: socket.send(event.data)`);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || !('type' in value)) {
    throw new TypeError(`expected a JSON object with a "type", got ${excerpt(text)}`);
  }
  switch (value.type) {
    case 'end':
      return { type: 'end' };
    case 'recording': {
      const mimeType = readText(value, 'mimeType');
      const reason = 'reason' in value ? readReason(value.reason) : undefined;
      return { type: 'recording', ...(mimeType !== undefined && { mimeType }), ...(reason !== undefined && { reason }) };
    }
    case 'ping':
      return { type: 'ping', sentAtMs: readTime(value, 'sentAtMs') };
    case 'clock':
      return { type: 'clock', captureTimeMs: readTime(value, 'captureTimeMs') };
    case 'describe':
      return { type: 'describe', title: readText(value, 'title'), description: readText(value, 'description') };
    default:
      throw new TypeError(`expected "type" to be "end", "recording", "ping", "clock" or "describe", got ${excerpt(JSON.stringify(value.type))}`);
  }
}

function readText(message: object, name: string): string | undefined {
  const value = (message as Record<string, unknown>)[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new TypeError(`expected "${name}" to be a string, got ${excerpt(JSON.stringify(value))}`);
}

function readReason(value: unknown): RecordingReason {
  const known = recordingReasons.find((reason) => reason === value);
  if (known !== undefined) return known;
  throw new TypeError(`expected "reason" to be "source", "quality" or "size", got ${excerpt(JSON.stringify(value ?? null))}`);
}

function readTime(message: object, name: string): number {
  const value = (message as Record<string, unknown>)[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new TypeError(`expected "${name}" to be a number of milliseconds, got ${excerpt(JSON.stringify(value ?? null))}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError(`expected JSON, got ${excerpt(text)}`);
  }
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
