import type { LiveEdge } from './blocking-request.js';
import { segmentName } from './media-address.js';
import { MediaBytes } from './media-bytes.js';
import type { PartEntry, SegmentEntry } from './media-playlist.js';
import type { SegmentKeeper, StoredMedia } from './stored-media.js';
import { WindowMemory } from './window-memory.js';

/** A part with its media: the bytes of its fragments, one after another. */
export interface WindowPart extends PartEntry {
  readonly media: MediaBytes;
}

/** The segment being made, with the media of its parts. */
export interface OpenSegment extends SegmentEntry {
  readonly parts: WindowPart[];
}

/** A finished segment with its media. */
export interface WholeSegment extends SegmentEntry {
  readonly parts: readonly WindowPart[];
  readonly durationSeconds: number;
  readonly media: MediaBytes;
}

/** Where a segment begins, for all renditions alike. */
export interface SegmentStart {
  readonly mediaSequence: number;
  /** RFC 8216bis §4.4.4.3: it does not join the one before. */
  readonly discontinuity: boolean;
  /** How many discontinuities came before it. */
  readonly discontinuitySequence: number;
  /** Wall clock, ms since the epoch. */
  readonly programDateTimeMs: number;
}

export interface LiveWindowOptions {
  /** A playlist lists so many whole segments at least, and so many target durations of media. */
  readonly listedSegments: number;
  /** Where whole segments lie when they are older than the live edge. Without one they stay in memory. */
  readonly keeper?: SegmentKeeper | undefined;
}

/** No playlist is longer, however short its segments are: its text is made anew for every part. */
const mostListedSegments = 250;
/** Sums of durations that differ by less are the same. */
const sameSeconds = 1e-6;

/**
 * The segments that can be had: those listed, and those that no longer are but may still be wanted (RFC 8216bis §6.2.2: a
 * segment stays available for its duration and that of the longest playlist that held it). Time is counted in media, which comes
 * no faster than it is played.
 */
export class LiveWindow implements LiveEdge {
  readonly #listedSegments: number;
  #listedSeconds = 0;
  #shortestSeconds = 0;
  /** Its first segment was not the presentation's. */
  #beganLate = false;
  #listed: WholeSegment[] = [];
  /** How long the listed ones last; how long at most; how long everything that ever was. */
  #lasting = 0;
  #longestLasting = 0;
  #mediaSeconds = 0;
  /** Oldest first, each with the media time up to which it stays available. */
  #delisted: { readonly segment: WholeSegment; readonly untilSeconds: number }[] = [];
  #discontinuitySequence = 0;
  #open: OpenSegment | undefined;
  #nextMediaSequence = 0;
  readonly #media = new Map<string, MediaBytes>();
  readonly #segments = new Map<string, WholeSegment>();
  /** Those that can be had, oldest first. */
  readonly #inits = new Map<string, Buffer>();
  readonly #keeper: SegmentKeeper | undefined;
  readonly #memory: WindowMemory;

  constructor({ listedSegments, keeper }: LiveWindowOptions) {
    this.#listedSegments = listedSegments;
    this.#keeper = keeper;
    this.#memory = new WindowMemory(keeper);
  }

  /**
   * From now on so many target durations are listed as segments were asked for: where segments are shorter, more of them.
   * RFC 8216bis §6.2.2 demands three, and §4.4.3.8 that all of HOLD-BACK lies within.
   */
  measureBy(targetDurationSeconds: number): void {
    this.#listedSeconds = Math.max(this.#listedSegments, 3) * targetDurationSeconds;
    this.#shortestSeconds = 3 * targetDurationSeconds;
    this.#memory.measureBy(targetDurationSeconds);
  }

  /** How many bytes of whole segments lie in memory. */
  get bytesInMemory(): number {
    return this.#memory.bytes;
  }

  get open(): OpenSegment | undefined {
    return this.#open;
  }

  /** Media sequence number of the segment being made, or of the next one. */
  get openMediaSequence(): number {
    return this.#open?.mediaSequence ?? this.#nextMediaSequence;
  }

  /** How many parts that segment has so far. */
  get openParts(): number {
    return this.#open?.parts.length ?? 0;
  }

  /** The whole segments that a playlist lists, oldest first. */
  get listed(): readonly WholeSegment[] {
    return this.#listed;
  }

  /** RFC 8216bis §6.2.2: a playlist whose beginning is gone lists three target durations at least. */
  get isPlayable(): boolean {
    return this.#listed.length > 0 && (!this.#beganLate || this.#longestLasting >= this.#shortestSeconds - sameSeconds);
  }

