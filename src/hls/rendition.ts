import { tracksOf, type InitSegment } from '../fmp4/init-segment.js';
import { soundFirst } from '../fmp4/sound-first.js';
import type { RenditionFacts } from '../protocol/live-stream-info.js';
import { noRewind, type Answer } from './answer.js';
import { bitRatesOf, type BitRates } from './bit-rates.js';
import type { DeliveryDirectives } from './blocking-request.js';
import type { Encoded } from './encoded.js';
import type { StartTimer, WatchClient } from './held-requests.js';
import { encodeList, type JoinedProgress } from './joined-list.js';
import { LiveWindow, type SegmentStart } from './live-window.js';
import { initName } from './media-address.js';
import { MediaBytes } from './media-bytes.js';
import { writeMediaPlaylist, type MediaPlaylistSnapshot, type PlaylistTiming, type RenditionReport } from './media-playlist.js';
import type { KeyframeStream } from './multivariant-playlist.js';
import { RenditionRequests, type Requested } from './rendition-requests.js';
import { Rewind, type RewindPlaylist } from './rewind.js';
import type { CutPart } from './segmenter.js';
import type { SegmentKeeper } from './stored-media.js';
import { hasSound, keyframeIn, type WholeSegment } from './whole-segment.js';

export interface RenditionOptions {
  /** A playlist lists so many whole segments at least, and so many target durations of media. */
  readonly listedSegments: number;
  /** A second playlist lists so much of the past. 0: there is none. */
  readonly rewindSeconds?: number | undefined;
  /** Where whole segments lie when they are older than the live edge. Without one they stay in memory. */
  readonly keeper?: SegmentKeeper | undefined;
  /** Told of each segment once it is whole. */
  readonly onSegment?: (segment: WholeSegment, init: InitSegment) => void;
  /** The clock that ends a wait, `setTimeout` but for tests. */
  readonly startTimer?: StartTimer | undefined;
  /** The numbers that it begins with, and the tracks (`tracksOf`) behind which it goes on in the same media time. Default: 0, and none. */
  readonly first?: { readonly mediaSequence: number; readonly inits: number; readonly tracks?: string | undefined; readonly joined?: JoinedProgress | undefined } | undefined;
  /** How far the other renditions of the same presentation are. */
  readonly reports?: () => readonly RenditionReport[];
}

/** The media of one rendition: its live window, and what its playlists say of it. Where it is cut is decided by its presentation. */
export class Rendition implements Requested {
  readonly #options: RenditionOptions;
  readonly #window: LiveWindow;
  readonly #rewind: Rewind;
  readonly #requests: RenditionRequests;
  #timing: PlaylistTiming | undefined;
  #frameRate: number | undefined;
  #init: InitSegment | undefined;
  /** Of the segment before. */
  #lastTracks: string | undefined;
  #mapUri = '';
  #initIsKept = false;
  #inits: number;
  #ended = false;
  #playlist: Encoded | undefined;
  #deltaPlaylist: Encoded | undefined;
  #bitRates: BitRates | undefined;
  #revision = 0;

  constructor(options: RenditionOptions) {
    this.#options = options;
    this.#inits = options.first?.inits ?? 0;
    this.#lastTracks = options.first?.tracks;
    this.#window = new LiveWindow(options);
    this.#rewind = new Rewind(this.#window);
    this.#requests = new RenditionRequests(this.#window, this, options.startTimer);
  }

  /**
   * Fixes what may not change in the life of a playlist; nothing is served before.
   * @param frameRate of the picture, as measured; listed in the multivariant playlist
   */
  freeze(timing: PlaylistTiming, frameRate: number | undefined): void {
    this.#timing = timing;
    this.#frameRate = frameRate;
    this.#window.measureBy(timing.targetDurationSeconds);
  }

  /** What follows has this init segment, from the next segment on. */
  startTimeline(init: InitSegment): void {
    this.#init = init;
    this.#mapUri = initName(this.#inits++);
    this.#initIsKept = false;
  }

