import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** Of what two nodes say to each other on a feed. Another one: they hand viewers on one by one, as if there were no feeds. */
export const feedVersion = 1;

/** Below it, a stream's name. It is for nodes alone. */
export const feedPath = '/nodes/feed/';

/** By what the owner ends a feed: WebSocket close codes. */
export const feedClose = {
  /** It leaves; the broadcast goes on at another node. */
  away: 1012,
  /** There is no such broadcast here. */
  absent: 4404,
} as const;

const mostRenditions = 32;
const longestId = 64;

const Id = Type.String({ minLength: 1, maxLength: longestId });
const Finite = Type.Number({ minimum: -1e15, maximum: 1e15 });

const Offer = Type.Object({ id: Id, height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })), bitsPerSecond: Type.Number({ minimum: 0 }) });

/** Owner → other node, text JSON. Binary messages between them: a byte, the number of a rendition, then boxes of its fragmented MP4, whole. */
const FeedMessage = Type.Union([
  /** First of all. `run`: as long as it is the same, media is of one process, and on one clock. `clock`: the same of several processes, see `ViewersOptions`. `hasMedia`: the source's `init` follows. */
  Type.Object({ type: Type.Literal('hello'), run: Id, clock: Type.Optional(Id), broadcast: Id, hasMedia: Type.Boolean() }),
  /** Which pictures there are beside the source, and how many watch in all. */
  Type.Object({ type: Type.Literal('offers'), viewers: Type.Integer({ minimum: 0 }), renditions: Type.Array(Offer, { maxItems: mostRenditions }) }),
  /** What comes of a rendition now comes under the init segment that follows, by this number. */
  Type.Object({ type: Type.Literal('init'), rendition: Id, number: Type.Integer({ minimum: 0, maximum: 255 }), captureTimeMs: Finite, shownLaterSeconds: Type.Optional(Finite) }),
  /** A better estimate of what `init` said. */
  Type.Object({ type: Type.Literal('clock'), rendition: Id, captureTimeMs: Finite }),
  /** The line was too slow: so much is missing, and what follows begins with a keyframe. */
  Type.Object({ type: Type.Literal('gap'), rendition: Id, skippedSeconds: Type.Number({ minimum: 0 }) }),
  Type.Object({ type: Type.Literal('ended') }),
]);

/** Other node → owner: how many watch each rendition there. One that nobody is sent yet, but is to be fed, stands there with 0; the source always is. */
const FeedRequest = Type.Object({ type: Type.Literal('watching'), renditions: Type.Record(Type.String({ minLength: 1, maxLength: longestId }), Type.Integer({ minimum: 0, maximum: 1e9 }), { maxProperties: mostRenditions + 2 }) });

export type FeedMessage = Static<typeof FeedMessage>;
export type FeedRequest = Static<typeof FeedRequest>;
export type Offer = Static<typeof Offer>;

/** The largest of each, in bytes. */
export const largestFeedMessage = { text: 65_536, binary: 64 * 1024 * 1024 + 1, request: 8192 } as const;

/** @throws {RangeError} saying what came */
export function parseFeedMessage(text: string): FeedMessage {
  return parsed(FeedMessage, text, 'a message of a feed');
}

/** @throws {RangeError} saying what came */
export function parseFeedRequest(text: string): FeedRequest {
  return parsed(FeedRequest, text, 'a request on a feed');
}

function parsed<T extends TSchema>(schema: T, text: string, what: string): Static<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (text.length <= largestFeedMessage.text && Value.Check(schema, value)) return value;
  throw new RangeError(`expected ${what} as version ${feedVersion} has them, got ${JSON.stringify(text.slice(0, 120))}`);
}
