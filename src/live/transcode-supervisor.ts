import { setTimeout as delay } from 'node:timers/promises';
import type { SourceHeader } from '../source/source-events.js';
import { LiveError } from '../protocol/live-error.js';
import { copiesPicture, type TranscodePlan } from './ffmpeg-options.js';
import type { ReadOptions, Take } from './take.js';
import { TranscodeRun, type MediaOutput, type OpenTimeline, type OutputTimes, type RunResult } from './transcode-run.js';
import type { StartTranscoder, TranscoderError } from './transcoder.js';

export interface TranscodeSupervisorOptions {
  readonly take: Take;
  /** What ffmpeg is asked, wherever in the take it begins. */
  readonly planFor: (start: PlanStart) => TranscodePlan;
  readonly startSeconds: number | undefined;
  readonly startTranscoder: StartTranscoder;
  readonly hungAfterMs: number;
  /** Before the second restart in a row; longer before each one that follows. */
  readonly restartDelayMs: number;
  readonly output: MediaOutput;
  /** Told in words when a transcoder failed and another one takes its place. */
  readonly onRestart: (reason: string) => void;
  /** Told when a copied picture could not be cut where a segment must end, and is encoded from there on. @param forGood all that follows of the take */
  readonly onCopyRefused: (refusal: { readonly reason: string; readonly atSeconds: number; readonly forGood: boolean }) => void;
}

export interface PlanStart {
  readonly startSeconds?: number | undefined;
  readonly leaveOutBefore?: string | undefined;
}

interface Start {
  readonly plan: TranscodePlan;
  readonly read: Omit<ReadOptions, 'signal'>;
  readonly startSeconds: number | undefined;
  readonly resumed?: OpenTimeline | undefined;
}

/** A transcoder that failed more often than this, without good output in between, will not do better. */
const maxRestartsInARow = 3;
/** So much output makes up for what failed before. */
const goodOutputSeconds = 10;
/** Less than this came out after a restart: it made no progress. */
const progressSeconds = 1;
/** Sound lags behind the picture in what came out, and its decoder is to be primed. */
const soundMarginSeconds = 1;
/** A copied picture whose keyframes lie too far apart twice within this time is not worth being copied. */
const patienceSeconds = 60;
const tooFarApart = 'Its keyframes lie further apart than a segment may last';

/**
 * Gets one take through, with as many transcoders as it takes, one after another. A transcoder that takes over in
 * the middle of a group of pictures decodes it from its beginning, leaves out what viewers have, and encodes the rest;
 * from the next random access point on the take is handled as before.
 */
export class TranscodeSupervisor {
  readonly #options: TranscodeSupervisorOptions;
  readonly #ending = new AbortController();
  #run: TranscodeRun | undefined;
  #deliveredSeconds: number | undefined;
  #open: OpenTimeline | undefined;
  #gaveOutput = false;
  #failures = 0;
  #tooFarApartAt = -Infinity;

  constructor(options: TranscodeSupervisorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the whole take is in the output, or after `end()`.
   * @throws {LiveError} when it can't be got through
   */
  async play(): Promise<void> {
    const { take, startSeconds } = this.#options;
    try {
      let next: Start | undefined = this.#startAt(startSeconds, {});
      while (next && !this.#ending.signal.aborted) {
        const result = await this.#attempt(next);
        if (result.failure) next = await this.#recover(result, result.failure);
        else if (result.tooFarApart) next = await this.#encodeGroup();
        else next = this.#afterGroup(next);
      }
    } finally {
      take.close();
      this.#endTimeline();
    }
  }

  /** Nothing more is fed; what is inside still comes out. */
  end(): void {
    this.#ending.abort();
    this.#run?.end();
  }

  async #attempt({ plan, read, startSeconds, resumed }: Start): Promise<RunResult> {
    const { take, startTranscoder, hungAfterMs, output } = this.#options;
    const times = (): OutputTimes => {
      const start = startSeconds ?? take.firstSeconds ?? 0;
      return { startSeconds: start, zeroSeconds: start - plan.outputStartSeconds };
    };
    if (!resumed) this.#endTimeline();
    this.#open = undefined;
    const transcoder = startTranscoder(plan);
    this.#run = new TranscodeRun({ transcoder, outputs: plan.outputs, take, read, times, hungAfterMs, output, copiesPicture: copiesPicture(plan), resumed });
    const result = await this.#run.finished;
    this.#open = result.open;
    this.#gaveOutput ||= result.mediaSeconds > 0;
    this.#deliveredSeconds = result.deliveredSeconds ?? this.#deliveredSeconds;
    return result;
  }

