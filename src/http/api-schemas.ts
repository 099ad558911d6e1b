import { Type } from 'typebox';
import type { Static } from 'typebox';
import { errorCodes } from '../protocol/error-codes.js';
import type { ErrorBody, ErrorCode } from '../protocol/error-codes.js';
import type { LiveStreamInfo, LiveStreamList } from '../protocol/live-stream-info.js';
import type { RecordingInfo, RecordingList } from '../protocol/recording-info.js';
import { streamNamePattern } from '../protocol/urls.js';

export const streamParams = Type.Object({ stream: Type.String({ description: `a live stream's name: ${streamNamePattern}` }) });

export const keyParams = Type.Object({ ...streamParams.properties, id: Type.String({ description: 'the id of a key, not the key' }) });

const recordingFacts = Type.Object({
  container: Type.String(),
  tracks: Type.Immutable(Type.Array(
    Type.Object({
      kind: Type.Enum(['video', 'audio']),
      sourceCodec: Type.String(),
      action: Type.Enum(['copy', 'transcode']),
      reason: Type.String(),
    })),
  ),
});

const renditionFacts = Type.Object({
  codecs: Type.String(),
  width: Type.Optional(Type.Integer()),
  height: Type.Optional(Type.Integer()),
  frameRate: Type.Optional(Type.Number()),
  averageBitsPerSecond: Type.Number(),
  peakBitsPerSecond: Type.Number(),
  targetDurationSeconds: Type.Number(),
  partTargetSeconds: Type.Number(),
});

const renditionInUse = Type.Object({
  id: Type.String({ description: 'source, audio for the sound alone, or its name in messages and addresses' }),
  height: Type.Optional(Type.Integer({ description: 'of its picture, in lines; absent for sound alone' })),
  bitsPerSecond: Type.Number({ description: 'as measured, or as asked for of one that is only made when somebody watches it; 0 while it is not known' }),
  madeBy: Type.Enum(['publisher', 'server'], { description: 'server: it is encoded here' }),
  viewers: Type.Integer(),
  changes: Type.Integer({ description: 'how often a viewer was changed over to it' }),
});

const ladderFacts = Type.Object({
  encoder: Type.String(),
  preset: Type.String(),
  renditions: Type.Integer({ description: 'how many it makes' }),
  lagSeconds: Type.Number({ description: 'how far the slowest of them is behind the source' }),
});

const liveStreamUrls = Type.Object({
  watch: Type.String(),
  embed: Type.String(),
  embedCode: Type.String({ description: 'HTML for any page' }),
  hls: Type.String(),
  play: Type.String(),
  mp4: Type.String(),
  chat: Type.String(),
  flv: Type.String(),
  frames: Type.String(),
  poster: Type.String(),
  studio: Type.String({ description: 'the page to publish from' }),
  publish: Type.String({ description: 'WebSocket' }),
  push: Type.String({ description: 'PUT or POST' }),
  rtmp: Type.Optional(Type.String({ description: 'only where RTMP is taken' })),
});

export const liveStreamInfo = Type.Object({
  stream: Type.String(),
  broadcast: Type.String(),
  title: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  state: Type.Enum(['starting', 'live', 'waiting', 'ended']),
  startedAt: Type.String({ description: 'RFC 3339, UTC' }),
  viewers: Type.Integer(),
  chat: Type.Boolean({ description: 'whether there is a chat beside it' }),
  receivedBytes: Type.Integer(),
  ingestBitsPerSecond: Type.Number(),
  recording: Type.Optional(recordingFacts),
  rendition: Type.Optional(renditionFacts),
  renditions: Type.Optional(Type.Immutable(Type.Array(renditionInUse, { description: 'all there are, the source first, then largest picture first' }))),
  ladder: Type.Optional(ladderFacts),
  rewindSeconds: Type.Optional(Type.Number({ description: 'how far dvr.m3u8 goes back; absent where there is none' })),
  recordedAs: Type.Optional(Type.String({ description: 'id of its recording' })),
  urls: liveStreamUrls,
});

/** As it comes and as it is then; lengths are judged by visible characters. */
export const streamDescription = Type.Object({
  title: Type.Optional(Type.String({ description: 'at most 100 characters on one line; empty: none' })),
  description: Type.Optional(Type.String({ description: 'at most 2000 characters; empty: none' })),
});

