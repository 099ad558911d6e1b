import type { LiveEdge } from './blocking-request.js';
import { beginsAnew, type JoinedNumbers, type JoinedProgress } from './joined-list.js';
import { partName, readMediaName, segmentName } from './media-address.js';
import { MediaBytes } from './media-bytes.js';
import type { SegmentEntry } from './media-playlist.js';
import { SegmentList } from './segment-list.js';
import type { SegmentKeeper, StoredMedia } from './stored-media.js';
import { firstKeyframeOf, type OpenSegment, type WholeSegment, type WindowPart } from './whole-segment.js';
import { WindowMemory } from './window-memory.js';

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
  /** A second playlist lists so much of the past. 0: there is none. */
  readonly rewindSeconds?: number | undefined;
  /** Where its presentation begins. Default: at 0. */
  readonly first?: { readonly mediaSequence: number; readonly joined?: JoinedProgress | undefined } | undefined;
  /** Where whole segments lie when they are older than the live edge. Without one they stay in memory. */
  readonly keeper?: SegmentKeeper | undefined;
}

/** No playlist is longer, however short its segments are: its text is made anew for every part. */
const mostListedSegments = 250;
/** The text of the longer playlist is made anew for every segment, while somebody asks for it. */
const mostRewindSegments = 10_800;
/** Sums of durations that differ by less are the same. */
const sameSeconds = 1e-6;

/** A segment that no playlist lists any more, and the media time up to which it stays available. */
interface Delisted {
  readonly segment: WholeSegment;
  readonly untilSeconds: number;
}

/**
 * The segments that can be had: those listed, and those that no longer are but may still be wanted (RFC 8216bis §6.2.2: a
 * segment stays available for its duration and that of the longest playlist that held it). Time is counted in media, which comes
 * no faster than it is played.
 */
export class LiveWindow implements LiveEdge {
  readonly #options: LiveWindowOptions;
  readonly #list: SegmentList;
  readonly #rewind: SegmentList | undefined;
  #targetDurationSeconds = 0;
  /** Its first segment was not the presentation's. */
  #beganLate = false;
  /** How long everything lasts that ever was. */
  #mediaSeconds = 0;
  /** Those that left the list, and those that left the longer one; oldest first. */
  readonly #delisted: Delisted[] = [];
  readonly #rewound: Delisted[] = [];
  #open: OpenSegment | undefined;
  /** Discontinuities that there ever were and that the playlist without joints does not have. */
  #untold: number;
  #nextMediaSequence: number;
  readonly #media = new Map<string, MediaBytes>();
  readonly #segments = new Map<string, WholeSegment>();
  /** Those that can be had, oldest first. */
  readonly #inits = new Map<string, Buffer>();
  readonly #memory: WindowMemory;

  constructor(options: LiveWindowOptions) {
    const { listedSegments: segments, rewindSeconds = 0, keeper } = options;
    this.#options = options;
    this.#nextMediaSequence = options.first?.mediaSequence ?? 0;
    this.#untold = options.first?.joined?.untold ?? 0;
    this.#list = new SegmentList({ segments, seconds: 0, mostSegments: mostListedSegments });
    this.#rewind = rewindSeconds > 0 ? new SegmentList({ segments, seconds: rewindSeconds, mostSegments: mostRewindSegments }) : undefined;
    this.#memory = new WindowMemory(keeper);
  }

