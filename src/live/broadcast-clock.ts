import { FragmentNumbers } from '../fmp4/fragment-numbers.js';
import { retimed } from '../fmp4/retime.js';
import type { Fragment, TrackRun } from '../fmp4/fragment.js';
import type { Track } from '../fmp4/init-segment.js';
import type { OutputInit } from '../fmp4/named-outputs.js';
import type { Timeline } from '../hls/presentation.js';
import type { LeftBroadcast } from './broadcast-progress.js';

/** How far a track has come. */
interface Reached {
  readonly timescale: number;
  /** Decode time of the last sample, in ticks. */
  readonly lastTicks: number;
  readonly endSeconds: number;
}

interface NamedTrack extends Pick<Track, 'kind' | 'timescale'> {
  readonly name: string;
}

/** A fragment that may go to viewers. */
export interface Placed {
  readonly fragment: Fragment;
  /** It does. */
  readonly passed: () => void;
}

/** How far behind its end somebody may begin again: a group of pictures and a segment that was open, with some to spare. */
const longestOverlapSeconds = 20;
/** What is closed is written down a moment later, and a group of pictures may begin a moment after it. */
const shortGapSeconds = 0.5;
/** Two recordings do not begin within this. */
const sameCaptureMs = 1000;

/** Sound that overlaps by less is not the same sound. */
const sameSoundSeconds = 0.001;

/**
 * The one clock of a broadcast's media. All takes and all transcoders are put on it, so that no player ever sees time go back: in each
 * track decode times rise, and what was missing in the source is missing for as long.
 *
 * Takes that are cut from one source clock stay as far apart as they were on it. A recording on another clock follows right behind what
 * came before, because nothing says how far apart the two are but the wall clock, which dates carry.
 */
export class BroadcastClock {
  /** What is known of the wall clock: of all media on the present source clock. */
  dated: Pick<Timeline, 'captureTimeMs'> | undefined;
  /** By what a track is called: the sound, or the output whose picture it is. */
  readonly #reached = new Map<string, Reached>();
  #sourceClock: object | undefined;
  #offsetSeconds = 0;
  /** Media time at which the present source clock begins: nothing of it comes before. */
  #sourceStartSeconds = 0;
  #endSeconds = 0;
  readonly #numbers = new FragmentNumbers();
  #tracks: ReadonlyMap<number, NamedTrack> = new Map();
  #zeroSeconds = 0;
  /** Of another server, until anything came here. */
  #after: Pick<LeftBroadcast, 'media' | 'agoSeconds'> | undefined;

  /** @param after it goes on where that of another server was */
  constructor(after?: Pick<LeftBroadcast, 'media' | 'agoSeconds'>) {
    this.#after = after;
  }

  /** Where all media so far ends. */
  get endSeconds(): number {
    return this.#endSeconds;
  }

  /** What follows comes under these init segments. @param zeroSeconds media time at which its own time 0 stands */
  startTimeline(outputs: readonly OutputInit[], zeroSeconds: number): void {
    this.#tracks = new Map(outputs.flatMap(({ name, init }) => init.tracks.map(({ trackId, kind, timescale }) => [trackId, { kind, timescale, name: kind === 'audio' ? kind : name }])));
    this.#zeroSeconds = zeroSeconds;
    this.#numbers.startTimeline(outputs.flatMap(({ init }) => init.tracks));
  }

  /**
   * Media time at which time 0 of a source's clock stands; the same for as long as it is the same clock.
   * @param firstSeconds of what comes next, on that clock
   * @param captureTimeMs when its time 0 was captured, if its publisher says so
   */
  zeroOf(sourceClock: object, firstSeconds: number, captureTimeMs?: number): number {
    if (this.#sourceClock === undefined) {
      const after = this.#after;
      this.#after = undefined;
      const zeroSeconds = after && zeroOfSameRecording(after, firstSeconds, captureTimeMs);
      if (zeroSeconds !== undefined) {
        this.#sourceClock = sourceClock;
        this.#offsetSeconds = zeroSeconds;
        this.#endSeconds = this.#sourceStartSeconds = zeroSeconds + firstSeconds;
        return zeroSeconds;
      }
      // So long it may have gone on over there.
      if (after?.media) this.#endSeconds = after.media.endSeconds + after.agoSeconds;
    }
    if (this.#sourceClock !== sourceClock) {
      this.#sourceClock = sourceClock;
      this.dated = undefined;
      this.#sourceStartSeconds = this.#endSeconds;
      // In whole microseconds, as the times of frames are.
      this.#offsetSeconds = Math.round((this.#endSeconds - firstSeconds) * 1e6) / 1e6;
    }
    return this.#offsetSeconds;
  }