  /** The rest of a group was encoded: from the next one on, what can be copied is. */
  #afterGroup({ read: { untilPointFrom } }: Start): Start | undefined {
    const point = untilPointFrom === undefined ? undefined : this.#options.take.pointFrom(untilPointFrom);
    return point && this.#startAt(point.timeSeconds, { from: point.sequence });
  }

  /** The rest of a group that is too long is encoded, so that it can be cut anywhere. */
  async #encodeGroup(): Promise<Start | undefined> {
    if (this.#ending.signal.aborted) return undefined;
    const at = this.#deliveredSeconds ?? 0;
    const forGood = at - this.#tooFarApartAt < patienceSeconds;
    this.#options.onCopyRefused({ reason: tooFarApart, atSeconds: at, forGood });
    if (forGood) this.#options.take.refuseCopy(tooFarApart);
    this.#tooFarApartAt = at;
    return this.#resume(tooFarApart) ?? this.#skip();
  }

  async #recover({ mediaSeconds }: RunResult, failure: TranscoderError): Promise<Start | undefined> {
    const { onRestart, restartDelayMs } = this.#options;
    const { signal } = this.#ending;
    if (signal.aborted) return undefined;
    this.#failures = mediaSeconds >= goodOutputSeconds ? 1 : this.#failures + 1;
    const isHopeless = failure.fault === 'media' && !this.#gaveOutput;
    if (isHopeless || this.#failures > maxRestartsInARow) throw lastWords(failure, this.#failures, this.#options.take.header);
    onRestart(failure.message);
    await delay((this.#failures - 1) * restartDelayMs, undefined, { signal }).catch(() => undefined);
    // One that something killed may get through with the same bytes. One that fails by itself, twice, fails because of them.
    const maxTries = failure.fault === 'media' ? 1 : maxRestartsInARow - 1;
    const failsByItsInput = this.#failures > maxTries && mediaSeconds < progressSeconds;
    return (failsByItsInput ? undefined : this.#resume('ffmpeg was restarted between two keyframes')) ?? this.#skip();
  }

  /**
   * Goes on with the first frame that viewers lack.
   * @param reason why it is encoded up to the next random access point, should it not be one itself
   */
  #resume(reason: string): Start | undefined {
    const { take, planFor } = this.#options;
    const broken = this.#open && take.pointBefore(this.#open.pictures);
    if (broken) return { ...this.#startAt(broken.timeSeconds, { from: broken.sequence }), resumed: this.#open };
    const resumption = take.resumption(this.#deliveredSeconds);
    if (!resumption) return undefined;
    const { sequence, insideGroup } = resumption;
    const from = resumption.startSeconds ?? take.firstSeconds;
    if (!insideGroup || from === undefined) return this.#startAt(from, { from: sequence });
    const isCopied = copiesPicture(planFor({ startSeconds: from }));
    return {
      plan: planFor({ startSeconds: from, leaveOutBefore: reason }),
      read: { from: sequence, untilPointFrom: isCopied ? sequence + 1 : undefined, soundFromSeconds: from - soundMarginSeconds },
      startSeconds: from,
    };
  }

  /** Leaves out what was read, up to the next random access point. */
  async #skip(): Promise<Start | undefined> {
    this.#endTimeline();
    const { take } = this.#options;
    const point = await take.skipTo(take.readTo, this.#ending.signal);
    return point && this.#startAt(point.timeSeconds, { from: point.sequence });
  }

  /** Of one that broke off, and that nobody goes on with. */
  #endTimeline(): void {
    if (this.#open) this.#options.output.endTimeline();
    this.#open = undefined;
  }

  #startAt(startSeconds: number | undefined, read: Start['read']): Start {
    const plan = this.#options.planFor({ startSeconds });
    return { plan, read, startSeconds };
  }
}

/** ffmpeg's own words say little to whoever sent the media: what came, and what works, stand before and behind them. */
function lastWords(failure: TranscoderError, failures: number, { container, tracks }: SourceHeader): LiveError {
  const words = failures > 1 ? `${failure.message} (it failed ${failures} times in a row)` : failure.message;
  if (failure.fault !== 'media') return new LiveError('internal', words, { cause: failure });
  const what = `${container} with ${tracks.map(({ kind, codec }) => `${kind === 'video' ? 'pictures' : 'sound'} in ${codec}`).join(' and ')}`;
  const advice = 'Send H.264 and AAC: OBS, Settings, Output; ffmpeg, -c:v libx264 -pix_fmt yuv420p -c:a aac';
  return new LiveError('unsupported-media', `expected media that can be decoded, got ${what}. ${words}. ${advice}`, { cause: failure });
}