  /** @param gap nothing of it can be had */
  openSegment(start: SegmentStart, { gap }: { readonly gap?: boolean } = {}): void {
    const tracks = this.#init && tracksOf(this.#init);
    const sameTracks = start.discontinuity && tracks !== undefined && tracks === this.#lastTracks;
    this.#lastTracks = tracks;
    this.#window.openSegment({ ...start, mapUri: this.#mapUri, sameTracks, gap });
  }

  /** @param part without fragments: nothing of it can be had */
  appendPart({ durationSeconds, independent, fragments: came }: CutPart): void {
    const { open } = this.#window;
    if (!open || !this.#init) throw new Error('expected startTimeline() and openSegment() before the first part');
    const beginsAnew = open.discontinuity && open.parts.length === 0;
    const fragments = beginsAnew ? soundFirst(came, this.#init.tracks) : came;
    if (!this.#initIsKept) this.#keepInit(this.#init);
    const uri = this.#window.nextPartUri;
    const media = new MediaBytes(fragments.map(({ bytes }) => bytes));
    const keyframe = keyframeIn(fragments, this.#init.tracks);
    const sound = hasSound(fragments, this.#init.tracks);
    this.#window.addPart({ uri, durationSeconds, independent, media, keyframe, sound, ...(fragments.length === 0 && { gap: true }) });
    this.#publish();
  }

  /** Only now: a timeline without any media would leave an init segment that nothing ever pushes out of the window. */
  #keepInit({ bytes }: InitSegment): void {
    this.#initIsKept = true;
    this.#window.addInit(this.#mapUri, bytes);
  }

  endSegment(): void {
    const closed = this.#window.closeSegment();
    if (!closed) return;
    this.#bitRates = undefined;
    this.#rewind.renew();
    if (this.#init) this.#options.onSegment?.(closed, this.#init);
    this.#publish();
  }

  /** The playlist is closed with EXT-X-ENDLIST. */
  end(): void {
    if (this.#ended) return;
    this.endSegment();
    this.#ended = true;
    this.#rewind.renew();
    this.#publish();
  }

  /** How many requests are held until there is more. */
  get waiting(): number {
    return this.#requests.waiting;
  }

  /** How many bytes of whole segments lie in memory. */
  get bytesInMemory(): number {
    return this.#window.bytesInMemory;
  }

  /** Whether a segment is being made. */
  get isOpen(): boolean {
    return this.#window.open !== undefined;
  }

  /** The newest that is listed; undefined before the first part. */
  get last(): Omit<RenditionReport, 'uri'> | undefined {
    const { open, listed } = this.#window;
    const segment = open && open.parts.length > 0 ? open : listed.at(-1);
    return segment && { mediaSequence: segment.mediaSequence, part: segment.parts.length - 1 };
  }

  /** Grows with everything that is published. */
  get revision(): number {
    return this.#revision;
  }

  get timing(): PlaylistTiming | undefined {
    return this.#timing;
  }

  /** Nothing more comes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Of its last segment, `tracksOf`. */
  get lastTracks(): string | undefined {
    return this.#lastTracks;
  }

  /** How many init segments were named so far. */
  get initCount(): number {
    return this.#inits;
  }

  /** What its playlist says, but for the other renditions. */
  get snapshot(): MediaPlaylistSnapshot {
    const { listed, open, discontinuitySequence } = this.#window;
    const timing = this.#timing;
    if (!timing) throw new Error('expected freeze() before the first playlist');
    return { timing, discontinuitySequence, segments: open ? [...listed, open] : listed, ended: this.#ended, preloadHintUri: this.#window.nextPartUri };
  }

  /** What can be had of it. */
  get window(): Pick<LiveWindow, 'listed' | 'open' | 'rewind' | 'init' | 'mapUriOf' | 'discontinuitySequence' | 'joined' | 'joinedProgress'> {
    return this.#window;
  }

  /** Whether what comes now has a picture. */
  get hasPicture(): boolean {
    return this.#init?.tracks.some(({ kind }) => kind === 'video') === true;
  }

  /** Whether nothing of the newest whole segment can be had. */
  get isGap(): boolean {
    return this.#window.listed.at(-1)?.gap === true;
  }

  /** Resolves when a player that begins PART-HOLD-BACK before the end finds media: true; false when it does not come in time, or the client has gone. */
  untilMedia(watchClient: WatchClient): Promise<boolean> {
    return this.#requests.untilMedia(watchClient);
  }

  /** Whether a player can start. */
  get playable(): boolean {
    return this.#timing !== undefined && this.#window.isPlayable;
  }

  /** Whether it was played from another server before. */
  get goesOn(): boolean {
    return this.#options.first !== undefined;
  }

  get facts(): RenditionFacts | undefined {
    const init = this.#init;
    if (!this.#timing || !init || !this.playable) return undefined;
    const video = init.tracks.find((track) => track.kind === 'video');
    const rates = (this.#bitRates ??= bitRatesOf(this.#window.listed.filter(({ gap }) => !gap), this.#timing.targetDurationSeconds));
    return {
      ...this.#timing,
      codecs: init.codecs,
      ...(video && { width: video.width, height: video.height }),
      ...(video && this.#frameRate !== undefined && { frameRate: this.#frameRate }),
      averageBitsPerSecond: Math.ceil(rates.averageBitsPerSecond),
      peakBitsPerSecond: Math.ceil(rates.peakBitsPerSecond),
    };
  }

  /** Its keyframes, without their address; undefined where there are none to be listed. */
  get keyframes(): Omit<KeyframeStream, 'keyframePlaylistUri'> | undefined {
    const video = this.#init?.tracks.find((track) => track.kind === 'video');
    const peakBitsPerSecond = this.#rewind.keyframeBitsPerSecond;
    if (!video || peakBitsPerSecond === 0 || !this.playable) return undefined;
    return { codecs: video.codec, peakBitsPerSecond, resolution: { width: video.width, height: video.height } };
  }

  /** Answers when the playlist holds what the directives ask for, RFC 8216bis §6.2.5.2. */
  mediaPlaylist(directives: DeliveryDirectives, watchClient: WatchClient): Promise<Answer> {
    return this.playlistAnswer(directives, watchClient, (_timing, delta) => this.#currentPlaylist(delta));
  }

  /** The longer playlist, which lists no parts, or that of its keyframes. */
  async rewindPlaylist(kind: RewindPlaylist, { _HLS_msn, _HLS_skip }: DeliveryDirectives, watchClient: WatchClient): Promise<Answer> {
    if (!this.#rewind.isOn) return noRewind;
    return this.playlistAnswer({ _HLS_msn, _HLS_skip }, watchClient, (timing, delta) => this.#rewind.playlist(kind, { timing, delta, ended: this.#ended }));
  }

  /** Answers with a playlist that is written with it when it holds what the directives ask for. */
  playlistAnswer(directives: DeliveryDirectives, watchClient: WatchClient, write: (timing: PlaylistTiming, delta: boolean) => Encoded): Promise<Answer> {
    return this.#requests.playlist(directives, watchClient, write);
  }

  /** An init segment, a segment, or a part; the part that comes next is waited for (RFC 8216bis §4.4.5.3). */
  media(name: string, watchClient: WatchClient): Promise<Answer> {
    return this.#requests.media(name, watchClient);
  }

  /** The init segment of a segment that begins anew after a discontinuity; undefined for any other. */
  initAfterDiscontinuity(name: string): Buffer | undefined {
    return this.#window.initOf(name);
  }

  #currentPlaylist(delta: boolean): Encoded {
    if (delta) return (this.#deltaPlaylist ??= this.#write(true));
    return (this.#playlist ??= this.#write(false));
  }

  #write(delta: boolean): Encoded {
    const snapshot: MediaPlaylistSnapshot = { ...this.snapshot, reports: this.#options.reports?.() ?? [] };
    return encodeList(snapshot, this.#window.joined, (list) => writeMediaPlaylist(list, { delta }));
  }

  #publish(): void {
    this.#revision++;
    this.#playlist = undefined;
    this.#deltaPlaylist = undefined;
    this.#requests.recheck();
  }
}
