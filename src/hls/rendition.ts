import type { InitSegment } from '../fmp4/init-segment.js';
import type { RenditionFacts } from '../protocol/live-stream-info.js';
import type { Answer, EmptyAnswer } from './answer.js';
import { bitRatesOf, type BitRates } from './bit-rates.js';
import { isListed, readPlaylistRequest, type DeliveryDirectives, type PlaylistRequest } from './blocking-request.js';
import { Encoded } from './encoded.js';
import { HeldRequests, type StartTimer, type WatchClient } from './held-requests.js';
import { LiveWindow, partUri, type OpenSegment, type WholeSegment } from './live-window.js';
import { MediaBytes } from './media-bytes.js';
import { writeMediaPlaylist, type PlaylistTiming } from './media-playlist.js';
import { writeMultivariantPlaylist } from './multivariant-playlist.js';
import type { CutPart } from './segmenter.js';

/** A run of media under one init segment. */
export interface Timeline {
  readonly init: InitSegment;
  /** Wall clock, ms since the epoch, at media time 0. */
  readonly captureTimeMs: number;
}

export interface RenditionOptions {
  /** A playlist lists so many whole segments at least, and so many target durations of media. */
  readonly listedSegments: number;
  /** As the multivariant playlist names it. */
  readonly mediaPlaylistUri: string;
  readonly onInit?: (uri: string, bytes: Buffer) => void;
  readonly onSegment?: (segment: WholeSegment) => void;
  /** A segment or an init segment that nobody can ask for any more. */
  readonly onGone?: (uri: string) => void;
  /** The clock that ends a wait, `setTimeout` but for tests. */
  readonly startTimer?: StartTimer;
}

/** The live window of one broadcast and everything that HLS clients can ask of it. */
export class Rendition {
  readonly #options: RenditionOptions;
  readonly #window: LiveWindow;
  readonly #held: HeldRequests;
  #timing: PlaylistTiming | undefined;
  #timeline: Timeline | undefined;
  #frameRate: number | undefined;
  #mapUri = '';
  #initIsKept = false;
  #timelines = 0;
  #discontinuity = false;
  #endTimeMs: number | undefined;
  #ended = false;
  #playlist: Encoded | undefined;
  #deltaPlaylist: Encoded | undefined;
  #bitRates: BitRates | undefined;

  constructor(options: RenditionOptions) {
    this.#options = options;
    this.#window = new LiveWindow(options);
    this.#held = new HeldRequests(options.startTimer);
  }

  /** Fixes what may not change in the life of a playlist; nothing is served before. */
  freeze(timing: PlaylistTiming): void {
    this.#timing = Object.freeze({ ...timing });
    this.#window.measureBy(timing.targetDurationSeconds);
  }

  get timing(): PlaylistTiming | undefined {
    return this.#timing;
  }

  /** What follows has this init segment and this clock; the first cut after it opens a segment. */
  startTimeline(timeline: Timeline): void {
    this.endSegment();
    this.#timeline = timeline;
    this.#discontinuity = this.#endTimeMs !== undefined;
    this.#mapUri = `init-${this.#timelines++}.mp4`;
    this.#initIsKept = false;
  }

  /** Media is missing: the next segment does not join the one before. */
  markDiscontinuity(): void {
    this.endSegment();
    this.#discontinuity = this.#endTimeMs !== undefined;
  }

  /** Frames a second of the picture, as measured; listed in the multivariant playlist. */
  set frameRate(framesPerSecond: number | undefined) {
    this.#frameRate = framesPerSecond;
  }

