import { setTimeout as delay } from 'node:timers/promises';
import { readSamples } from '../fmp4/samples.js';
import type { Timeline } from '../hls/presentation.js';
import type { FragmentBurst } from './fragment-burst.js';
import type { FragmentConsumer } from './fragment-bus.js';
import { planLadder, type H264Encoder, type Rung } from './ladder-options.js';
import { LadderOutput } from './ladder-output.js';
import { LadderPolicy } from './ladder-policy.js';
import { OutputWatch } from './output-watch.js';
import type { Renditions } from './renditions.js';
import { Signal } from './signal.js';
import type { StartTranscoder, Transcoder } from './transcoder.js';

export interface LadderEncoderOptions {
  readonly renditions: Renditions;
  /** What is made of a source of this timeline; may be nothing. */
  readonly rungsOf: (timeline: Timeline) => readonly Rung[];
  readonly encoder: H264Encoder;
  readonly startTranscoder: StartTranscoder;
  readonly ffmpegMajor: number;
  readonly hungAfterMs: number;
  readonly restartDelayMs: number;
  /** Told in words of each transcoder that failed, and of each step to something cheaper. */
  readonly onTrouble: (what: string) => void;
}

/** A transcoder that failed more often than this, without running well in between, will not do better. */
const maxFailuresInARow = 3;
/** So long a run makes up for what failed before. */
const goodRunMs = 10_000;
const lookEveryMs = 1000;

interface Fed {
  readonly burst: FragmentBurst;
  /** When its first picture is shown; undefined without a picture. */
  readonly shownSeconds: number | undefined;
}

/** What came under one timeline of the source. */
interface Stretch {
  readonly timeline: Timeline;
  readonly rungs: readonly Rung[];
  /** From the keyframe on before which all renditions have everything: with these a new transcoder can go on where the one before broke off. */
  readonly log: Fed[];
  /** How many bursts of it are not in the log any more. */
  dropped: number;
  ended: boolean;
}

/** One ffmpeg that makes renditions of what comes on the source's bus, over all timelines; a new one goes on where one that died was. */
export class LadderEncoder implements FragmentConsumer {
  /** Resolves when nothing more comes and no transcoder is left. */
  readonly finished: Promise<void>;
  readonly #options: LadderEncoderOptions;
  readonly #news = new Signal();
  readonly #closing = new AbortController();
  readonly #policy = new LadderPolicy();
  readonly #stretches: Stretch[] = [];
  #rungs: readonly Rung[] | undefined;
  #transcoder: Transcoder | undefined;
  #output: LadderOutput | undefined;
  #next = 0;
  #newestSeconds = -Infinity;
  #firstSeconds: number | undefined;
  #over = false;
  #gaveUp = false;
  #reshaping = false;

