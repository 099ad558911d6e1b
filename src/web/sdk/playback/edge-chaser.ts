/** How close to the live edge to stay. All in seconds of media buffered ahead of the picture. */
export interface ChaserSettings {
  /** Low-water mark to begin with and to come back to. */
  readonly minCushionSeconds: number;
  /** Never ask for more than this, however often it stalls. */
  readonly maxCushionSeconds: number;
  /** This far beyond the cushion the rate would take too long: seek. */
  readonly seekBeyondSeconds: number;
  /** What is behind is caught up with no faster than this. */
  readonly fastestRate: number;
}

export const lowestDelay: ChaserSettings = { minCushionSeconds: 0.12, maxCushionSeconds: 1, seekBeyondSeconds: 1, fastestRate: 1.2 };
export const smooth: ChaserSettings = { minCushionSeconds: 1.5, maxCushionSeconds: 4, seekBeyondSeconds: 4, fastestRate: 1.1 };

/** What was seen since the last look. Media arrives in bursts: look just before each append, where the buffer is lowest. */
export interface ChaserView {
  readonly nowMs: number;
  readonly forwardSeconds: number;
  /** The picture stood still for want of media. */
  readonly stalled: boolean;
  /** A timeline began: another recording, or this one after the connection was lost. */
  readonly joined: boolean;
  /** The page was hidden or asleep: what is behind is not worth catching up with by rate. */
  readonly resumed: boolean;
}

export interface ChaserState {
  /** The low-water mark wanted now. */
  readonly cushionSeconds: number;
  readonly rate: number;
  readonly looks: readonly { readonly atMs: number; readonly forwardSeconds: number }[];
  /** Calm counts from here on: from the last stall, or as much later as the last step back down says. */
  readonly calmSinceMs: number;
  /** So much calm the last stall asks for before the first step back down; 0: there was none. */
  readonly holdMs: number;
  readonly stalledAtMs: number | undefined;
  /** What was left at the worst of the calm: a smaller cushion would have left less. Undefined until the cushion is there. */
  readonly worst: Worst | undefined;
  /** What held before the stall that is not over yet. */
  readonly beforeStall: Pick<ChaserState, 'cushionSeconds' | 'calmSinceMs' | 'holdMs'> | undefined;
}

/** The lowest that was in hand, of two spans after another: nothing is forgotten before one of them is over. */
interface Worst {
  readonly sinceMs: number;
  readonly seconds: number;
  readonly secondsBefore: number;
}

export interface ChaserDecision {
  readonly state: ChaserState;
  readonly rate: number;
  /** Seconds to jump ahead now; 0: none. */
  readonly seekAheadSeconds: number;
}

const windowMs = 1500;
/** Fewer looks than this long do not contain the trough between two bursts. */
const judgeAfterMs = 500;
const toleranceSeconds = 0.04;
/** After a hiccup playback starts and stops a few times until media flows again: that is one stall. */
const oneHiccupMs = 2000;
/** One stall says little of the line, and most of a machine that was busy: each further one holds the cushion for twice as long. */
const holdAfterStallMs = { first: 8_000, longest: 60_000 };
const easing = { everyMs: 2_000, by: 0.85 };
/** As much calm with the least in hand, and what stalls were before is forgotten. */
const forgetAfterMs = 60_000;
const worstSpanMs = 30_000;
/** With less than this a picture may stand. */
const enoughSeconds = 0.05;

export function beginChase(settings: ChaserSettings, nowMs: number): ChaserState {
  return { cushionSeconds: settings.minCushionSeconds, rate: 1, looks: [], calmSinceMs: nowMs, holdMs: 0, stalledAtMs: undefined, worst: undefined, beforeStall: undefined };
}

/** Decides how to keep the low-water mark of the buffer at the cushion: by rate as long as possible, by a seek when far behind. */
export function chase(state: ChaserState, view: ChaserView, settings: ChaserSettings): ChaserDecision {
  const cushion = nextCushion(state, view, settings);
  const kept = view.stalled ? [] : state.looks.filter((look) => view.nowMs - look.atMs <= windowMs);
  const looks = [...kept, { atMs: view.nowMs, forwardSeconds: view.forwardSeconds }];
  const low = Math.min(...looks.map((look) => look.forwardSeconds));
  const burst = Math.max(...looks.map((look) => look.forwardSeconds)) - low;

  const keep = cushion.cushionSeconds + Math.min(burst, cushion.cushionSeconds);
  const beyond = view.forwardSeconds - keep;
  if (beyond > settings.seekBeyondSeconds || (view.resumed && beyond > settings.minCushionSeconds)) {
    return { state: { ...cushion, rate: 1, looks: [] }, rate: 1, seekAheadSeconds: beyond };
  }
  const spanMs = view.nowMs - (looks[0]?.atMs ?? view.nowMs);
  const rate = spanMs < judgeAfterMs ? state.rate : rateFor(low - cushion.cushionSeconds, state.rate, settings.fastestRate);
  return { state: { ...cushion, rate, looks }, rate, seekAheadSeconds: 0 };
}

