import { firstCushion, nextCushion, type Cushion, type CushionSettings } from './cushion.js';

/** How close to the live edge to stay. All in seconds of media buffered ahead of the picture. */
export interface ChaserSettings extends CushionSettings {
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
  readonly cushion: Cushion;
  readonly rate: number;
  readonly looks: readonly { readonly atMs: number; readonly forwardSeconds: number }[];
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
/** Too much costs some delay, too little a standstill. */
const tolerance = { muchSeconds: 0.025, littleSeconds: 0.015 };

export function beginChase(settings: ChaserSettings, nowMs: number): ChaserState {
  return { cushion: firstCushion(settings, nowMs), rate: 1, looks: [] };
}

/** Decides how to keep the low-water mark of the buffer at the cushion: by rate as long as possible, by a seek when far behind. */
export function chase(state: ChaserState, view: ChaserView, settings: ChaserSettings): ChaserDecision {
  const kept = view.stalled ? [] : state.looks.filter((look) => view.nowMs - look.atMs <= windowMs);
  const looks = [...kept, { atMs: view.nowMs, forwardSeconds: view.forwardSeconds }];
  const low = Math.min(...looks.map((look) => look.forwardSeconds));
  const burst = Math.max(...looks.map((look) => look.forwardSeconds)) - low;

  const cushion = nextCushion(state.cushion, { ...view, lowSeconds: low }, settings);
  const keep = cushion.seconds + Math.min(burst, cushion.seconds);
  const beyond = view.forwardSeconds - keep;
  if (beyond > settings.seekBeyondSeconds || (view.resumed && beyond > settings.minCushionSeconds)) {
    return { state: { cushion, rate: 1, looks: [] }, rate: 1, seekAheadSeconds: beyond };
  }
  const spanMs = view.nowMs - (looks[0]?.atMs ?? view.nowMs);
  const presentRate = view.stalled ? 1 : state.rate;
  const rate = spanMs < judgeAfterMs ? presentRate : rateFor(low - cushion.seconds, presentRate, settings.fastestRate);
  return { state: { cushion, rate, looks }, rate, seekAheadSeconds: 0 };
}

/** A second too much is caught up with in eight. */
function rateFor(excessSeconds: number, presentRate: number, fastestRate: number): number {
  // A rate once chosen is kept until the mark is reached: without this it would flutter at the tolerance.
  if (presentRate < 1 && excessSeconds < 0) return 0.97;
  if (excessSeconds < -tolerance.littleSeconds) return 0.97;
  if (excessSeconds <= (presentRate > 1 ? 0 : tolerance.muchSeconds)) return 1;
  if (excessSeconds > 0.4) return Math.min(1.2, fastestRate);
  return excessSeconds > 0.1 ? Math.min(1.1, fastestRate) : 1.05;
}
