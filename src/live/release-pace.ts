import type { Fragment } from '../fmp4/fragment.js';
import type { OutputInit } from '../fmp4/named-outputs.js';
import type { Take } from './take.js';
import type { MediaOutput, OutputTimes } from './transcode-run.js';

/** From the first byte of a take until its first picture may be there: what ffmpeg takes to start. */
const leadMs = 750;
/** Nothing is held longer, whatever the media's clock says. */
const maxHoldMs = 15_000;
const defaultMaxHeldBytes = 32 * 1024 * 1024;

interface Step {
  readonly dueMs: number;
  readonly bytes: number;
  readonly act: () => void;
}

/**
 * Some publishers send each recording only when it is over: some seconds of media in one go, then nothing for as long. Once a
 * source was seen to do so, what it sends is given to viewers at the pace at which it was recorded: else they would
 * see all at once, and then stand still.
 */
export class ReleasePace {
  readonly #maxHeldBytes: number;
  readonly #now: () => number;
  #before: Take | undefined;
  #steps: Step[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What a step threw while nobody waited for it: told to whoever brings the next one. */
  #failure: Error | undefined;

  /** @param options.now monotonic, in ms; the clock of the takes */
  constructor({ maxHeldBytes = defaultMaxHeldBytes, now = () => performance.now() }: { readonly maxHeldBytes?: number; readonly now?: () => number } = {}) {
    this.#now = now;
    this.#maxHeldBytes = maxHeldBytes;
  }

  /** Where the media of the next take goes, on its way to `output`. */
  paced(take: Take, output: MediaOutput): MediaOutput {
    const isHeldBack = this.#before !== undefined && cameAtOnce(this.#before, take);
    this.#before = take;
    let dueAt: ((fragment: Fragment) => number) | undefined;
    const push = (fragments: readonly Fragment[]): void => {
      const bursts = dueAt ? fragments.map((fragment) => [fragment]) : [fragments];
      for (const burst of bursts) {
        const bytes = burst.reduce((sum, fragment) => sum + fragment.bytes.length, 0);
        this.#then({ dueMs: (burst[0] && dueAt?.(burst[0])) ?? -Infinity, bytes, act: () => output.push(burst) });
      }
    };
    return {
      startTimeline: (outputs, times) => {
        if (isHeldBack) dueAt = schedule(take, outputs, times);
        this.#then({ dueMs: -Infinity, bytes: 0, act: () => output.startTimeline(outputs, times) });
      },
      resumeTimeline: (outputs, times) => {
        if (dueAt) dueAt = schedule(take, outputs, times);
        this.#then({ dueMs: -Infinity, bytes: 0, act: () => output.resumeTimeline(outputs, times) });
      },
      push,
      offer: (fragments) => {
        if (this.#failure) throw this.#failure;
        if (!dueAt && this.#steps.length === 0) return output.offer(fragments);
        // Nobody knows yet: what is not wanted then is left out.
        push(fragments);
        return fragments.length;
      },
      endTimeline: () => this.#then({ dueMs: -Infinity, bytes: 0, act: () => output.endTimeline() }),
    };
  }

  /** Whatever is held is given away at once. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#actUntil(Infinity);
  }

  #then(step: Step): void {
    if (this.#failure) throw this.#failure;
    this.#steps.push(step);
    this.#heldBytes += step.bytes;
    if (this.#heldBytes > this.#maxHeldBytes) this.flush();
    else if (this.#timer === undefined) this.#actUntil(this.#now());
  }

  #actUntil(nowMs: number): void {
    for (let step = this.#steps[0]; step; step = this.#steps[0]) {
      const waitMs = step.dueMs - nowMs;
      if (waitMs > 0 && waitMs < maxHoldMs) return this.#wakeIn(waitMs);
      this.#steps.shift();
      this.#heldBytes -= step.bytes;
      step.act();
    }
  }

  #wakeIn(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#actUntil(this.#now());
      } catch (error) {
        this.#failure = error as Error;
        this.#steps = [];
      }
    }, waitMs);
  }
}

/** Whether the take before came in one go, and this one when its time was over. */
function cameAtOnce(before: Take, next: Take): boolean {
  const { firstSeconds, lastSeconds } = before;
  if (firstSeconds === undefined || lastSeconds === undefined) return false;
  const mediaMs = (lastSeconds - firstSeconds) * 1000;
  const betweenMs = next.beganMs - before.beganMs;
  return mediaMs >= 2000 && before.lastByteMs - before.beganMs < mediaMs / 2 && betweenMs > mediaMs * 0.6 && betweenMs < mediaMs * 1.6;
}

/** When a fragment is due, by the time of its first sample on the take's own clock. */
function schedule(take: Take, outputs: readonly OutputInit[], { startSeconds, zeroSeconds }: OutputTimes): (fragment: Fragment) => number {
  const timescales = new Map(outputs.flatMap(({ init }) => init.tracks).map(({ trackId, timescale }) => [trackId, timescale]));
  const beginMs = take.beganMs + leadMs + (zeroSeconds - (take.firstSeconds ?? startSeconds)) * 1000;
  return ({ runs: [run] }) => (run ? beginMs + (run.baseMediaDecodeTime / (timescales.get(run.trackId) ?? Infinity)) * 1000 : -Infinity);
}