  /** RFC 8216bis §4.4.3.3: how many discontinuities have left the playlist. */
  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  /** How many parts a listed segment has; undefined when it is listed no longer. */
  partsOf(mediaSequence: number): number | undefined {
    return this.#listed[mediaSequence - (this.#listed[0]?.mediaSequence ?? 0)]?.parts.length;
  }

  media(name: string): Buffer | StoredMedia | undefined {
    return this.#inits.get(name) ?? this.#media.get(name)?.body;
  }

  /** The init segment that begins to hold with this segment, if the one before it had another, or did not join it. */
  initOf(name: string): Buffer | undefined {
    const segment = this.#segments.get(name);
    return segment?.discontinuity ? this.#inits.get(segment.mapUri) : undefined;
  }

  addInit(uri: string, bytes: Buffer): void {
    this.#inits.set(uri, bytes);
    this.#keeper?.keepInit(uri, bytes);
  }

  /** @param start with the number that follows the last one, but for the first */
  openSegment({ mediaSequence, discontinuity, discontinuitySequence, programDateTimeMs, mapUri, gap }: SegmentStart & Pick<SegmentEntry, 'mapUri' | 'gap'>): void {
    if (this.#longestLasting === 0 && !this.#open) {
      this.#discontinuitySequence = discontinuitySequence;
      this.#beganLate = mediaSequence > 0;
    }
    this.#nextMediaSequence = mediaSequence + 1;
    this.#open = { mediaSequence, discontinuity, programDateTimeMs, mapUri, gap, uri: segmentName(mediaSequence), parts: [] };
  }

  /** Adds to the open segment. */
  addPart(part: WindowPart): void {
    this.#open?.parts.push(part);
    if (!part.gap) this.#media.set(part.uri, part.media);
  }

  /** Closes the open segment and moves the window; nobody can have what leaves it. */
  closeSegment(): WholeSegment | undefined {
    if (!this.#open) return undefined;
    const { parts } = this.#open;
    const media = MediaBytes.ofParts(parts.map((part) => part.media));
    const durationSeconds = parts.reduce((sum, part) => sum + part.durationSeconds, 0);
    const closed: WholeSegment = { ...this.#open, durationSeconds, media };
    this.#open = undefined;
    this.#segments.set(closed.uri, closed);
    this.#listed.push(closed);
    this.#lasting += durationSeconds;
    this.#mediaSeconds += durationSeconds;
    if (!closed.gap) {
      this.#media.set(closed.uri, media);
      this.#memory.add(closed.uri, media, this.#mediaSeconds);
    }
    this.#slide();
    this.#longestLasting = Math.max(this.#longestLasting, this.#lasting);
    this.#letGo();
    return closed;
  }

  /** Takes from the list what is older than the window. */
  #slide(): void {
    for (let oldest = this.#listed[0]; oldest && this.#isOld(oldest); oldest = this.#listed[0]) {
      this.#listed.shift();
      this.#lasting -= oldest.durationSeconds;
      if (oldest.discontinuity) this.#discontinuitySequence++;
      this.#delisted.push({ segment: oldest, untilSeconds: this.#mediaSeconds + oldest.durationSeconds + this.#longestLasting });
    }
  }

  #isOld({ durationSeconds }: WholeSegment): boolean {
    if (this.#listed.length > mostListedSegments) return true;
    return this.#listed.length > this.#listedSegments && this.#lasting - durationSeconds > this.#listedSeconds - sameSeconds;
  }

  /** Lets go of what nobody can have any more. */
  #letGo(): void {
    for (let oldest = this.#delisted[0]; oldest; oldest = this.#delisted[0]) {
      const isWanted = oldest.untilSeconds > this.#mediaSeconds + sameSeconds && this.#delisted.length <= mostListedSegments;
      if (isWanted) break;
      this.#delisted.shift();
      const { uri, parts } = oldest.segment;
      for (const name of [uri, ...parts.map((part) => part.uri)]) this.#media.delete(name);
      this.#segments.delete(uri);
      this.#memory.remove(uri);
    }
    const { mapUri = '' } = this.#delisted[0]?.segment ?? this.#listed[0] ?? {};
    if (!this.#inits.has(mapUri)) return;
    for (const uri of this.#inits.keys()) {
      if (uri === mapUri) return;
      this.#inits.delete(uri);
      this.#keeper?.remove(uri);
    }
  }
}
