import { flvHeader, flvTag, flvTagType } from '../flv/flv-tag.js';
import { readAmf0 } from './wire/amf0.js';
import type { RtmpMessage } from './wire/message.js';
import { messageType } from './wire/message.js';

/** What one message comes to in the bytes of a recording. */
export interface RecordedBytes {
  /** They begin with a new FLV header: what came before them is over. */
  readonly beginsRecording: boolean;
  readonly bytes: Buffer;
}

type Kind = 'video' | 'audio';

interface Track {
  /** AVCDecoderConfigurationRecord or AudioSpecificConfig, with its tag's head. */
  sequenceHeader?: Buffer;
  /** Whether anything of it came. */
  seen: boolean;
}

/** FLV's timestamps are read as signed 32-bit numbers. */
const maxTimestampMs = 0x7fffffff;
/** A publisher whose clock starts beyond this gets one that starts near 0. */
const maxFirstTimestampMs = 0x3fffffff;
/** Room for the other track's first frame, which may be a little older. */
const marginMs = 10_000;
/** A track that was announced is waited for a second by who reads the recording; later it would be left out. */
const maxLateMs = 900;

const videoCodecNames: Readonly<Record<string, string>> = { hvc1: 'HEVC', hev1: 'HEVC', av01: 'AV1', vp09: 'VP9', vp08: 'VP8', avc1: 'H.264', vvc1: 'VVC' };
const avc = 7;
const aac = 10;
const legacyHevc = 12;
const extendedAudio = 9;

/**
 * Writes what a publisher sends as FLV recordings: one goes on until a decoder would have to be set up anew, or until the
 * clock leaves what FLV can tell.
 */
export class FlvRecorder {
  readonly #video: Track = { seen: false };
  readonly #audio: Track = { seen: false };
  /** What the present recording's header says it has, and what came of it. */
  #announced: ReadonlySet<Kind> = new Set();
  readonly #written = new Set<Kind>();
  #begunMs = 0;
  #metadata: Buffer | undefined;
  #begun = false;
  #beginsAnew = false;
  /** The publisher's clock without its wraps, and what is taken off it. */
  #clockMs: number | undefined;
  #baseMs = 0;

  /** Why this can't be taken, in words for the publisher; undefined when it can. */
  obstacle({ type, body }: RtmpMessage): string | undefined {
    const [first] = body;
    if (first === undefined) return undefined;
    if (type === messageType.video) {
      if (first & 0x80) return choose('H.264 (x264)', videoCodecNames[body.toString('latin1', 1, 5)] ?? 'another codec');
      if ((first & 0x0f) === legacyHevc) return choose('H.264 (x264)', 'HEVC');
    }
    if (type === messageType.audio && first >> 4 === extendedAudio) return choose('AAC', `${body.toString('latin1', 1, 5).replace(/[^\w-]/g, '')} sound`);
    return undefined;
  }

  /** `onMetaData`, its name and value in AMF 0: stands at the head of every recording from now on. */
  describe(metadata: Buffer): void {
    this.#metadata = metadata;
  }

  /** One message with sound or picture; undefined when nothing of it is to be written now. */
  record({ type, timestamp, body }: RtmpMessage): RecordedBytes | undefined {
    // Some encoders mark pauses with empty messages.
    if (body.length < 2) return undefined;
    const isVideo = type === messageType.video;
    const track = isVideo ? this.#video : this.#audio;
    if (isVideo ? body[1] === 0 && (body[0]! & 0x0f) === avc : body[1] === 0 && body[0]! >> 4 === aac) return this.#configure(track, body, isVideo);
    this.#tell(timestamp);
    track.seen = true;
    const kind = isVideo ? 'video' : 'audio';
    if (this.#comesTooLate(kind)) this.#beginsAnew = true;
    const starts = this.#begun && !this.#beginsAnew ? [] : this.#begin();
    this.#written.add(kind);
    const tagType = isVideo ? flvTagType.video : flvTagType.audio;
    return { beginsRecording: starts.length > 0, bytes: Buffer.concat([...starts, flvTag(tagType, this.#timestampMs, body)]) };
  }

  #configure(track: Track, sequenceHeader: Buffer, isVideo: boolean): RecordedBytes | undefined {
    const before = track.sequenceHeader;
    track.sequenceHeader = Buffer.from(sequenceHeader);
    track.seen = true;
    if (!this.#begun || before?.equals(sequenceHeader)) return undefined;
    // A second track may come a little later; a decoder that is at work can't be told anew.
    const kind = isVideo ? 'video' : 'audio';
    if (before !== undefined || this.#comesTooLate(kind)) this.#beginsAnew = true;
    if (this.#beginsAnew) return undefined;
    this.#written.add(kind);
    return { beginsRecording: false, bytes: flvTag(isVideo ? flvTagType.video : flvTagType.audio, this.#timestampMs, sequenceHeader) };
  }

  get #timestampMs(): number {
    return (this.#clockMs ?? 0) - this.#baseMs;
  }

  /** Follows the clock over its wraps (§6.1.1: serial number arithmetic). */
  #tell(timestamp: number): void {
    if (this.#clockMs === undefined) this.#clockMs = timestamp;
    else this.#clockMs += (timestamp - this.#clockMs) | 0;
    const isBeyond = this.#timestampMs < 0 || this.#timestampMs > maxTimestampMs;
    if (this.#begun && isBeyond) this.#beginsAnew = true;
  }

  #comesTooLate(kind: Kind): boolean {
    return this.#begun && !this.#written.has(kind) && (!this.#announced.has(kind) || this.#timestampMs - this.#begunMs > maxLateMs);
  }

  #begin(): Buffer[] {
    this.#begun = true;
    this.#beginsAnew = false;
    const clockMs = this.#clockMs ?? 0;
    this.#baseMs = clockMs >= 0 && clockMs <= maxFirstTimestampMs ? 0 : clockMs - marginMs;
    const [video, audio] = [this.#video.sequenceHeader, this.#audio.sequenceHeader];
    const startMs = this.#timestampMs;
    this.#begunMs = startMs;
    this.#written.clear();
    if (video) this.#written.add('video');
    if (audio) this.#written.add('audio');
    const described = kindsIn(this.#metadata);
    this.#announced = new Set([...described, ...(this.#video.seen ? ['video' as const] : []), ...(this.#audio.seen ? ['audio' as const] : [])]);
    return [
      flvHeader({ video: this.#announced.has('video'), audio: this.#announced.has('audio') }),
      ...(this.#metadata ? [flvTag(flvTagType.script, startMs, this.#metadata)] : []),
      ...(video ? [flvTag(flvTagType.video, startMs, video)] : []),
      ...(audio ? [flvTag(flvTagType.audio, startMs, audio)] : []),
    ];
  }
}

/** What a publisher says it will send; who says nothing may send both. */
function kindsIn(metadata: Buffer | undefined): Kind[] {
  const facts = metadata && factsIn(metadata);
  if (!facts) return ['video', 'audio'];
  return [...('videocodecid' in facts || 'width' in facts ? ['video' as const] : []), ...('audiocodecid' in facts || 'audiosamplerate' in facts ? ['audio' as const] : [])];
}

function factsIn(metadata: Buffer): object | undefined {
  try {
    const [, facts] = readAmf0(metadata);
    return typeof facts === 'object' && facts !== null ? facts : undefined;
  } catch {
    return undefined;
  }
}

function choose(wanted: string, came: string): string {
  return `expected ${wanted}, got ${came}; choose ${wanted} in the encoder's settings`;
}