  /**
   * From now on so many target durations are listed as segments were asked for: where segments are shorter, more of them.
   * RFC 8216bis §6.2.2 demands three, and §4.4.3.8 that all of HOLD-BACK lies within.
   */
  measureBy(targetDurationSeconds: number): void {
    const { listedSegments, rewindSeconds = 0 } = this.#options;
    const seconds = Math.max(listedSegments, 3) * targetDurationSeconds;
    this.#list.size = { ...this.#list.size, seconds };
    if (this.#rewind) this.#rewind.size = { ...this.#rewind.size, seconds: Math.max(seconds, rewindSeconds) };
    this.#targetDurationSeconds = targetDurationSeconds;
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

  /** What the part that comes next is called. */
  get nextPartUri(): string {
    return partName(this.openMediaSequence, this.openParts);
  }

  /** The whole segments that a playlist lists, oldest first. */
  get listed(): readonly WholeSegment[] {
    return this.#list.segments;
  }

  /** What the longer playlist lists; undefined where there is none. */
  get rewind(): Pick<SegmentList, 'segments' | 'discontinuitySequence' | 'joined'> | undefined {
    return this.#rewind;
  }

  /** RFC 8216bis §6.2.2: a playlist whose beginning is gone lists three target durations at least. */
  get isPlayable(): boolean {
    return this.listed.length > 0 && (!this.#beganLate || this.#list.longestSeconds >= 3 * this.#targetDurationSeconds - sameSeconds);
  }

  /** RFC 8216bis §4.4.3.3: how many discontinuities have left the playlist. */
  get discontinuitySequence(): number {
    return this.#list.discontinuitySequence;
  }

  /** See `encodeList`. */
  get joined(): JoinedNumbers {
    return this.#list.joined;
  }

  /** As of all that ever was here. */
  get joinedProgress(): JoinedProgress {
    return { skipped: this.#options.first?.joined?.skipped ?? 0, untold: this.#untold };
  }

  /** How many parts a listed segment has; undefined when it is listed no longer. */
  partsOf(mediaSequence: number): number | undefined {
    return this.listed[mediaSequence - (this.listed[0]?.mediaSequence ?? 0)]?.parts.length;
  }

  media(name: string): Buffer | StoredMedia | undefined {
    return this.#inits.get(name) ?? this.#media.get(name)?.body;
  }

  /** Whether it names a whole segment that can't be had, and that playlists list all the same. */
  isGap(name: string): boolean {
    return this.#segments.get(name)?.gap === true;
  }

  init(uri: string): Buffer | undefined {
    return this.#inits.get(uri);
  }

  /** The init segment that a segment or a part of this name needs. */
  mapUriOf(name: string): string | undefined {
    const read = readMediaName(name);
    if (!read || read.kind === 'init') return undefined;
    const segment = this.#open?.mediaSequence === read.mediaSequence ? this.#open : this.#segments.get(segmentName(read.mediaSequence));
    return segment?.mapUri;
  }

  /** The init segment that begins to hold with this segment, where it begins anew. */
  initOf(name: string): Buffer | undefined {
    const segment = this.#segments.get(name);
    return segment && beginsAnew(segment) ? this.#inits.get(segment.mapUri) : undefined;
  }

  addInit(uri: string, bytes: Buffer): void {
    this.#inits.set(uri, bytes);
    this.#options.keeper?.keepInit(uri, bytes);
  }

  /** @param start with the number that follows the last one, but for the first */
  openSegment({ mediaSequence, discontinuity, discontinuitySequence, programDateTimeMs, mapUri, sameTracks, gap }: SegmentStart & Pick<SegmentEntry, 'mapUri' | 'sameTracks' | 'gap'>): void {
    if (this.#list.longestSeconds === 0 && !this.#open) {
      this.#beganLate = mediaSequence > (this.#options.first?.mediaSequence ?? 0);
      const lost = this.#beganLate ? 0 : this.#options.first?.joined?.lost;
      for (const list of [this.#list, this.#rewind]) list?.begin({ mediaSequence, discontinuitySequence }, { ...this.joinedProgress, lost }, this.#targetDurationSeconds);
    }
    if (discontinuity && sameTracks) this.#untold++;
    this.#nextMediaSequence = mediaSequence + 1;
    this.#open = { mediaSequence, discontinuity, programDateTimeMs, mapUri, ...(sameTracks && { sameTracks }), gap, uri: segmentName(mediaSequence), parts: [] };
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
    const closed: WholeSegment = { ...this.#open, durationSeconds, byteLength: media.byteLength, keyframe: firstKeyframeOf(parts), sound: parts.some(({ sound }) => sound), media };
    this.#open = undefined;
    this.#segments.set(closed.uri, closed);
    this.#mediaSeconds += durationSeconds;
    if (!closed.gap) {
      this.#media.set(closed.uri, media);
      this.#memory.add(closed.uri, media, this.#mediaSeconds);
    }
    this.#enlist(closed);
    this.#letGo();
    return closed;
  }

  /** Lists it; what is older than the lists are long leaves them. */
  #enlist(segment: WholeSegment): void {
    for (const [list, delisted] of [[this.#list, this.#delisted], [this.#rewind, this.#rewound]] as const) {
      if (!list) continue;
      for (const oldest of list.push(segment)) delisted.push({ segment: oldest, untilSeconds: this.#mediaSeconds + oldest.durationSeconds + list.longestSeconds });
      list.measure();
    }
  }

  /** Lets go of what nobody can have any more. */
  #letGo(): void {
    for (const segment of this.#over(this.#delisted, mostListedSegments)) {
      for (const { uri } of segment.parts.splice(0)) this.#media.delete(uri);
      if (this.#rewind) this.#leaveToStore(segment);
      else this.#forget(segment);
    }
    for (const segment of this.#over(this.#rewound, mostRewindSegments)) this.#forget(segment);
    const { mapUri = '' } = this.#rewound[0]?.segment ?? this.#rewind?.segments[0] ?? this.#delisted[0]?.segment ?? this.listed[0] ?? {};
    if (!this.#inits.has(mapUri)) return;
    for (const uri of this.#inits.keys()) {
      if (uri === mapUri) return;
      this.#inits.delete(uri);
      this.#options.keeper?.remove(uri);
    }
  }

  /** Takes those whose time is over. */
  *#over(delisted: Delisted[], most: number): Generator<WholeSegment> {
    for (let [oldest] = delisted; oldest; [oldest] = delisted) {
      if (oldest.untilSeconds > this.#mediaSeconds + sameSeconds && delisted.length <= most) return;
      delisted.shift();
      yield oldest.segment;
    }
  }

  /** Memory is for the ordinary window: what is not in the store by now can't be had any more, and the longer playlist says so. */
  #leaveToStore(segment: WholeSegment): void {
    if (segment.gap || this.#memory.leave(segment.uri)) return;
    segment.gap = true;
    this.#media.delete(segment.uri);
    this.#memory.remove(segment.uri);
  }

  #forget({ uri }: WholeSegment): void {
    this.#media.delete(uri);
    this.#segments.delete(uri);
    this.#memory.remove(uri);
  }
}
