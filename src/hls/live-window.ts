import type { LiveEdge } from './blocking-request.js';
import { MediaBytes } from './media-bytes.js';
import type { PartEntry, SegmentEntry } from './media-playlist.js';

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

export interface LiveWindowOptions {
  /** How many whole segments a playlist lists. */
  readonly listedSegments: number;
}

/**
 * The segments that can be had: those listed, and as many again that no longer are, since a client may still want them
 * (RFC 8216bis §6.2.2: a segment stays available for its duration and that of the longest playlist that held it).
 */
export class LiveWindow implements LiveEdge {
  readonly #listedSegments: number;
  #whole: WholeSegment[] = [];
  #firstListed = 0;
  #discontinuitySequence = 0;
  #open: OpenSegment | undefined;
  #nextMediaSequence = 0;
  readonly #media = new Map<string, MediaBytes>();
  /** Those that can be had, oldest first. */
  #initUris: string[] = [];

  constructor({ listedSegments }: LiveWindowOptions) {
    this.#listedSegments = listedSegments;
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
    return this.#whole.slice(this.#firstListed);
  }

  get listsAny(): boolean {
    return this.#whole.length > this.#firstListed;
  }

  /** RFC 8216bis §4.4.3.3: how many discontinuities have left the playlist. */
  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  /** How many parts a whole segment has; undefined when it has left the window. */
  partsOf(mediaSequence: number): number | undefined {
    return this.#whole.find((segment) => segment.mediaSequence === mediaSequence)?.parts.length;
  }

  media(name: string): Buffer | undefined {
    return this.#media.get(name)?.bytes;
  }

  /** The init segment that begins to hold with this segment, if the one before it had another, or did not join it. */
  initOf(name: string): Buffer | undefined {
    const segment = this.#whole.find(({ uri }) => uri === name);
    return segment?.discontinuity ? this.media(segment.mapUri) : undefined;
  }

  addInit(uri: string, bytes: Buffer): void {
    this.#media.set(uri, new MediaBytes([bytes]));
    this.#initUris.push(uri);
  }

  openSegment(start: Pick<SegmentEntry, 'mapUri' | 'discontinuity' | 'programDateTimeMs'>): OpenSegment {
    const mediaSequence = this.#nextMediaSequence++;
    this.#open = { ...start, mediaSequence, uri: segmentUri(mediaSequence), parts: [] };
    return this.#open;
  }

  /** Adds to the open segment. */
  addPart(part: WindowPart): void {
    this.#open?.parts.push(part);
    this.#media.set(part.uri, part.media);
  }

  /** Closes the open segment and moves the window; `gone` names the segments and init segments that nobody can have any more. */
  closeSegment(): { closed: WholeSegment; gone: string[] } | undefined {
    if (!this.#open) return undefined;
    const { parts } = this.#open;
    const media = MediaBytes.ofParts(parts.map((part) => part.media));
    const durationSeconds = parts.reduce((sum, part) => sum + part.durationSeconds, 0);
    const closed: WholeSegment = { ...this.#open, durationSeconds, media };
    this.#open = undefined;
    this.#media.set(closed.uri, media);
    this.#whole.push(closed);
    return { closed, gone: this.#slide() };
  }

  #slide(): string[] {
    while (this.#whole.length - this.#firstListed > this.#listedSegments) {
      if (this.#whole[this.#firstListed]?.discontinuity) this.#discontinuitySequence++;
      this.#firstListed++;
    }
    const gone = this.#whole.splice(0, Math.max(0, this.#firstListed - this.#listedSegments));
    this.#firstListed -= gone.length;
    for (const segment of gone) {
      this.#media.delete(segment.uri);
      for (const part of segment.parts) this.#media.delete(part.uri);
    }
    return [...gone.map(({ uri }) => uri), ...this.#dropInits()];
  }

  /** Lets go of the init segments that are older than the one of the oldest segment. */
  #dropInits(): string[] {
    const oldest = this.#initUris.indexOf(this.#whole[0]?.mapUri ?? '');
    const gone = this.#initUris.splice(0, Math.max(0, oldest));
    for (const uri of gone) this.#media.delete(uri);
    return gone;
  }
}

function segmentUri(mediaSequence: number): string {
  return `${mediaSequence}.m4s`;
}

export function partUri(mediaSequence: number, part: number): string {
  return `${mediaSequence}.${part}.m4s`;
}
