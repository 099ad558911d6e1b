import type { EmptyAnswer } from '../hls/answer.js';
import type { WatchClient } from '../hls/held-requests.js';
import type { OfferedRendition, Presentation, Timeline } from '../hls/presentation.js';
import { Rendition } from '../hls/rendition.js';
import type { FragmentBus, FragmentConsumer } from './fragment-bus.js';
import { LadderEncoder } from './ladder-encoder.js';
import { ladderCodec, rungsOf, type H264Encoder, type Rung, type RungWish } from './ladder-options.js';
import type { RenditionChoice } from './rendition-choice.js';
import { Renditions } from './renditions.js';
import type { Semaphore } from './semaphore.js';
import { settledWithin } from './settled-within.js';
import type { StartTranscoder } from './transcoder.js';

/** What all streams of a server share about ladders. */
export interface LadderSettings {
  /** undefined: as usual, by the size of the source. */
  readonly rungs: readonly RungWish[] | undefined;
  readonly encoder: H264Encoder;
  /** Who may make one now. */
  readonly slots: Semaphore;
  /** How long one is made that nobody watches. */
  readonly keptForMs?: number;
}

export interface LadderOptions extends LadderSettings {
  readonly presentation: Presentation;
  /** The source's. */
  readonly bus: FragmentBus;
  readonly createBus: () => FragmentBus;
  /** Whether the publisher makes renditions: then none are made here. */
  readonly isPublishers: () => boolean;
  /** Whether somebody is sent fragments of one of these. */
  readonly isWatched: (ids: readonly string[]) => boolean;
  readonly startTranscoder: StartTranscoder;
  readonly ffmpegMajor: number;
  readonly hungAfterMs?: number | undefined;
  readonly restartDelayMs?: number | undefined;
  readonly onTrouble: (what: string) => void;
  /** Other renditions are offered than before. */
  readonly onChange: () => void;
}

/** What an operator measures of a ladder that is being made. */
export interface LadderMeasures {
  readonly lagSeconds: number;
  readonly encoder: H264Encoder;
  readonly preset: string;
  readonly renditions: number;
}

/** Sound is copied into each rendition: what it adds at most. */
const soundBitsPerSecond = 160_000;
/** Of pictures over a segment, by what the encoder's buffer holds. */
const peakShare = 1.25;
/** After so many failures in a row that it was given up. */
const givenUpForMs = 60_000;
const endTimeoutMs = 3000;

/**
 * The renditions that this server makes of a broadcast whose publisher sends one picture. They are listed as soon as it is known what they would be, and made
 * from the moment when somebody asks for one of them until nobody did for a while.
 */
export class Ladder {
  readonly #options: LadderOptions;
  readonly #renditions: Renditions;
  #encoder: LadderEncoder | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #wantedAtMs = 0;
  #givenUpUntilMs = 0;
  /** Of the source under its present timeline: renditions that were offered stay. */
  #most: { readonly timeline: Timeline; readonly bitsPerSecond: number } | undefined;
  #closed = false;
  #toldOffer = '';

  constructor(options: LadderOptions) {
    this.#options = options;
    this.#renditions = new Renditions({ follow: (name) => options.presentation.followAtOnce(name), createBus: options.createBus });
    const look: FragmentConsumer = { startTimeline: () => undefined, push: ({ startsWithKeyframe }) => (startsWithKeyframe ? this.look() : undefined), drop: () => undefined };
    options.bus.subscribe(look, { from: 'edge', loss: 'never' });
  }

  /** Which renditions there are, or could be. */
  get offered(): OfferedRendition[] {
    const { bus, presentation } = this.#options;
    const rungs = this.#rungs;
    const hasSound = bus.timeline?.init.tracks.some(({ kind }) => kind === 'audio') === true;
    const sound = hasSound ? soundBitsPerSecond : 0;
    const { frameRate } = presentation.lead.facts ?? {};
    return rungs.map(({ id, width, height, bitsPerSecond }) => ({
      ...{ id, resolution: { width, height }, ...(frameRate !== undefined && { frameRate }) },
      codecs: hasSound ? `${ladderCodec},${this.#soundCodec}` : ladderCodec,
      peakBitsPerSecond: bitsPerSecond * peakShare + sound,
      averageBitsPerSecond: bitsPerSecond + sound,
    }));
  }

  /** The same for those who are sent fragments: who takes the bus of one has it made. */
  get choices(): RenditionChoice[] {
    return this.#rungs.map((rung) => this.#choiceOf(rung));
  }

