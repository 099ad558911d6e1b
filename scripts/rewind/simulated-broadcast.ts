import { setImmediate } from 'node:timers/promises';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Fragment } from '../../src/fmp4/fragment.js';
import type { InitSegment } from '../../src/fmp4/init-segment.js';
import { retimed } from '../../src/fmp4/retime.js';
import { Presentation } from '../../src/hls/presentation.js';
import { FragmentBus } from '../../src/live/fragment-bus.js';
import { hlsSource } from '../../src/live/hls-source.js';
import { Packaging } from '../../src/live/packaging.js';
import { Pictures } from '../../src/live/pictures.js';
import { RenditionUse } from '../../src/live/rendition-use.js';
import { SegmentArchive } from '../../src/live/segment-archive.js';
import { Semaphore } from '../../src/live/semaphore.js';
import { Viewers } from '../../src/live/viewers.js';
import type { HlsSource, Watchable } from '../../src/live/watchable.js';
import type { BroadcastState, LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { liveStreamUrls } from '../../src/protocol/urls.js';
import type { MediaStore } from '../../src/storage/media-store.js';

export interface SimulatedBroadcastOptions {
  readonly stream: string;
  /** Fragmented MP4 that is played over and over. */
  readonly media: Buffer;
  /** How long it lasts: a whole number of its pictures and of its sound's frames. */
  readonly loopSeconds: number;
  readonly historySeconds: number;
  readonly store: MediaStore;
}

/** So many pieces are made of history before the disk is waited for, which has only the time of some segments otherwise. */
const piecesAtOnce = 500;
const everyMs = 20;

interface Piece {
  readonly fragment: Fragment;
  readonly endSeconds: number;
}

/** A broadcast that has gone on for hours, made in a minute of the classes that a real one is made of, and that goes on at its own pace. */
export class SimulatedBroadcast implements Watchable {
  readonly id = 'simulated';
  readonly stream: string;
  readonly state: BroadcastState = 'live';
  readonly hls: HlsSource;
  readonly viewers: Viewers;
  readonly chat = undefined;
  readonly pictures: Pictures;
  /** Wall clock at media time 0, in ms since the epoch. */
  readonly startedAtMs: number;
  readonly #options: SimulatedBroadcastOptions;
  readonly #archive: SegmentArchive;
  readonly #presentation: Presentation;
  readonly #bus: FragmentBus;
  readonly #use: RenditionUse;
  readonly #init: InitSegment;
  readonly #pieces: readonly Piece[];
  #next = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: SimulatedBroadcastOptions) {
    const { stream, media, historySeconds, store } = options;
    const raise = (error: unknown): never => {
      throw error;
    };
    this.#options = options;
    this.stream = stream;
    this.startedAtMs = Date.now() - historySeconds * 1000;
    const events = new FragmentReader().push(media);
    const init = events.find((event) => event.type === 'init')?.init;
    if (!init) throw new Error('expected fragmented MP4 with an init segment, got none');
    this.#init = init;
    const pieces = events.flatMap((event) => (event.type === 'fragment' ? [{ fragment: event.fragment, endSeconds: endOf(event.fragment, init) }] : []));
    // The encoder's last frames of sound lie where those of the next round begin.
    this.#pieces = pieces.filter(({ endSeconds }) => endSeconds < options.loopSeconds + 0.001);
    this.#archive = new SegmentArchive({ store, onWriteFailure: raise, onReadFailure: raise, clearTimeoutMs: 60_000 });
    this.#presentation = new Presentation({ broadcast: this.id, listedSegments: 6, rewindSeconds: historySeconds, keeper: this.#archive });
    this.#bus = new FragmentBus({ maxBacklogBytes: 8_000_000, onDropped: raise });
    this.#use = new RenditionUse({ viewers: () => this.viewers, ladder: () => undefined, onEvent: undefined });
    this.viewers = new Viewers({ bus: this.#bus });
    this.hls = hlsSource(this.#presentation, this.#use.audience, () => undefined);
    this.pictures = new Pictures({
      ...{ framesPerSecond: 1, width: 320, posterMaxAgeMs: 10_000, encoders: new Semaphore(1), posters: new Semaphore(1), ffmpegMajor: 5, viewers: this.viewers },
      startTranscoder: () => raise(new Error('no pictures are made of what is simulated')),
      onFailure: () => undefined,
    });
    const packaging = new Packaging({ presentation: this.#presentation, segmentTargetSeconds: 2, partSeconds: 0.334, onFailure: raise });
    this.#bus.subscribe(packaging, { from: 'edge', loss: 'never' });
    this.#bus.startTimeline({ init, captureTimeMs: this.startedAtMs });
  }

  /** Makes all of its history as fast as it can, then goes on as time does. */
  async begin(): Promise<void> {
    while (this.#push(Infinity, piecesAtOnce) || this.#isBehind) {
      do await setImmediate();
      while (this.#archive.waitingBytes > 0);
    }
    this.#timer = setInterval(() => this.#push(Date.now(), Infinity), everyMs);
  }

  info(base: string): LiveStreamInfo {
    const rendition = this.#presentation.lead.facts;
    return {
      ...{ stream: this.stream, broadcast: this.id, state: this.state, startedAt: new Date(this.startedAtMs).toISOString() },
      ...{ viewers: this.#use.viewerCount, chat: false, receivedBytes: 0, ingestBitsPerSecond: 0, rewindSeconds: this.#options.historySeconds },
      ...(rendition && { rendition }),
      ...this.#use.facts,
      urls: liveStreamUrls(base, this.stream),
    };
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#bus.end();
    await this.#archive.clear();
  }

  get #isBehind(): boolean {
    return this.#endsAtMs(this.#next) <= Date.now();
  }

  /** When all of a piece has been captured, counted over all rounds. */
  #endsAtMs(index: number): number {
    const count = this.#pieces.length;
    return this.startedAtMs + (Math.floor(index / count) * this.#options.loopSeconds + (this.#pieces[index % count]?.endSeconds ?? 0)) * 1000;
  }

  /** Publishes what was captured by then, so many pieces at most. @returns whether there may be more */
  #push(untilMs: number, most: number): boolean {
    const nowMs = Math.min(untilMs, Date.now());
    const due: Fragment[] = [];
    while (due.length < most && this.#endsAtMs(this.#next) <= nowMs) due.push(this.#take());
    if (due.length > 0) this.#bus.push(due);
    return due.length === most;
  }

  /** The next one, at its time in the broadcast. */
  #take(): Fragment {
    const count = this.#pieces.length;
    const round = Math.floor(this.#next / count);
    const { fragment } = this.#pieces[this.#next % count]!;
    const timescales = new Map(this.#init.tracks.map(({ trackId, timescale }) => [trackId, timescale]));
    this.#next += 1;
    return retimed({ ...fragment, bytes: Buffer.from(fragment.bytes) }, this.#next, ({ trackId, baseMediaDecodeTime }) => ({
      baseMediaDecodeTime: baseMediaDecodeTime + Math.round(round * this.#options.loopSeconds * (timescales.get(trackId) ?? 0)),
    }));
  }
}

function endOf({ runs }: Fragment, { tracks }: InitSegment): number {
  return Math.max(...runs.map(({ trackId, baseMediaDecodeTime, duration }) => (baseMediaDecodeTime + duration) / (tracks.find((track) => track.trackId === trackId)?.timescale ?? 1)));
}
