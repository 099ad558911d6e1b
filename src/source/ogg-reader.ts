import type { ByteFeed } from './byte-feed.js';
import { maxFrameBytes, type ContainerReader, type Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { oggMappingOf, type OggMapping } from './ogg-codecs.js';
import { maxTracks, type SourceEvent } from './source-events.js';

const pageHeadBytes = 27;
const beginsStream = 0x02;
const continues = 0x01;
/** A page that ends no packet says so. */
const noPosition = 0xffffffff;

interface LogicalStream {
  readonly id: number;
  readonly mapping: OggMapping;
  readonly headers: Uint8Array[];
  duration: ((packet: Uint8Array) => number) | undefined;
  /** The beginning of a packet that goes on on the next page. */
  begun: Uint8Array[];
  begunBytes: number;
  endSeconds: number | undefined;
}

/** Reads one Ogg recording, RFC 3533; recordings that follow one another in a chain go on on one clock. */
export class OggReader implements ContainerReader {
  readonly #headerLimit: number;
  #streams = new Map<number, LogicalStream>();
  /** A chain's next link is announced as soon as one of its packets is no header. */
  #told = false;
  #sawData = false;
  #baseSeconds = 0;
  #endSeconds = 0;

  /** @param options.headerLimit offset that what stands before the first sound or picture must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    const head = feed.peek(pageHeadBytes);
    if (head === undefined) return 'more';
    if (String.fromCharCode(...head.subarray(0, 4)) !== 'OggS') {
      if (beginsRecording(head)) return 'recording';
      return this.#told ? 'lost' : { notMedia: 'expected Ogg pages, got something that makes no sense' };
    }
    if (!this.#told && feed.offset >= this.#headerLimit) return { notMedia: 'expected Ogg with Opus, Vorbis, FLAC, Speex or Theora, got none of them' };
    const segments = head[26] ?? 0;
    const table = feed.peek(pageHeadBytes + segments)?.subarray(pageHeadBytes);
    if (table === undefined) return 'more';
    const payloadBytes = table.reduce((sum, size) => sum + size, 0);
    const { offset } = feed;
    const page = feed.take(pageHeadBytes + segments + payloadBytes);
    if (page === undefined) return 'more';
    this.#page(page, segments, offset, events);
    return 'again';
  }

  #page(page: Uint8Array, segments: number, offset: number, events: SourceEvent[]): void {
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const flags = view.getUint8(5);
    const serial = view.getUint32(14, true);
    const packets = packetsOf(page, segments);
    if (flags & beginsStream) this.#begin(serial, packets.whole[0] ?? new Uint8Array(0));
    const stream = this.#streams.get(serial);
    if (!stream) return;
    if (!(flags & continues)) stream.begun = [];
    const whole = joined(stream, packets);
    const highPosition = view.getUint32(10, true);
    const position = highPosition === noPosition ? undefined : highPosition * 2 ** 32 + view.getUint32(6, true);
    this.#packets(stream, whole, position, offset, events);
  }

  #begin(serial: number, first: Uint8Array): void {
    if (this.#sawData) {
      // The next link of a chain: what it holds follows what there was.
      this.#streams = new Map();
      this.#sawData = false;
      this.#told = false;
      this.#baseSeconds = this.#endSeconds;
    }
    const mapping = oggMappingOf(first);
    const isFirstOfKind = mapping && ![...this.#streams.values()].some((stream) => stream.mapping.kind === mapping.kind);
    if (!mapping || !isFirstOfKind || this.#streams.size >= maxTracks) return;
    const id = mapping.kind === 'video' ? 1 : 2;
    this.#streams.set(serial, { id, mapping, headers: [], duration: undefined, begun: [], begunBytes: 0, endSeconds: undefined });
  }

  #packets(stream: LogicalStream, packets: readonly Uint8Array[], position: number | undefined, offset: number, events: SourceEvent[]): void {
    const { mapping, headers } = stream;
    const frames = packets.filter((packet) => {
      if (headers.length >= mapping.headers) return packet.length > 0;
      headers.push(packet.slice());
      return false;
    });
    if (frames.length === 0) return;
    this.#tellHeader(events);
    stream.duration ??= mapping.durations(headers);
    const { duration } = stream;
    const lengths = frames.map((frame) => duration(frame));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const positioned = position === undefined ? undefined : mapping.secondsAt(position) + (mapping.kind === 'video' ? (lengths.at(-1) ?? 0) : 0);
    // The end of a recording may be cut off in the middle of its last packets: their beginnings count.
    const isCredible = positioned !== undefined && (stream.endSeconds === undefined || positioned - total > stream.endSeconds - 0.02);
    let startSeconds = isCredible ? Math.max(0, positioned - total) : (stream.endSeconds ?? 0);
    for (const [index, bytes] of frames.entries()) {
      const timeSeconds = this.#baseSeconds + startSeconds;
      events.push({ type: 'frame', offset, track: stream.id, kind: mapping.kind, timeSeconds, decodeSeconds: timeSeconds, keyframe: mapping.isKeyframe(bytes), bytes });
      startSeconds += lengths[index] ?? 0;
    }
    stream.endSeconds = startSeconds;
    this.#endSeconds = Math.max(this.#endSeconds, this.#baseSeconds + startSeconds);
  }

  #tellHeader(events: SourceEvent[]): void {
    this.#sawData = true;
    if (this.#told) return;
    this.#told = true;
    const tracks = [...this.#streams.values()].map(({ id, mapping, headers }) => ({ id, ...mapping.describe(headers) }));
    events.push({ type: 'header', header: { container: 'ogg', tracks } });
  }
}

interface Packets {
  /** Those that end on the page; the first may have begun earlier. */
  readonly whole: readonly Uint8Array[];
  /** The beginning of one that goes on on the next page. */
  readonly begun: Uint8Array | undefined;
}

/** RFC 3533 §6: a packet ends with a segment of fewer than 255 bytes. */
function packetsOf(page: Uint8Array, segments: number): Packets {
  const whole: Uint8Array[] = [];
  let at = pageHeadBytes + segments;
  let start = at;
  let isOpen = false;
  for (let index = 0; index < segments; index++) {
    const size = page[pageHeadBytes + index] ?? 0;
    at += size;
    isOpen = size === 255;
    if (isOpen) continue;
    whole.push(page.subarray(start, at));
    start = at;
  }
  return { whole, begun: isOpen ? page.subarray(start, at) : undefined };
}

/** The packets that are whole now; keeps what is not. */
function joined(stream: LogicalStream, { whole, begun }: Packets): Uint8Array[] {
  const [first, ...rest] = whole;
  const packets = first === undefined ? [] : [stream.begun.length === 0 ? first : Buffer.concat([...stream.begun, first]), ...rest];
  if (first !== undefined) {
    stream.begun = [];
    stream.begunBytes = 0;
  }
  if (begun && stream.begunBytes + begun.length <= maxFrameBytes) {
    stream.begun.push(begun);
    stream.begunBytes += begun.length;
  }
  return packets;
}