  constructor(options: LadderEncoderOptions) {
    this.#options = options;
    const looking = setInterval(() => this.#look(), lookEveryMs);
    this.finished = this.#run().finally(() => clearInterval(looking));
  }

  /** Whether it gave up: whoever asks again should not do so at once. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** What is made now; undefined before it has begun. */
  get rungs(): readonly Rung[] | undefined {
    return this.#rungs;
  }

  /** How far the slowest rendition is behind the source. */
  get lagSeconds(): number {
    const reached = this.#output?.reachedSeconds ?? this.#firstSeconds;
    return reached === undefined ? 0 : Math.max(0, this.#newestSeconds - reached);
  }

  get preset(): string {
    return this.#policy.shape.preset;
  }

  /** Of what the transcoder has not taken. */
  get backlogBytes(): number {
    const [stretch, ...later] = this.#stretches;
    const waiting = [...(stretch?.log.slice(this.#next - stretch.dropped) ?? []), ...later.flatMap(({ log }) => log)];
    return waiting.reduce((sum, { burst }) => sum + burst.byteLength, 0);
  }

  startTimeline(timeline: Timeline): void {
    this.endTimeline();
    this.#stretches.push({ timeline, rungs: this.#options.rungsOf(timeline), log: [], dropped: 0, ended: false });
    this.#news.wake();
  }

  push(burst: FragmentBurst): void {
    const stretch = this.#stretches.at(-1);
    if (!stretch || stretch.ended || stretch.rungs.length === 0) return;
    if (stretch.log.length === 0 && stretch.dropped === 0 && !burst.startsWithKeyframe) return;
    const shown = shownIn(burst, stretch.timeline);
    stretch.log.push({ burst, shownSeconds: shown?.first });
    if (shown) this.#newestSeconds = shown.last;
    this.#firstSeconds ??= shown?.first;
    this.#news.wake();
  }

  endTimeline(): void {
    const stretch = this.#stretches.at(-1);
    if (stretch) stretch.ended = true;
    this.#news.wake();
  }

  /** Nothing more comes; what is inside still comes out. */
  end(): void {
    this.endTimeline();
    this.#over = true;
    this.#news.wake();
  }

  drop(): void {
    this.close();
  }

  /** Breaks it off. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    void this.#transcoder?.close();
    this.#news.wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const [stretch] = this.#stretches;
      if (stretch) await this.#encode(stretch);
      else if (this.#over) break;
      else await this.#news.next();
      if (stretch) this.#stretches.shift();
    }
    this.#stretches.length = 0;
    this.#options.renditions.endTimeline();
  }

  async #encode(stretch: Stretch): Promise<void> {
    const { renditions, restartDelayMs, onTrouble } = this.#options;
    const { signal } = this.#closing;
    let failures = 0;
    this.#firstSeconds = stretch.log[0]?.shownSeconds;
    this.#output = undefined;
    this.#next = 0;
    this.#rungs = stretch.rungs.slice(this.#policy.shape.leftOut);
    renditions.keep(this.#rungs.map(({ id }) => id));
    while (stretch.log.length === 0 && !stretch.ended && !signal.aborted) await this.#news.next();
    while (!signal.aborted && this.#rungs.length > 0 && stretch.log.length > 0) {
      const startedAtMs = performance.now();
      const fault = await this.#encodeOnce(stretch);
      if (fault === undefined) break;
      if (this.#reshaping) {
        this.#reshaping = false;
        this.#rungs = stretch.rungs.slice(this.#policy.shape.leftOut);
        renditions.keep(this.#rungs.map(({ id }) => id));
        continue;
      }
      if (this.#closing.signal.aborted) break;
      onTrouble(fault);
      if (performance.now() - startedAtMs >= goodRunMs) failures = 0;
      if (++failures > maxFailuresInARow) {
        this.#gaveUp = true;
        return this.close();
      }
      // The first time at once: viewers wait for it.
      if (failures > 1) await delay(restartDelayMs, undefined, { signal }).catch(() => undefined);
    }
    // Without any rendition there is nothing to wait for but the next timeline.
    while (!stretch.ended && !signal.aborted) await this.#news.next();
  }

  /** @returns undefined when all of the stretch is in the output; otherwise why it broke off */
  async #encodeOnce(stretch: Stretch): Promise<string | undefined> {
    const { startTranscoder, encoder, ffmpegMajor, renditions, hungAfterMs } = this.#options;
    const rungs = this.#rungs ?? [];
    const hasSound = stretch.timeline.init.tracks.some(({ kind }) => kind === 'audio');
    const plan = planLadder({ rungs, hasSound, encoder, ffmpegMajor, preset: this.#policy.shape.preset, after: this.#output?.reached ?? new Map() });
    this.#output = new LadderOutput({ renditions, outputs: plan.outputs, timeline: stretch.timeline, shownLaterSeconds: shownLater(stretch), before: this.#output });
    const transcoder = startTranscoder(plan);
    this.#transcoder = transcoder;
    let fault: string | undefined;
    const giveUp = (why: string): void => {
      fault ??= why;
      void transcoder.close();
    };
    const watch = new OutputWatch({ hungAfterMs, firstOutputTimeoutMs: hungAfterMs, onSilent: () => giveUp(`ffmpeg hung for ${hungAfterMs} ms`) });
    const isOver = { now: false };
    const reading = transcoder.read((chunk) => {
      try {
        if (!this.#output?.take(chunk)) return;
        watch.gave();
        this.#letGo(stretch);
      } catch (error) {
        giveUp((error as Error).message);
      }
    });
    const gone = Promise.all([reading, transcoder.closed]).then(([, died]) => {
      isOver.now = true;
      this.#news.wake();
      return died;
    });
    const fedAll = await this.#feed(stretch, transcoder, watch, isOver);
    const died = await gone;
    watch.stop();
    this.#transcoder = undefined;
    return fault ?? died?.message ?? (fedAll ? undefined : 'ffmpeg ended by itself');
  }

  async #feed(stretch: Stretch, transcoder: Transcoder, watch: OutputWatch, isOver: { readonly now: boolean }): Promise<boolean> {
    const write = async (bytes: Buffer): Promise<void> => {
      watch.offered(bytes.length, 0);
      await transcoder.write(bytes);
      watch.taken();
    };
    await write(stretch.timeline.init.bytes);
    this.#next = stretch.dropped;
    while (!isOver.now && !this.#closing.signal.aborted) {
      const fed = stretch.log[this.#next - stretch.dropped];
      if (fed) {
        this.#next++;
        await write(fed.burst.mp4);
      } else if (stretch.ended) {
        transcoder.end();
        return true;
      } else await this.#news.next();
    }
    return false;
  }

  /** What all renditions have up to a keyframe is not needed again. */
  #letGo(stretch: Stretch): void {
    const reached = this.#output?.reachedSeconds;
    if (reached === undefined) return;
    const fed = stretch.log.slice(0, this.#next - stretch.dropped);
    const from = fed.findLastIndex(({ burst, shownSeconds = Infinity }) => burst.startsWithKeyframe && shownSeconds <= reached);
    if (from <= 0) return;
    stretch.log.splice(0, from);
    stretch.dropped += from;
  }

  #look(): void {
    if (!this.#transcoder || !this.#policy.look(performance.now(), this.lagSeconds)) return;
    const { preset, leftOut } = this.#policy.shape;
    this.#options.onTrouble(`the machine does not keep up: from now on with preset ${preset}${leftOut > 0 ? `, without the ${leftOut} largest` : ''}`);
    this.#reshaping = true;
    void this.#transcoder.close();
  }
}

/** When the first picture of a burst is shown, and the last one; undefined without a picture. */
function shownIn({ fragments }: FragmentBurst, { init }: Timeline): { readonly first: number; readonly last: number } | undefined {
  const video = init.tracks.find(({ kind }) => kind === 'video');
  if (!video) return undefined;
  const at = fragments.flatMap((fragment) => (fragment.runs.some(({ trackId }) => trackId === video.trackId) ? readSamples(fragment) : [])).filter(({ trackId }) => trackId === video.trackId);
  const [first] = at;
  if (!first) return undefined;
  return { first: (first.decodeTime + first.compositionOffset) / video.timescale, last: Math.max(...at.map(({ decodeTime, compositionOffset }) => decodeTime + compositionOffset)) / video.timescale };
}

/** How long after it is decoded a keyframe of the source is shown. */
function shownLater({ log: [first], timeline }: Stretch): number {
  const video = timeline.init.tracks.find(({ kind }) => kind === 'video');
  const run = first?.burst.fragments.flatMap(({ runs }) => runs).find(({ trackId }) => trackId === video?.trackId);
  return video && run && first?.shownSeconds !== undefined ? Math.max(0, first.shownSeconds - run.baseMediaDecodeTime / video.timescale) : 0;
}
