import { flvBackPointerBytes, flvTagHeadBytes, flvTagType, readFlvBackPointer, readFlvTagHead, type FlvTagHead } from '../flv/flv-tag.js';
import type { ByteFeed } from './byte-feed.js';
import type { ContainerReader, Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { FlvTracks } from './flv-tracks.js';
import type { SourceEvent } from './source-events.js';

/** A tag that we don't know is not read further than this to tell whether it is one. */
const maxUnknownBytes = 65_536;
const nothing = new Uint8Array(0);

/** Reads one FLV recording, Adobe FLV 10.1 §E. */
export class FlvReader implements ContainerReader {
  readonly #headerLimit: number;
  readonly #tracks = new FlvTracks();
  #began = false;
  #sawMedia = false;

  /** @param options.headerLimit offset that what stands before the first sound or picture must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    if (!this.#began) return this.#fileHeader(feed, events);
    const begin = feed.peek(8);
    if (begin === undefined) return 'more';
    if (beginsRecording(begin)) return 'recording';
    const headBytes = feed.peek(flvTagHeadBytes);
    if (headBytes === undefined) return 'more';
    const head = readFlvTagHead(headBytes);
    const isMedia = head.type === flvTagType.audio || head.type === flvTagType.video;
    if (!isMedia && head.type !== flvTagType.script) return this.#unknownTag(feed, head, events);
    const { offset } = feed;
    const tagBytes = flvTagHeadBytes + head.bodyBytes + flvBackPointerBytes;
    if (!isMedia) {
      if (!this.#sawMedia && offset + tagBytes > this.#headerLimit) return { notMedia: 'expected an FLV header, got one that is too long' };
      feed.skip(tagBytes);
      return 'again';
    }
    const tag = feed.take(flvTagHeadBytes + head.bodyBytes);
    if (tag === undefined) return 'more';
    this.#sawMedia = true;
    events.push(...this.#tracks.read(head.type, head.timestamp, tag.subarray(flvTagHeadBytes), offset));
    feed.skip(flvBackPointerBytes);
    return 'again';
  }

  /** A tag of a newer FLV, if behind it stands how long it was. */
  #unknownTag(feed: ByteFeed, { type, bodyBytes }: FlvTagHead, events: SourceEvent[]): Step {
    const bytes = flvTagHeadBytes + bodyBytes;
    const tag = bodyBytes > maxUnknownBytes ? nothing : feed.peek(bytes + flvBackPointerBytes);
    if (tag === undefined) return 'more';
    const isTag = tag.length > 0 && readFlvBackPointer(tag, bytes) === bytes;
    if (!isTag) return this.#sawMedia ? 'lost' : { notMedia: 'expected an FLV header and tags, got something that makes no sense' };
    events.push({ type: 'notice', code: 'passed-over', message: `FLV tags of type ${type} are passed over: expected sound (8), pictures (9) or data (18).` });
    feed.skip(bytes + flvBackPointerBytes);
    return 'again';
  }

  #fileHeader(feed: ByteFeed, events: SourceEvent[]): Step {
    const header = feed.peek(9);
    if (header === undefined) return 'more';
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    const dataOffset = view.getUint32(5);
    if (dataOffset < 9 || feed.offset + dataOffset > this.#headerLimit) return { notMedia: 'expected an FLV header, got one that makes no sense' };
    const flags = header[4] ?? 0;
    const announced = [...(flags & 1 ? ['video' as const] : []), ...(flags & 4 ? ['audio' as const] : [])];
    this.#began = true;
    // A file header that announces nothing may be followed by both.
    events.push({ type: 'header', header: { container: 'flv', tracks: [], awaited: announced.length === 0 ? ['video', 'audio'] : announced } });
    feed.skip(dataOffset + flvBackPointerBytes);
    return 'again';
  }
}