  #choiceOf({ id, height, bitsPerSecond }: Rung): RenditionChoice {
    const demand = (): FragmentBus => this.bus(id) ?? this.#renditions.await(id);
    return {
      ...{ id, height, bitsPerSecond },
      get bus() {
        return demand();
      },
    };
  }

  get measures(): LadderMeasures | undefined {
    const { encoder } = this.#options;
    return this.#encoder && { lagSeconds: this.#encoder.lagSeconds, encoder, preset: this.#encoder.preset, renditions: this.#encoder.rungs?.length ?? 0 };
  }

  /** Somebody asks for a playlist: resolves when that has something, or with why it has not. Does nothing where the name is another's. */
  async prepare(id: string, watchClient: WatchClient): Promise<EmptyAnswer | undefined> {
    if (!this.bus(id)) return undefined;
    const rendition = this.#options.presentation.rendition(id);
    if (!(rendition instanceof Rendition) || (await rendition.untilMedia(watchClient))) return undefined;
    return { outcome: 'standstill', message: `the rendition "${id}" is not ready in time` };
  }

  /** Somebody wants to be sent it: from now on it is made. undefined where it can't be. */
  bus(id: string): FragmentBus | undefined {
    if (!this.#rungs.some((rung) => rung.id === id)) return undefined;
    this.#wantedAtMs = performance.now();
    if (!this.#encoder && !this.#start()) return undefined;
    return this.#renditions.await(id);
  }

  /** All that is inside comes out; resolves when no transcoder is left. */
  async end(): Promise<void> {
    this.#closed = true;
    this.#encoder?.end();
    if (this.#encoder && !(await settledWithin(this.#encoder.finished, endTimeoutMs))) this.#encoder.close();
    await this.#encoder?.finished;
    this.#renditions.end();
  }

  /** Tells when other renditions are offered than before: it looks at each keyframe, and when the broadcast can be watched. */
  look(): void {
    // Before it is live nothing is known of the source's bit rate.
    const offered = this.#options.presentation.playable ? this.#rungs.map(({ id, height }) => `${id}/${height}`).join() : '';
    if (offered === this.#toldOffer) return;
    this.#toldOffer = offered;
    this.#options.onChange();
  }

  get #soundCodec(): string {
    return this.#options.bus.timeline?.init.tracks.find(({ kind }) => kind === 'audio')?.codec ?? '';
  }

  get #rungs(): readonly Rung[] {
    const { bus, slots, isPublishers } = this.#options;
    if (this.#closed || isPublishers() || performance.now() < this.#givenUpUntilMs) return [];
    if (this.#encoder?.rungs) return this.#encoder.rungs;
    return bus.timeline && (this.#encoder || slots.hasRoom) ? this.#rungsOf(bus.timeline) : [];
  }

  #rungsOf(timeline: Timeline): readonly Rung[] {
    const { presentation, rungs } = this.#options;
    const video = timeline.init.tracks.find((track) => track.kind === 'video');
    const now = presentation.lead.facts?.averageBitsPerSecond ?? 0;
    const most = Math.max(now, this.#most?.timeline === timeline ? this.#most.bitsPerSecond : 0);
    this.#most = { timeline, bitsPerSecond: most };
    return video ? rungsOf(video, most, rungs) : [];
  }

  #start(): boolean {
    const { bus, slots, hungAfterMs = 10_000, restartDelayMs = 1000, keptForMs = 30_000 } = this.#options;
    if (!slots.tryAcquire()) return false;
    const encoder = new LadderEncoder({ ...this.#options, renditions: this.#renditions, rungsOf: (timeline) => this.#rungsOf(timeline), hungAfterMs, restartDelayMs });
    this.#encoder = encoder;
    bus.subscribe(encoder, { from: 'group', loss: 'skip' });
    this.#idleTimer = setInterval(() => this.#stopIfIdle(encoder, keptForMs), keptForMs / 4);
    void encoder.finished.then(() => {
      slots.release();
      clearInterval(this.#idleTimer);
      bus.unsubscribe(encoder);
      this.#encoder = undefined;
      if (encoder.gaveUp) this.#givenUpUntilMs = performance.now() + givenUpForMs;
    });
    return true;
  }

  #stopIfIdle(encoder: LadderEncoder, keptForMs: number): void {
    const ids = encoder.rungs?.map(({ id }) => id) ?? [];
    if (performance.now() - this.#wantedAtMs < keptForMs || this.#options.isWatched(ids)) return;
    this.#options.bus.unsubscribe(encoder);
    encoder.close();
  }
}
