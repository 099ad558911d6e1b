import type { ByteFeed } from './byte-feed.js';
import { maxFrameBytes, type ContainerReader, type Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { boxHeadBytes, boxType, readBoxHead, type BoxHead } from '../isobmff/boxes.js';
import { leastSampleBytes, readMovieFragment, type Mp4Sample, type SampleBudget } from './mp4-fragment.js';
import { samplesInOrder } from './mp4-sample-table.js';
import { readMovie, type Mp4Track } from './mp4-tracks.js';
import { tooManyTracks, type SourceEvent } from './source-events.js';

const maxMovieFragmentBytes = 1024 * 1024;
/** A finished file's index grows with its length: this is some hours. */
const maxMovieBytes = 16 * 1024 * 1024;
/** A fragment is announced before its media has come. */
const samplesInAdvance = 10_000;
/** More of a fragment is not waited for. */
const maxGatheredBytes = 8 * 1024 * 1024;
/** Samples that lie before what has come, or hold nothing, are passed over: so many on end are no media. */
const maxPassedOver = 10_000;

const nothing = new Uint8Array(0);

/** Reads one MP4 recording, fragmented or with its index first, ISO/IEC 14496-12. */
export class Mp4SourceReader implements ContainerReader {
  readonly #headerLimit: number;
  /** Where in the stream the recording begins: its own offsets count from there. */
  #startOffset: number | undefined;
  #tracks: ReadonlyMap<number, Mp4Track> | undefined;
  #samples: Iterator<Mp4Sample> = [][Symbol.iterator]();
  #next: Mp4Sample | undefined;
  #passedOver = 0;
  /** Where the present `mdat` ends. */
  #mediaEnd = 0;
  /** Where the structure begins that the samples come from. */
  #structureOffset = 0;
  readonly #described = new Map<number, number>();
  /** Of fragments, by track. */
  readonly #decodedTo = new Map<number, number>();
  /** Of the present movie fragment, where one track's samples may all lie before the other's: told in the order of their times. */
  #gathered: { readonly decodeSeconds: number; readonly events: readonly SourceEvent[] }[] = [];
  #gatheredBytes = 0;
  #isFragment = false;
  readonly #budget: SampleBudget = { unsaid: samplesInAdvance };

  /** @param options.headerLimit offset that what stands before the index must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    if (feed.offset < this.#mediaEnd) return this.#media(feed, events);
    const head = feed.peek(8);
    if (head === undefined) return 'more';
    if (this.#startOffset !== undefined && beginsRecording(head)) return 'recording';
    this.#startOffset ??= feed.offset;
    const type = boxType(head, 0);
    const box = boxBytes(feed);
    if (box === undefined) return 'more';
    if (box.size < 8 || !/^[\x20-\x7e\xa9]{4}$/.test(type)) {
      return this.#tracks === undefined ? { notMedia: 'expected an MP4 header, got one that makes no sense' } : 'lost';
    }
    if (type === 'moov') return this.#movie(feed, box.size, events);
    if (this.#tracks === undefined) {
      if (type === 'mdat' || type === 'moof') {
        return { notMedia: 'expected a fragmented MP4 or one whose index comes first, got one whose index comes after the media: record it fragmented, or write it with "-movflags +faststart"' };
      }
      if (feed.offset + box.size > this.#headerLimit) return { notMedia: 'expected an MP4 header, got one that is too long' };
    } else if (type === 'moof') return this.#fragment(feed, box.size, this.#tracks, events);
    else if (type === 'mdat') {
      this.#mediaEnd = feed.offset + box.size;
      this.#budget.unsaid = Math.min(samplesInAdvance, this.#budget.unsaid + box.size / leastSampleBytes);
      feed.skip(box.headBytes);
      return 'again';
    }
    feed.skip(box.size);
    return 'again';
  }

  #movie(feed: ByteFeed, size: number, events: SourceEvent[]): Step {
    if (size > maxMovieBytes) return this.#tracks ? 'lost' : { notMedia: 'expected an MP4 header, got one that is too long' };
    const { offset } = feed;
    const moov = feed.peek(size);
    if (moov === undefined) return 'more';
    const tracks = readMovie(moov.subarray(8));
    if (tracks === undefined) return { notMedia: tooManyTracks };
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
    this.#described.clear();
    this.#decodedTo.clear();
    events.push({ type: 'header', header: { container: 'mp4', tracks: tracks.flatMap(({ descriptions: [first] }) => first ?? []) } });
    this.finish(events);
    this.#isFragment = false;
    this.#begin(samplesInOrder(tracks), offset);
    feed.skip(size);
    return 'again';
  }

  #fragment(feed: ByteFeed, size: number, tracks: ReadonlyMap<number, Mp4Track>, events: SourceEvent[]): Step {
    if (size > maxMovieFragmentBytes) return 'lost';
    const { offset } = feed;
    const moof = feed.peek(size);
    if (moof === undefined) return 'more';
    this.#budget.unsaid += size / leastSampleBytes;
    const samples = readMovieFragment(moof.subarray(8), tracks, offset - (this.#startOffset ?? 0), this.#budget, this.#decodedTo);
    if (typeof samples === 'string') return { notMedia: samples };
    this.finish(events);
    this.#isFragment = true;
    this.#begin(samples[Symbol.iterator](), offset);
    feed.skip(size);
    return 'again';
  }

  #begin(samples: Iterator<Mp4Sample>, structureOffset: number): void {
    this.#samples = samples;
    this.#structureOffset = structureOffset;
    this.#next = undefined;
    this.#advance();
  }

  #advance(): void {
    const next = this.#samples.next();
    this.#next = next.done === true ? undefined : next.value;
  }

  #media(feed: ByteFeed, events: SourceEvent[]): Step {
    const sample = this.#next;
    const at = (this.#startOffset ?? 0) + (sample?.offset ?? 0);
    if (!sample || at + sample.size > this.#mediaEnd) {
      feed.skip(this.#mediaEnd - feed.offset);
      return 'again';
    }
    if (at < feed.offset || sample.size === 0 || sample.size > maxFrameBytes) {
      if (++this.#passedOver > maxPassedOver) return 'lost';
      this.#advance();
      return 'again';
    }
    if (at > feed.offset) {
      feed.skip(at - feed.offset);
      return 'again';
    }
    const bytes = feed.take(sample.size);
    if (bytes === undefined) return 'more';
    this.#passedOver = 0;
    this.#gather(sample, bytes);
    this.#advance();
    if (!this.#isFragment || this.#next === undefined || this.#gatheredBytes > maxGatheredBytes) this.finish(events);
    return 'again';
  }

  #gather({ track, description, timeSeconds, decodeSeconds, keyframe }: Mp4Sample, bytes: Uint8Array): void {
    const { id, kind, descriptions } = track;
    const described = descriptions[description];
    const isOther = described && (this.#described.get(id) ?? 0) !== description;
    if (described) this.#described.set(id, description);
    const frame = { type: 'frame', offset: this.#structureOffset, track: id, kind, timeSeconds, decodeSeconds, keyframe, bytes } as const;
    this.#gathered.push({ decodeSeconds, events: isOther ? [{ type: 'track', track: described }, frame] : [frame] });
    this.#gatheredBytes += bytes.length;
  }

  finish(events: SourceEvent[]): void {
    this.#gathered.sort((one, other) => one.decodeSeconds - other.decodeSeconds);
    for (const { events: each } of this.#gathered) events.push(...each);
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}

/** The whole length of the box at the feed's position, and of its head; undefined until its bytes have come. */
function boxBytes(feed: ByteFeed): BoxHead | undefined {
  let head = readBoxHead(feed.peek(boxHeadBytes) ?? nothing, 0);
  if (typeof head === 'number' && head > boxHeadBytes) head = readBoxHead(feed.peek(head) ?? nothing, 0);
  if (typeof head === 'number') return undefined;
  const { size, headBytes } = head;
  if (size === 0) return { size: Number.MAX_SAFE_INTEGER / 2, headBytes }; // to the end of the stream, ISO/IEC 14496-12 §4.2
  return { size: size >= headBytes && size <= 2 ** 48 ? size : 0, headBytes };
}