const recordingRules = Type.Object({
  private: Type.Optional(Type.Boolean({ description: 'shown to nobody but whom its key, or a link that was made with it, shows them' })),
  maxAgeDays: Type.Optional(Type.Number({ minimum: 0, maximum: 36_500, description: 'removed so long after they began; 0: only as the server is set' })),
  maxBytes: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991, description: 'the oldest are removed while those of the stream weigh more; 0: only as the server is set' })),
});

/** The same for a stream, which may be recorded. */
export const streamChange = Type.Object({
  ...streamDescription.properties,
  record: Type.Optional(Type.Boolean({ description: 'whether it is recorded, from the next segment on' })),
  recordings: Type.Optional(recordingRules),
});

export const describedStream = Type.Object({ stream: Type.String(), ...streamChange.properties });

export const liveStreamList = Type.Object({ streams: Type.Immutable(Type.Array(liveStreamInfo)) });

export const ingestState = Type.Object({
  stream: Type.String(),
  urls: liveStreamUrls,
  broadcast: Type.Optional(
    Type.Object({
      id: Type.String(),
      state: Type.Enum(['starting', 'live', 'waiting']),
      received: Type.Integer({ description: 'bytes that came; the next connection sends from here on' }),
      resume: Type.String({ description: 'the token with which it is taken up' }),
    }),
  ),
});

export const serverTime = Type.Object({ serverTimeMs: Type.Number({ description: 'milliseconds since 1970 UTC on the clock that stamps the media' }) });

const streamKeyFacts = Type.Object({
  id: Type.String(),
  stream: Type.String(),
  label: Type.String({ description: 'for whom it was made, in the words of whoever made it' }),
  createdAt: Type.String({ description: 'RFC 3339, UTC' }),
});

export const streamKeyList = Type.Object({ keys: Type.Array(streamKeyFacts) });

export const madeStreamKey = Type.Object({ ...streamKeyFacts.properties, key: Type.String({ description: 'told this once: only its hash is kept' }) });

export const signedLinks = Type.Object({
  stream: Type.String(),
  token: Type.String(),
  expiresAt: Type.String({ description: 'RFC 3339, UTC' }),
  urls: Type.Object({ watch: Type.String(), embed: Type.String(), hls: Type.String(), play: Type.String(), mp4: Type.String(), flv: Type.String(), frames: Type.String(), poster: Type.String() }),
});

export const recordingUrls = Type.Object({ watch: Type.String({ description: 'its page' }), hls: Type.String(), download: Type.String({ description: 'one MP4' }), poster: Type.String({ description: 'a picture of it' }), chat: Type.String() });

export const recordingInfo = Type.Object({
  id: Type.String(),
  stream: Type.String(),
  title: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  startedAt: Type.String({ description: 'RFC 3339, UTC' }),
  durationSeconds: Type.Number(),
  missingSeconds: Type.Number({ description: 'so much of it is gaps: the disk did not take it, or the object store does not have it any more; 0: all is there' }),
  byteLength: Type.Number({ description: 'of its segments' }),
  width: Type.Optional(Type.Number()),
  height: Type.Optional(Type.Number()),
  state: Type.Enum(['recording', 'complete', 'interrupted'], { description: 'interrupted: its server died; complete up to the last segment' }),
  private: Type.Boolean({ description: 'shown to nobody but whom its key, or a link that was made with it, shows it' }),
  urls: recordingUrls,
});

export const recordingList = Type.Object({ recordings: Type.Immutable(Type.Array(recordingInfo)), next: Type.Optional(Type.String({ description: 'there are more: asked for with `before`' })) });

export const errorBody = Type.Object({ code: Type.Enum(Object.keys(errorCodes) as ErrorCode[]), message: Type.String() });

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
/** Fails to compile when a schema and the type it stands for drift apart. */
export const schemasMatchTypes: [
  Same<Static<typeof liveStreamInfo>, LiveStreamInfo>,
  Same<Static<typeof liveStreamList>, LiveStreamList>,
  Same<Static<typeof recordingInfo>, RecordingInfo>,
  Same<Static<typeof recordingList>, RecordingList>,
  Same<Static<typeof errorBody>, ErrorBody>,
] = [true, true, true, true, true];
