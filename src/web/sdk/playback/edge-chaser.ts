/** How close to the live edge to stay. All in seconds of media buffered ahead of the picture. */
export interface ChaserSettings {
  /** Low-water mark to begin with and to come back to. */
  readonly minCushionSeconds: number;
  /** Never ask for more than this, however often it stalls. */
  readonly maxCushionSeconds: number;
  /** This far beyond the cushion the rate would take too long: seek. */
  readonly seekBeyondSeconds: number;
}

export const lowestDelay: ChaserSettings = { minCushionSeconds: 0.12, maxCushionSeconds: 1, seekBeyondSeconds: 1 };
export const smooth: ChaserSettings = { minCushionSeconds: 1.5, maxCushionSeconds: 4, seekBeyondSeconds: 4 };

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
  /** When the last stall, or the last step back down, was. */
  readonly calmSinceMs: number;
  readonly eased: boolean;
  readonly stalledAtMs: number | undefined;
  /** What held before the stall that is not over yet. */
  readonly beforeStall: Pick<ChaserState, 'cushionSeconds' | 'calmSinceMs' | 'eased'> | undefined;
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
const calmBeforeEasingMs = 30_000;
const easingStepMs = 10_000;

export function beginChase(settings: ChaserSettings, nowMs: number): ChaserState {
  return { cushionSeconds: settings.minCushionSeconds, rate: 1, looks: [], calmSinceMs: nowMs, eased: false, stalledAtMs: undefined, beforeStall: undefined };
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
  const rate = spanMs < judgeAfterMs ? state.rate : rateFor(low - cushion.cushionSeconds, state.rate);
  return { state: { ...cushion, rate, looks }, rate, seekAheadSeconds: 0 };
}

function rateFor(excessSeconds: number, presentRate: number): number {
  // A rate once chosen is kept until the mark is reached: without this it would flutter at the tolerance.
  if (presentRate > 1 && excessSeconds > 0 && excessSeconds <= toleranceSeconds) return 1.03;
  if (presentRate < 1 && excessSeconds < 0) return 0.97;
  if (excessSeconds > 0.5) return 1.08;
  if (excessSeconds > 0.2) return 1.05;
  if (excessSeconds > toleranceSeconds) return 1.03;
  return excessSeconds < -toleranceSeconds ? 0.97 : 1;
}

function nextCushion(state: ChaserState, view: ChaserView, settings: ChaserSettings): ChaserState {
  if (view.joined) return asBeforeStall(state, view.nowMs);
  if (view.stalled) {
    const again = state.stalledAtMs !== undefined && view.nowMs - state.stalledAtMs < oneHiccupMs;
    if (again) return { ...state, rate: 1 };
    const { cushionSeconds, calmSinceMs, eased, beforeStall = { cushionSeconds, calmSinceMs, eased } } = state;
    const more = Math.min(settings.maxCushionSeconds, Math.max(cushionSeconds * 1.5, cushionSeconds + 0.08));
    return { ...state, cushionSeconds: more, rate: 1, calmSinceMs: view.nowMs, eased: false, stalledAtMs: view.nowMs, beforeStall };
  }
  if (state.beforeStall !== undefined && state.stalledAtMs !== undefined && view.forwardSeconds >= settings.minCushionSeconds) {
    const isBeyondAnyCushion = view.nowMs - state.stalledAtMs > settings.maxCushionSeconds * 1000;
    return isBeyondAnyCushion ? asBeforeStall(state, view.nowMs) : { ...state, calmSinceMs: view.nowMs, beforeStall: undefined };
  }
  const calmMs = view.nowMs - state.calmSinceMs;
  if (calmMs < (state.eased ? easingStepMs : calmBeforeEasingMs)) return state;
  const cushionSeconds = Math.max(state.cushionSeconds * 0.93, settings.minCushionSeconds);
  return { ...state, cushionSeconds, calmSinceMs: view.nowMs, eased: true };
}

/**
 * No cushion bridges a joint, a line that was cut, or a source that stood still for long: more of it would be delay for nothing, and
 * the calm goes on. What stalls right afterwards is the same hiccup.
 */
function asBeforeStall(state: ChaserState, nowMs: number): ChaserState {
  const { cushionSeconds, calmSinceMs, eased } = state.beforeStall ?? state;
  return { ...state, cushionSeconds, calmSinceMs, eased, stalledAtMs: nowMs, beforeStall: undefined };
}
