/** A picture track as its recording's header says it. */
export interface MuxedPicture {
  readonly kind: 'video';
  readonly width: number;
  readonly height: number;
  /** AVCDecoderConfigurationRecord, ISO/IEC 14496-15. */
  readonly configuration: Uint8Array;
}

/** A sound track: Opus. */
export interface MuxedSound {
  readonly kind: 'audio';
  readonly channels: number;
  /** The OpusHead of RFC 7845 §5.1. */
  readonly configuration: Uint8Array;
}

export type MuxedTrack = MuxedPicture | MuxedSound;

export interface MuxedFrame {
  /** Its track's place in the header, from 0. */
  readonly track: number;
  readonly timeUs: number;
  readonly keyframe: boolean;
  readonly bytes: Uint8Array;
}

/** TimestampScale: a tick is 0.1 ms. A millisecond is too coarse (two pictures may fall into one), a microsecond would need a cluster a frame. */
const nanosecondsPerTick = 100_000;
const microsecondsPerTick = nanosecondsPerTick / 1000;
/** A block's time is 16 bits, signed, from its cluster's on. */
const maxBlockTicks = 0x7fff;
/** A live element has no end: RFC 8794 §6.2. */
const unknownSize = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

/** Writes encoded frames as one live Matroska recording, RFC 9559: a header, then each frame at once. */
export class MatroskaMuxer {
  readonly #tracks: readonly MuxedTrack[];
  #clusterTicks: number | undefined;

  constructor(tracks: readonly MuxedTrack[]) {
    this.#tracks = tracks;
  }

  /** What stands before the first frame. */
  header(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from([
      ...element([0x1a, 0x45, 0xdf, 0xa3], [
        ...element([0x42, 0x86], [1]), // EBMLVersion
        ...element([0x42, 0xf7], [1]), // EBMLReadVersion
        ...element([0x42, 0x82], ascii('matroska')), // DocType
        ...element([0x42, 0x87], [4]), // DocTypeVersion
        ...element([0x42, 0x85], [2]), // DocTypeReadVersion
      ]),
      ...[0x18, 0x53, 0x80, 0x67], // Segment
      ...unknownSize,
      ...element([0x15, 0x49, 0xa9, 0x66], [
        ...element([0x2a, 0xd7, 0xb1], unsigned(nanosecondsPerTick)), // TimestampScale
        ...element([0x4d, 0x80], ascii('onair')), // MuxingApp
        ...element([0x57, 0x41], ascii('onair')), // WritingApp
      ]),
      ...element([0x16, 0x54, 0xae, 0x6b], this.#tracks.flatMap((track, index) => trackEntry(track, index + 1))),
    ]);
  }

  /** The frame as a block; the first one, keyframes of the first track, and what is too far from its cluster begin a cluster. */
  write({ track, timeUs, keyframe, bytes }: MuxedFrame): Uint8Array<ArrayBuffer> {
    const ticks = Math.max(0, Math.round(timeUs / microsecondsPerTick));
    const beginsCluster = this.#clusterTicks === undefined || (track === 0 && keyframe && this.#tracks[0]?.kind === 'video') || Math.abs(ticks - this.#clusterTicks) > maxBlockTicks;
    const clusterTicks = beginsCluster ? ticks : (this.#clusterTicks ?? ticks);
    const blockTicks = ticks - clusterTicks;
    this.#clusterTicks = clusterTicks;
    const head = [
      ...(beginsCluster ? [0x1f, 0x43, 0xb6, 0x75, ...unknownSize, ...element([0xe7], unsigned(ticks))] : []),
      0xa3, // SimpleBlock
      ...size(4 + bytes.length),
      0x80 | (track + 1),
      (blockTicks >> 8) & 0xff,
      blockTicks & 0xff,
      keyframe ? 0x80 : 0,
    ];
    const block = new Uint8Array(head.length + bytes.length);
    block.set(head);
    block.set(bytes, head.length);
    return block;
  }
}

function trackEntry(track: MuxedTrack, number: number): number[] {
  const isPicture = track.kind === 'video';
  return element([0xae], [
    ...element([0xd7], [number]), // TrackNumber
    ...element([0x73, 0xc5], [number]), // TrackUID
    ...element([0x83], [isPicture ? 1 : 2]), // TrackType
    ...element([0x9c], [0]), // FlagLacing
    ...element([0x86], ascii(isPicture ? 'V_MPEG4/ISO/AVC' : 'A_OPUS')), // CodecID
    ...element([0x63, 0xa2], track.configuration), // CodecPrivate
    ...(isPicture
      ? element([0xe0], [...element([0xb0], unsigned(track.width)), ...element([0xba], unsigned(track.height))]) // PixelWidth, PixelHeight
      : element([0xe1], [...element([0xb5], float64(48_000)), ...element([0x9f], [track.channels])])), // SamplingFrequency, Channels
  ]);
}

/** @param id with its own length marker */
function element(id: readonly number[], data: ArrayLike<number>): number[] {
  return [...id, ...size(data.length), ...Array.from(data)];
}

/** In four bytes, or in eight: the first one marks the length (RFC 8794 §4). */
function size(length: number): number[] {
  const low = [(length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return length < 0x0fff_ffff ? [0x10 | (low[0] ?? 0), ...low.slice(1)] : [0x01, 0, 0, 0, ...low];
}

/** As few bytes as hold the value, one at least. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

function float64(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return Array.from(new Uint8Array(view.buffer));
}