/** A second too much is caught up with in eight. */
function rateFor(excessSeconds: number, presentRate: number, fastestRate: number): number {
  // A rate once chosen is kept until the mark is reached: without this it would flutter at the tolerance.
  if (presentRate < 1 && excessSeconds < 0) return 0.97;
  if (excessSeconds < -toleranceSeconds) return 0.97;
  if (excessSeconds <= (presentRate > 1 ? 0 : toleranceSeconds)) return 1;
  if (excessSeconds > 0.4) return Math.min(1.2, fastestRate);
  return excessSeconds > 0.1 ? Math.min(1.1, fastestRate) : 1.05;
}

function nextCushion(state: ChaserState, view: ChaserView, settings: ChaserSettings): ChaserState {
  if (view.joined) return asBeforeStall(state, view.nowMs);
  if (view.stalled) {
    const again = state.stalledAtMs !== undefined && view.nowMs - state.stalledAtMs < oneHiccupMs;
    if (again) return { ...state, rate: 1 };
    const { cushionSeconds, calmSinceMs, holdMs, beforeStall = { cushionSeconds, calmSinceMs, holdMs } } = state;
    const more = Math.min(settings.maxCushionSeconds, Math.max(cushionSeconds * 1.5, cushionSeconds + 0.08));
    const longer = Math.min(holdAfterStallMs.longest, Math.max(holdAfterStallMs.first, 2 * holdMs));
    return { ...state, cushionSeconds: more, rate: 1, calmSinceMs: view.nowMs, holdMs: longer, stalledAtMs: view.nowMs, worst: undefined, beforeStall };
  }
  if (state.beforeStall !== undefined && state.stalledAtMs !== undefined && view.forwardSeconds >= settings.minCushionSeconds) {
    const isBeyondAnyCushion = view.nowMs - state.stalledAtMs > settings.maxCushionSeconds * 1000;
    return isBeyondAnyCushion ? asBeforeStall(state, view.nowMs) : { ...state, calmSinceMs: view.nowMs, beforeStall: undefined };
  }
  const calmMs = view.nowMs - state.calmSinceMs;
  if (state.cushionSeconds <= settings.minCushionSeconds) return calmMs > state.holdMs + forgetAfterMs ? { ...state, holdMs: 0 } : state;
  const worst = nextWorst(state, view);
  const cushionSeconds = Math.max(state.cushionSeconds * easing.by, settings.minCushionSeconds);
  const eased = worst && withLess(worst, state.cushionSeconds - cushionSeconds);
  const isEnough = eased !== undefined && Math.min(eased.seconds, eased.secondsBefore) >= enoughSeconds;
  if (calmMs < state.holdMs || !isEnough) return { ...state, worst };
  return { ...state, worst: eased, cushionSeconds, calmSinceMs: view.nowMs - state.holdMs + easing.everyMs };
}

function nextWorst({ worst, cushionSeconds }: ChaserState, { nowMs, forwardSeconds }: ChaserView): Worst | undefined {
  if (worst === undefined) return forwardSeconds < cushionSeconds ? undefined : { sinceMs: nowMs, seconds: forwardSeconds, secondsBefore: Infinity };
  if (nowMs - worst.sinceMs > worstSpanMs) return { sinceMs: nowMs, seconds: forwardSeconds, secondsBefore: worst.seconds };
  return { ...worst, seconds: Math.min(worst.seconds, forwardSeconds) };
}

function withLess({ sinceMs, seconds, secondsBefore }: Worst, lessSeconds: number): Worst {
  return { sinceMs, seconds: seconds - lessSeconds, secondsBefore: secondsBefore - lessSeconds };
}

/**
 * No cushion bridges a joint, a line that was cut, or a source that stood still for long: more of it would be delay for nothing, and
 * the calm goes on. What stalls right afterwards is the same hiccup.
 */
function asBeforeStall(state: ChaserState, nowMs: number): ChaserState {
  const { cushionSeconds, calmSinceMs, holdMs } = state.beforeStall ?? state;
  return { ...state, cushionSeconds, calmSinceMs, holdMs, stalledAtMs: nowMs, worst: undefined, beforeStall: undefined };
}
