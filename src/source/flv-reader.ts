import type { ByteFeed } from './byte-feed.js';
import type { ContainerReader, Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { backPointerBytes, peekTagHead, readAudioTag, readTrack, readVideoTag, tagHeadBytes, tagType, type MediaTag, type TagHead } from './flv-tags.js';
import type { SourceEvent, SourceTrack } from './source-events.js';

/** Codec, packet type and the parameters a header is read for. */
const maxPeekedBodyBytes = 64;
/** A track that the header announces and that is silent for so long is not waited for. */
const missingTrackSeconds = 1;
/** Where there is no picture, any sound can be begun with: so often is enough. */
const audioAccessSeconds = 0.5;

type FrameEvent = Extract<SourceEvent, { type: 'frame' | 'random-access' }>;

/** Walks one FLV recording, Adobe FLV 10.1 §E; payload is skipped unseen. Times are decode times. */
export class FlvReader implements ContainerReader {
  readonly #headerLimit: number;
  #began = false;
  /** What the file header announces: some announce nothing, or both in advance. */
  #announced: ReadonlySet<'video' | 'audio'> = new Set();
  readonly #tracks: SourceTrack[] = [];
  /** Where the last tag ends that a decoder must have seen. */
  #headerEnd = 0;
  #headerTold = false;
  /** Frames that came before the header was complete. */
  #early: FrameEvent[] = [];
  #firstFrameSeconds: number | undefined;
  #lastAccessSeconds: number | undefined;

  /** @param options.headerLimit offset that the header must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    if (!this.#began) return this.#fileHeader(feed);
    const begin = feed.peek(8);
    if (begin === undefined) return 'more';
    if (beginsRecording(begin)) return 'recording';
    const head = peekTagHead(feed);
    if (head === undefined) return 'more';
    if (head.type !== tagType.audio && head.type !== tagType.video && head.type !== tagType.script) {
      return this.#headerTold ? 'lost' : { notMedia: 'expected an FLV header and tags, got something that makes no sense' };
    }
    const end = feed.offset + tagHeadBytes + head.bodyBytes + backPointerBytes;
    if (!this.#headerTold && (feed.offset >= this.#headerLimit || (this.#tracks.length === 0 && end > this.#headerLimit))) {
      if (this.#early.length === 0) return { notMedia: 'expected an FLV header, got one that is too long' };
      this.#tellHeader(events);
    }
    if (head.type === tagType.script) {
      if (!this.#headerTold && this.#firstFrameSeconds === undefined) this.#headerEnd = end;
    } else {
      const body = feed.peek(tagHeadBytes + Math.min(head.bodyBytes, maxPeekedBodyBytes))?.subarray(tagHeadBytes);
      if (body === undefined) return 'more';
      if (body.length > 0) this.#media(feed.offset, end, head, body, events);
    }
    feed.skip(end - feed.offset);
    return 'again';
  }

  #fileHeader(feed: ByteFeed): Step {
    const header = feed.peek(9);
    if (header === undefined) return 'more';
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    const dataOffset = view.getUint32(5);
    if (dataOffset < 9 || feed.offset + dataOffset > this.#headerLimit) return { notMedia: 'expected an FLV header, got one that makes no sense' };
    const flags = header[4] ?? 0;
    this.#announced = new Set([...(flags & 1 ? ['video' as const] : []), ...(flags & 4 ? ['audio' as const] : [])]);
    this.#began = true;
    feed.skip(dataOffset + backPointerBytes);
    this.#headerEnd = feed.offset;
    return 'again';
  }

  #media(offset: number, end: number, { type, timeSeconds }: TagHead, body: Uint8Array, events: SourceEvent[]): void {
    const tag = type === tagType.video ? readVideoTag(body) : readAudioTag(body);
    if (tag.holds === 'nothing') return;
    const isKnown = this.#tracks.some(({ kind }) => kind === tag.kind);
    if (!isKnown && !this.#headerTold) {
      this.#tracks.push(readTrack(tag, body));
      if (tag.holds === 'config') this.#headerEnd = end;
    }
    if (tag.holds === 'frame') this.#frame(offset, timeSeconds, tag, events);
  }

  #frame(offset: number, timeSeconds: number, { kind, keyframe }: MediaTag, events: SourceEvent[]): void {
    if (!this.#tracks.some((track) => track.kind === kind)) return;
    this.#firstFrameSeconds ??= timeSeconds;
    const waited = timeSeconds - this.#firstFrameSeconds;
    if (!this.#headerTold && (this.#isComplete || Math.abs(waited) > missingTrackSeconds || offset >= this.#headerLimit)) this.#tellHeader(events);
    const told = this.#headerTold ? events : this.#early;
    if (this.#isAccess(kind, keyframe, timeSeconds)) told.push({ type: 'random-access', offset, timeSeconds });
    told.push({ type: 'frame', offset, kind, timeSeconds, keyframe });
  }

  /** A file header that announces nothing may be followed by both. */
  get #isComplete(): boolean {
    const wanted = this.#announced.size === 0 ? 2 : this.#announced.size;
    return this.#tracks.length >= wanted;
  }

  #tellHeader(events: SourceEvent[]): void {
    this.#headerTold = true;
    events.push({ type: 'header', header: { container: 'flv', tracks: [...this.#tracks] }, endOffset: this.#headerEnd });
    for (const event of this.#early) events.push(event);
    this.#early = [];
  }

  #isAccess(kind: 'video' | 'audio', keyframe: boolean, timeSeconds: number): boolean {
    if (kind === 'video') return keyframe;
    if (this.#tracks.some((track) => track.kind === 'video')) return false;
    const since = timeSeconds - (this.#lastAccessSeconds ?? -Infinity);
    if (since >= 0 && since < audioAccessSeconds) return false;
    this.#lastAccessSeconds = timeSeconds;
    return true;
  }
}