  appendPart(part: CutPart): void {
    const timeline = this.#timeline;
    if (!timeline) throw new Error('expected startTimeline() before the first part');
    if (!this.#initIsKept) this.#keepInit(timeline.init);
    const segment = this.#window.open ?? this.#openSegment(timeline.captureTimeMs + part.startSeconds * 1000);
    // By the clock of its segment: a correction of the clock counts from the next one on.
    this.#endTimeMs = (this.#endTimeMs ?? segment.programDateTimeMs) + part.durationSeconds * 1000;
    this.#window.addPart({
      uri: partUri(segment.mediaSequence, segment.parts.length),
      durationSeconds: part.durationSeconds,
      independent: part.independent,
      media: new MediaBytes(part.fragments.map(({ bytes }) => bytes)),
    });
    this.#publish();
  }

  #openSegment(dateMs: number): OpenSegment {
    const isDateJump = Math.abs(dateMs - (this.#endTimeMs ?? dateMs)) > steadyDateMs;
    const discontinuity = this.#discontinuity || isDateJump;
    this.#discontinuity = false;
    this.#endTimeMs = dateMs;
    return this.#window.openSegment({ mapUri: this.#mapUri, discontinuity, programDateTimeMs: dateMs });
  }

  /** Only now: a timeline without any media would leave an init segment that nothing ever pushes out of the window. */
  #keepInit({ bytes }: InitSegment): void {
    this.#initIsKept = true;
    this.#window.addInit(this.#mapUri, bytes);
    this.#options.onInit?.(this.#mapUri, bytes);
  }

  endSegment(): void {
    const change = this.#window.closeSegment();
    if (!change) return;
    const { closed, gone } = change;
    this.#bitRates = undefined;
    this.#options.onSegment?.(closed);
    for (const uri of gone) this.#options.onGone?.(uri);
    this.#publish();
  }

  /** The playlist is closed with EXT-X-ENDLIST. */
  end(): void {
    if (this.#ended) return;
    this.endSegment();
    this.#ended = true;
    this.#publish();
  }

  /** How many requests are held until there is more. */
  get waiting(): number {
    return this.#held.count;
  }

  /** Whether a player can start. */
  get playable(): boolean {
    return this.#timing !== undefined && this.#window.listsAny;
  }

  /** Wall clock, ms since the epoch, at the end of what is published; undefined before the first part. */
  get endTimeMs(): number | undefined {
    return this.#endTimeMs;
  }

  get facts(): RenditionFacts | undefined {
    if (!this.#timing || !this.#timeline || !this.playable) return undefined;
    const { init } = this.#timeline;
    const video = init.tracks.find((track) => track.kind === 'video');
    const rates = (this.#bitRates ??= bitRatesOf(this.#window.listed, this.#timing.targetDurationSeconds));
    return {
      ...this.#timing,
      codecs: init.codecs,
      ...(video && { width: video.width, height: video.height }),
      ...(video && this.#frameRate !== undefined && { frameRate: this.#frameRate }),
      averageBitsPerSecond: Math.ceil(rates.averageBitsPerSecond),
      peakBitsPerSecond: Math.ceil(rates.peakBitsPerSecond),
    };
  }

  multivariant(): Answer {
    const facts = this.facts;
    if (!facts) return notYet;
    const { width, height, ...variant } = facts;
    const text = writeMultivariantPlaylist({
      ...variant,
      mediaPlaylistUri: this.#options.mediaPlaylistUri,
      ...(width !== undefined && height !== undefined && { resolution: { width, height } }),
    });
    return { outcome: 'multivariant', body: new Encoded(text) };
  }

  /** Answers when the playlist holds what the directives ask for, RFC 8216bis §6.2.5.2. */
  async mediaPlaylist(directives: DeliveryDirectives, watchClient: WatchClient): Promise<Answer> {
    const timing = this.#timing;
    if (!timing || !this.playable) return notYet;
    if (this.#ended) return { outcome: 'lasting', body: this.#currentPlaylist(false) };
    let request: PlaylistRequest;
    try {
      request = readPlaylistRequest(directives, this.#window, timing.partTargetSeconds);
    } catch (error) {
      const message = error instanceof RangeError ? error.message : String(error);
      return { outcome: 'malformed', message };
    }
    const { until, delta } = request;
    if (until && !(await this.#reached(() => isListed(this.#window, until), timing, watchClient))) {
      return { outcome: 'standstill', message: 'the stream stands still: no new media for three target durations' };
    }
    return { outcome: until ? 'lasting' : 'present', body: this.#currentPlaylist(delta) };
  }

  /** An init segment, a segment, or a part; the part that comes next is waited for (RFC 8216bis §4.4.5.3). */
  async media(name: string, watchClient: WatchClient): Promise<Answer> {
    const timing = this.#timing;
    if (!timing) return notYet;
    if (name === this.#nextPartUri() && !this.#ended) {
      await this.#reached(() => name !== this.#nextPartUri(), timing, watchClient);
    }
    const body = this.#window.media(name);
    if (body) return { outcome: 'lasting', body };
    if (this.#isPast(name)) return { outcome: 'gone', message: 'this is no longer there' };
    return { outcome: 'to-come', message: 'there is no such segment, or not yet' };
  }

  /** The init segment of a segment that follows a discontinuity; undefined for any other. */
  initAfterDiscontinuity(name: string): Buffer | undefined {
    return this.#window.initOf(name);
  }

  /** Whether this names something of a segment that is closed, or an init segment that was told: what is not there now never will be. */
  #isPast(name: string): boolean {
    const [, init, mediaSequence] = /^(?:init-(\d{1,15})\.mp4|(\d{1,15})(?:\.\d{1,15})?\.m4s)$/.exec(name) ?? [];
    if (init !== undefined) return Number(init) < this.#timelines - 1;
    return mediaSequence !== undefined && (this.#ended || Number(mediaSequence) < this.#window.openMediaSequence);
  }

  #nextPartUri(): string {
    return partUri(this.#window.openMediaSequence, this.#window.openParts);
  }

  /** Waits, for three target durations at most, until `condition` holds, the client has gone or the stream is over. */
  #reached(condition: () => boolean, timing: PlaylistTiming, watchClient: WatchClient): Promise<boolean> {
    // RFC 8216bis §6.2.5.2: a request must not be held longer.
    return this.#held.hold(() => condition() || this.#ended, timing.targetDurationSeconds * 3 * 1000, watchClient);
  }

  #currentPlaylist(delta: boolean): Encoded {
    if (delta) return (this.#deltaPlaylist ??= this.#write(true));
    return (this.#playlist ??= this.#write(false));
  }

  #write(delta: boolean): Encoded {
    const { listed, open, discontinuitySequence } = this.#window;
    const timing = this.#timing;
    if (!timing) throw new Error('expected freeze() before the first playlist');
    const segments = open ? [...listed, open] : listed;
    const snapshot = { timing, discontinuitySequence, segments, ended: this.#ended, preloadHintUri: this.#nextPartUri() };
    return new Encoded(writeMediaPlaylist(snapshot, { delta }));
  }

  #publish(): void {
    this.#playlist = undefined;
    this.#deltaPlaylist = undefined;
    this.#held.recheck();
  }
}

/** Dates of segments that differ from their durations by more than a frame do not join: the source paused, or its clock was set. */
const steadyDateMs = 50;

const notYet: EmptyAnswer = { outcome: 'not-yet', message: 'not on air yet' };
