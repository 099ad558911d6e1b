/** What is seen of the picture at one moment. */
export interface MovementView {
  readonly nowMs: number;
  readonly atSeconds: number;
  /** Media in hand from here on. */
  readonly forwardSeconds: number;
  readonly durationSeconds: number;
  /** There is a picture, or sound, at this place. */
  readonly hasCurrent: boolean;
  /** And more behind it, as the browser says. */
  readonly hasFuture: boolean;
  /** Media came in within the last seconds. */
  readonly isFed: boolean;
  readonly isPaused: boolean;
  readonly isSeeking: boolean;
  /** Somebody could see it: browsers hold back what is in a hidden tab or scrolled out of view. */
  readonly inSight: boolean;
}

export type MovementVerdict = { readonly act: 'seek'; readonly toSeconds: number } | { readonly act: 'give-up'; readonly why: 'no-picture' | 'picture-stands-still' };

/** A look this late says nothing of the time since the last one: the tab was slowed or the machine slept. */
const lateMs = 2_000;
const noPictureAfterMs = 12_000;
const givenUpAfterMs = 10_000;
const stuckAfterMs = 600;
/** A seek decodes from the keyframe before: a slow machine needs a while. */
const hungSeekAfterMs = 3_000;
/** With less in hand a picture that stands waits for the network. */
const enoughSeconds = 0.3;
/** So much in hand moves without more; WebKitGTK holds the picture with a third of a second left. */
const movesAloneSeconds = 1;
const nudgeSeconds = 0.1;
const fastestRate = 1.5;
const atEndSeconds = 0.1;
const leaveEndSeconds = 0.5;

/**
 * Is it moving? The one place that says so, and what to do when not: first a small seek, then, when nothing of what came in was
 * shown for ten seconds, or nothing came up at all, another path. Only time is counted in which it should have moved and could be
 * seen to. Look a few times a second.
 */
export class MovementWatch {
  readonly #unstick: 'nudge' | 'leave-end' | 'own';
  #lookedAtMs: number | undefined;
  #atSeconds = NaN;
  #hasShown = false;
  #soughtSeconds: number | undefined;
  #withoutPictureMs = 0;
  #standingMs = 0;
  #stuckMs = 0;

  /** @param unstick what helps: a nudge over a hole too small to be seen, or leaving what the browser takes for the end */
  constructor(unstick: 'nudge' | 'leave-end' | 'own') {
    this.#unstick = unstick;
  }

  look(view: MovementView): MovementVerdict | undefined {
    const passedMs = view.nowMs - (this.#lookedAtMs ?? view.nowMs);
    const countedMs = passedMs > lateMs ? 0 : passedMs;
    this.#lookedAtMs = view.nowMs;
    const moved = this.#hasPlayedTo(view.atSeconds, passedMs / 1000);
    this.#atSeconds = view.atSeconds;

    const isFed = view.isFed || (view.hasFuture && view.forwardSeconds >= movesAloneSeconds);
    this.#hasShown ||= view.hasCurrent;
    // In an outage some browsers keep the last picture, and others say that there is none.
    const isMissing = !view.hasCurrent && (isFed || !this.#hasShown);
    if (isMissing && view.inSight && !view.isPaused) this.#withoutPictureMs += countedMs;
    if (view.hasCurrent) this.#withoutPictureMs = 0;
    if (this.#withoutPictureMs >= noPictureAfterMs) return { act: 'give-up', why: 'no-picture' };

    if (moved || view.isPaused) this.#standingMs = 0;
    if (moved || view.isPaused) {
      this.#stuckMs = 0;
      return undefined;
    }
    // Whether it is fed comes and goes: only what moves or is paused is no longer in doubt.
    if (view.inSight && isFed && !view.isSeeking) this.#standingMs += countedMs;
    if (this.#standingMs >= givenUpAfterMs) return { act: 'give-up', why: 'picture-stands-still' };
    return this.#seek(view, countedMs);
  }

  #seek(view: MovementView, countedMs: number): MovementVerdict | undefined {
    // WebKitGTK takes the newest position of a live playlist for its duration. Whatever makes it look at both at once (a full buffer, a
    // tab that comes back, the end of a pause) makes it believe that it has ended: it holds the picture without a word, until it
    // stands before that end again. Safari says Infinity, and nothing is done.
    const isHeld = this.#unstick === 'nudge' ? view.forwardSeconds >= enoughSeconds : view.hasCurrent && view.durationSeconds - view.atSeconds < atEndSeconds;
    if (this.#unstick === 'own' || !isHeld || (view.isSeeking && this.#unstick !== 'nudge')) {
      this.#stuckMs = 0;
      return undefined;
    }
    this.#stuckMs += countedMs;
    if (this.#stuckMs < (view.isSeeking ? hungSeekAfterMs : stuckAfterMs)) return undefined;
    this.#stuckMs = 0;
    const toSeconds = this.#unstick === 'nudge' ? view.atSeconds + nudgeSeconds : Math.max(0, view.atSeconds - leaveEndSeconds);
    this.#soughtSeconds = toSeconds;
    return { act: 'seek', toSeconds };
  }

  /** A seek, this watch's own or another's, moves the time and shows nothing yet. */
  #hasPlayedTo(seconds: number, passedSeconds: number): boolean {
    const own = this.#soughtSeconds !== undefined && Math.abs(seconds - this.#soughtSeconds) < nudgeSeconds / 2;
    if (own) return false;
    this.#soughtSeconds = undefined;
    const movedSeconds = Math.abs(seconds - this.#atSeconds);
    return Number.isNaN(movedSeconds) || (movedSeconds > 0 && movedSeconds <= passedSeconds * fastestRate + nudgeSeconds);
  }
}
