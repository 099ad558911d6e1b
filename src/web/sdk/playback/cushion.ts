/** How much is kept in hand. All in seconds of media buffered ahead of the picture. */
export interface CushionSettings {
  /** Low-water mark to begin with and to come back to. */
  readonly minCushionSeconds: number;
  /** Never ask for more than this, however often it stalls. */
  readonly maxCushionSeconds: number;
}

export interface CushionView {
  readonly nowMs: number;
  readonly forwardSeconds: number;
  /** The lowest of the last moments: between two bursts. */
  readonly lowSeconds: number;
  readonly stalled: boolean;
  readonly joined: boolean;
}

export interface Cushion {
  /** The low-water mark wanted now. */
  readonly seconds: number;
  /** Calm counts from here on: from the last stall, or as much later as the last step back down says. */
  readonly calmSinceMs: number;
  /** So much calm the last stall asks for before the first step back down; 0: there was none, or it is forgotten. */
  readonly holdMs: number;
  readonly stalledAtMs: number | undefined;
  /** What was left at the worst of the calm: a smaller cushion would have left less. Undefined until the cushion is there. */
  readonly worst: Worst | undefined;
  /** What held before the stall that is not over yet. */
  readonly beforeStall: Pick<Cushion, 'seconds' | 'calmSinceMs' | 'holdMs'> | undefined;
}

/** The lowest that was in hand, of two spans after another: nothing is forgotten before one of them is over. */
interface Worst {
  readonly sinceMs: number;
  readonly seconds: number;
  readonly secondsBefore: number;
}

/** After a hiccup playback starts and stops a few times until media flows again: that is one stall. */
const oneHiccupMs = 2_000;
/** One stall says little of the line, and most of a machine that was busy: each further one holds the cushion for twice as long. */
const holdMs = { first: 8_000, longest: 60_000 };
const easing = { everyMs: 2_000, by: 0.85 };
/** After so much calm with the least in hand what stalled before is forgotten. */
const forgetAfterMs = 300_000;
const worstSpanMs = 30_000;
/** With less than this a picture may stand: Chromium's decoders and its sound were seen to have 0.09 s of what counts as buffered. */
const enoughSeconds = 0.1;

export function firstCushion({ minCushionSeconds }: CushionSettings, nowMs: number): Cushion {
  return { seconds: minCushionSeconds, calmSinceMs: nowMs, holdMs: 0, stalledAtMs: undefined, worst: undefined, beforeStall: undefined };
}

/** Grows with each stall that more of it would have bridged, and gives back in calm what the worst of it did not need. */
export function nextCushion(cushion: Cushion, view: CushionView, settings: CushionSettings): Cushion {
  const { nowMs } = view;
  const { stalledAtMs } = cushion;
  if (view.joined) return asBeforeStall(cushion, nowMs);
  if (view.stalled) return stalledAtMs !== undefined && nowMs - stalledAtMs < oneHiccupMs ? cushion : grown(cushion, nowMs, settings);
  if (cushion.beforeStall === undefined || stalledAtMs === undefined || view.forwardSeconds < settings.minCushionSeconds) return inCalm(cushion, view, settings);
  const isBeyondAnyCushion = nowMs - stalledAtMs > settings.maxCushionSeconds * 1000;
  return isBeyondAnyCushion ? asBeforeStall(cushion, nowMs) : { ...cushion, calmSinceMs: nowMs, beforeStall: undefined };
}

function grown(cushion: Cushion, nowMs: number, { maxCushionSeconds }: CushionSettings): Cushion {
  const { seconds, calmSinceMs, beforeStall = { seconds, calmSinceMs, holdMs: cushion.holdMs } } = cushion;
  return {
    seconds: Math.min(maxCushionSeconds, Math.max(seconds * 1.5, seconds + 0.08)),
    calmSinceMs: nowMs,
    holdMs: Math.min(holdMs.longest, Math.max(holdMs.first, 2 * cushion.holdMs)),
    stalledAtMs: nowMs,
    worst: undefined,
    beforeStall,
  };
}

/**
 * No cushion bridges a joint, a line that was cut, or a source that stood still for long: more of it would be delay for nothing, and
 * the calm goes on. What stalls right afterwards is the same hiccup.
 */
function asBeforeStall(cushion: Cushion, nowMs: number): Cushion {
  return { ...cushion, ...cushion.beforeStall, stalledAtMs: nowMs, worst: undefined, beforeStall: undefined };
}

function inCalm(cushion: Cushion, view: CushionView, { minCushionSeconds }: CushionSettings): Cushion {
  const now = { ...cushion, worst: nextWorst(cushion, view) };
  const calmMs = view.nowMs - cushion.calmSinceMs;
  if (cushion.seconds <= minCushionSeconds) return calmMs > cushion.holdMs + forgetAfterMs ? { ...now, holdMs: 0 } : now;
  const seconds = Math.max(cushion.seconds * easing.by, minCushionSeconds);
  const worst = now.worst && withLess(now.worst, cushion.seconds - seconds);
  const isEnough = worst !== undefined && Math.min(worst.seconds, worst.secondsBefore) >= enoughSeconds;
  if (calmMs < cushion.holdMs || !isEnough) return now;
  return { ...now, worst, seconds, calmSinceMs: view.nowMs - cushion.holdMs + easing.everyMs };
}

function nextWorst({ worst, seconds }: Cushion, { nowMs, lowSeconds }: CushionView): Worst | undefined {
  if (worst === undefined) return lowSeconds < seconds ? undefined : { sinceMs: nowMs, seconds: lowSeconds, secondsBefore: Infinity };
  if (nowMs - worst.sinceMs > worstSpanMs) return { sinceMs: nowMs, seconds: lowSeconds, secondsBefore: worst.seconds };
  return { ...worst, seconds: Math.min(worst.seconds, lowSeconds) };
}

function withLess({ sinceMs, seconds, secondsBefore }: Worst, lessSeconds: number): Worst {
  return { sinceMs, seconds: seconds - lessSeconds, secondsBefore: secondsBefore - lessSeconds };
}