  /** The fragment at its time; undefined: there is sound for that time already. Nothing is changed by it until `passed` is called. */
  place(fragment: Fragment): Placed | undefined {
    if (fragment.runs.length > 0 && fragment.runs.every((run) => this.#isKnownSound(run))) return undefined;
    const reached: [string, Reached][] = [];
    const numbered = this.#numbers.of(fragment);
    const placed = retimed(fragment, numbered.number, (run) => {
      const track = this.#tracks.get(run.trackId);
      const ticks = this.#ticksOf(run);
      // Pictures out of order are decoded before they are shown: where ordered ones came before, they come too early for a moment.
      const baseMediaDecodeTime = Math.max(ticks, track ? this.#firstFree(track) : 0);
      const lastTicks = baseMediaDecodeTime + (run.sampleCount > 1 ? run.duration : 0);
      if (track && run.sampleCount > 0) reached.push([track.name, { timescale: track.timescale, lastTicks, endSeconds: (ticks + run.duration) / track.timescale }]);
      // Of two pictures at the same time the first lasts as long as it is apart from the second then: browsers take one that follows
      // later than twice its duration for a hole, and leave out all up to the next keyframe (Media Source Extensions §3.5.8, step 6).
      return { baseMediaDecodeTime, shownEarlier: baseMediaDecodeTime - ticks, shortestSample: track && apartTicks(track) };
    });
    const passed = (): void => {
      numbered.passed();
      for (const [name, each] of reached) {
        const endSeconds = Math.max(each.endSeconds, this.#reached.get(name)?.endSeconds ?? 0);
        this.#reached.set(name, { ...each, endSeconds });
        this.#endSeconds = Math.max(this.#endSeconds, endSeconds);
      }
    };
    return { fragment: placed, passed };
  }

  #ticksOf({ trackId, baseMediaDecodeTime }: TrackRun): number {
    return baseMediaDecodeTime + Math.round(this.#zeroSeconds * (this.#tracks.get(trackId)?.timescale ?? 0));
  }

  /** Sound that viewers have, or that primes a decoder before there is any. */
  #isKnownSound(run: TrackRun): boolean {
    const { kind, timescale } = this.#tracks.get(run.trackId) ?? {};
    if (kind !== 'audio' || !timescale) return false;
    const endSeconds = Math.max(this.#sourceStartSeconds, this.#reached.get('audio')?.endSeconds ?? 0);
    return this.#ticksOf(run) / timescale < endSeconds - sameSoundSeconds;
  }

  /** The first tick that is clearly behind the track's last sample, and not before the source. */
  #firstFree({ kind, name, timescale }: NamedTrack): number {
    const startTicks = Math.round(this.#sourceStartSeconds * timescale);
    const reached = this.#reached.get(name);
    if (!reached) return startTicks;
    const lastTicks = reached.timescale === timescale ? reached.lastTicks : Math.floor((reached.lastTicks * timescale) / reached.timescale);
    return Math.max(startTicks, lastTicks + apartTicks({ kind, timescale }));
  }
}

/** A page that goes on at another server sends the same recording, with the times that it had; one that could not keep it begins another. */
function zeroOfSameRecording({ media }: Pick<LeftBroadcast, 'media'>, firstSeconds: number, captureTimeMs: number | undefined): number | undefined {
  if (!media) return undefined;
  const behindSeconds = media.endSeconds - (media.zeroSeconds + firstSeconds);
  if (behindSeconds > longestOverlapSeconds || behindSeconds < -shortGapSeconds) return undefined;
  const isOther = captureTimeMs !== undefined && media.captureTimeMs !== undefined && Math.abs(captureTimeMs - media.captureTimeMs) > sameCaptureMs;
  return isOther ? undefined : media.zeroSeconds;
}

/** FLV counts milliseconds: no two pictures are to have the same. */
function apartTicks({ kind, timescale }: Pick<NamedTrack, 'kind' | 'timescale'>): number {
  return kind === 'video' ? Math.ceil(timescale / 1000) : 1;
}
