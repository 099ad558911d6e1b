import type { ByteFeed } from './byte-feed.js';
import type { ContainerReader, Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { boxType, uint32 } from './mp4-boxes.js';
import { readMovieFragment } from './mp4-fragment.js';
import { readMovie, type Mp4Track } from './mp4-tracks.js';
import { tooManyTracks, type SourceEvent, type SourceTrack } from './source-events.js';

const maxMovieFragmentBytes = 1024 * 1024;

/** Walks the top-level boxes of one MP4 recording; media data is skipped unseen. */
export class Mp4SourceReader implements ContainerReader {
  readonly #headerLimit: number;
  #began = false;
  #tracks: readonly Mp4Track[] | undefined;

  /** @param options.headerLimit offset that the header must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    const head = feed.peek(8);
    if (head === undefined) return 'more';
    if (this.#began && beginsRecording(head)) return 'recording';
    this.#began = true;
    const type = boxType(head, 0);
    const size = boxBytes(feed, uint32(head, 0));
    if (size === undefined) return 'more';
    if (size < 8 || !/^[\x20-\x7e\xa9]{4}$/.test(type)) {
      return this.#tracks === undefined ? { notMedia: 'expected an MP4 header, got one that makes no sense' } : 'lost';
    }
    if (this.#tracks === undefined) return this.#inHeader(feed, type, size, events);
    if (type === 'moof') return this.#fragment(feed, size, this.#tracks, events);
    feed.skip(size);
    return 'again';
  }

  #inHeader(feed: ByteFeed, type: string, size: number, events: SourceEvent[]): Step {
    if (type === 'mdat' || type === 'moof') {
      return { notMedia: 'expected a fragmented MP4, got one whose index comes after the media (record it fragmented)' };
    }
    if (feed.offset + size > this.#headerLimit) return { notMedia: 'expected an MP4 header, got one that is too long' };
    if (type === 'moov') {
      const moov = feed.peek(size);
      if (moov === undefined) return 'more';
      const tracks = readMovie(moov.subarray(8));
      if (tracks === undefined) return { notMedia: tooManyTracks };
      this.#tracks = tracks;
      const header = { container: 'mp4', tracks: tracks.map(publicFacts) } as const;
      events.push({ type: 'header', header, endOffset: feed.offset + size });
    }
    feed.skip(size);
    return 'again';
  }

  #fragment(feed: ByteFeed, size: number, tracks: readonly Mp4Track[], events: SourceEvent[]): Step {
    if (size > maxMovieFragmentBytes) return 'lost';
    const moof = feed.peek(size);
    if (moof === undefined) return 'more';
    const { offset } = feed;
    const samples = readMovieFragment(moof.subarray(8), tracks);
    const audioOnly = tracks.every(({ kind }) => kind === 'audio');
    const first = samples.find(({ kind }) => audioOnly || kind === 'video');
    if (first?.keyframe === true) events.push({ type: 'random-access', offset, timeSeconds: first.timeSeconds });
    for (const { kind, timeSeconds, keyframe } of samples) events.push({ type: 'frame', offset, kind, timeSeconds, keyframe });
    feed.skip(size);
    return 'again';
  }
}

/** The whole length of the box at the feed's position; undefined until its bytes have come. */
function boxBytes(feed: ByteFeed, size: number): number | undefined {
  if (size === 0) return Number.MAX_SAFE_INTEGER / 2; // to the end of the stream, ISO/IEC 14496-12 §4.2
  if (size !== 1) return size;
  const head = feed.peek(16);
  if (head === undefined) return undefined;
  const large = uint32(head, 8) * 2 ** 32 + uint32(head, 12);
  return large <= 2 ** 48 && large >= 16 ? large : 0;
}

function publicFacts({ timescale: _timescale, defaults: _defaults, ...track }: Mp4Track): SourceTrack {
  return track;
}
