import type { IngestSocket } from '../ingest-socket.js';
import { BitRatePolicy, type BitRates } from './bit-rate-policy.js';
import { Listeners } from '../listeners.js';
import { UplinkHistory, type UplinkSecond, type UplinkVerdict } from './uplink-history.js';
import { uplinkWarnings, type PublisherWarning, type PublisherWarningCode } from './warnings.js';

const measuredMs = 3_000;
/** What waited before a step down takes its time on a slow line. */
const stepShowsAfterMs = 10_000;

type Measured = Pick<IngestSocket, 'connected' | 'acknowledgedBytes' | 'backlogMs'>;

export interface UplinkSecondOptions {
  readonly nowMs: number;
  readonly socket: Measured;
  /** That camera or screen gave so far; undefined where the browser does not tell. */
  readonly pictures: number | undefined;
  readonly wantedFramesPerSecond: number;
  /** What of the picture is sent now, the source first; none where it is not known. */
  readonly sent?: readonly { readonly bitsPerSecond: number }[] | undefined;
}

export interface UplinkEvents {
  /** The recorder should go on with this one. */
  bitRate: number;
  warning: PublisherWarning;
  recovered: { readonly code: PublisherWarningCode };
}

/** What the line to the server carries, what it is asked to carry, and how that went in the last minutes. */
export class Uplink extends Listeners<UplinkEvents> {
  readonly #history = new UplinkHistory();
  readonly #policy: BitRatePolicy;
  #wantedBitsPerSecond: number;
  #acknowledged: { readonly nowMs: number; readonly bytes: number }[] = [];
  #pictures: { readonly nowMs: number; readonly count: number } | undefined;
  #droppedMs = 0;
  #steppedAtMs = -Infinity;
  #tooSlow = false;
  #toldLowered = false;
  #skippedAPart = false;

  constructor(wanted: BitRates) {
    super();
    this.#wantedBitsPerSecond = wanted.videoBitsPerSecond;
    this.#policy = new BitRatePolicy(wanted);
  }

  get videoBitsPerSecond(): number {
    return this.#policy.videoBitsPerSecond;
  }

  /** The last minutes second by second, oldest first. */
  get seconds(): readonly UplinkSecond[] {
    return this.#history.seconds;
  }

  /** Another quality was chosen. */
  want(wanted: BitRates): void {
    this.#wantedBitsPerSecond = wanted.videoBitsPerSecond;
    this.#policy.want(wanted);
    this.#tellBitRate();
  }

  /** There is a connection, again. */
  connected(): void {
    if (this.#skippedAPart) this.emit('recovered', { code: 'replay-full' });
    this.#skippedAPart = false;
  }

  /** Something had to be dropped. @param slow whether the line was there, but too slow */
  dropped({ nowMs, lostMs, slow }: { readonly nowMs: number; readonly lostMs: number; readonly slow: boolean }): void {
    this.#droppedMs += lostMs;
    if (slow) {
      this.#policy.halve(nowMs);
      this.#tellBitRate();
    } else if (!this.#skippedAPart) {
      this.#skippedAPart = true;
      this.emit('warning', uplinkWarnings.replayFull);
    }
  }

  /** Call once a second. @returns how it went */
  second({ nowMs, socket, pictures, wantedFramesPerSecond, sent = [] }: UplinkSecondOptions): UplinkSecond & { readonly verdict: UplinkVerdict } {
    const { connected, backlogMs } = socket;
    const upstreamBitsPerSecond = connected ? this.#measure(nowMs, socket.acknowledgedBytes) : 0;
    if (!connected) {
      this.#acknowledged = [];
      this.#policy.forget();
    }
    const stepped = connected && this.#policy.sample({ nowMs, backlogMs, upstreamBitsPerSecond, share: shareOfFirst(sent) });
    const second: UplinkSecond = {
      atMs: nowMs,
      connected,
      upstreamBitsPerSecond,
      videoBitsPerSecond: this.#policy.videoBitsPerSecond,
      wantedBitsPerSecond: this.#wantedBitsPerSecond,
      framesPerSecond: this.#countPictures(nowMs, pictures),
      wantedFramesPerSecond,
      backlogMs,
      droppedMs: this.#droppedMs,
    };
    this.#droppedMs = 0;
    this.#history.add(second);
    if (stepped) {
      this.#steppedAtMs = nowMs;
      this.emit('bitRate', this.#policy.videoBitsPerSecond);
      this.#tellBitRate();
    }
    const { verdict } = this.#history;
    this.#tellWhether(verdict === 'slow' && this.#policy.isLowest && nowMs - this.#steppedAtMs > stepShowsAfterMs);
    return { ...second, verdict };
  }

  #tellBitRate(): void {
    const wasTold = this.#toldLowered;
    this.#toldLowered = this.#policy.isLowered;
    if (this.#toldLowered) this.emit('warning', uplinkWarnings.lowered(this.#policy.videoBitsPerSecond));
    else if (wasTold) this.emit('recovered', { code: 'quality-lowered' });
  }

  #tellWhether(tooSlow: boolean): void {
    if (tooSlow === this.#tooSlow) return;
    this.#tooSlow = tooSlow;
    if (tooSlow) this.emit('warning', uplinkWarnings.slow);
    else this.emit('recovered', { code: 'slow-uplink' });
  }

  #countPictures(nowMs: number, count: number | undefined): number | undefined {
    const before = this.#pictures;
    this.#pictures = count === undefined ? undefined : { nowMs, count };
    // Another track counts from 0 again.
    if (before === undefined || count === undefined || count < before.count || nowMs <= before.nowMs) return undefined;
    return Math.round(((count - before.count) * 1000) / (nowMs - before.nowMs));
  }

  #measure(nowMs: number, bytes: number): number {
    this.#acknowledged = [...this.#acknowledged.filter((sample) => nowMs - sample.nowMs <= measuredMs), { nowMs, bytes }];
    const oldest = this.#acknowledged[0] ?? { nowMs, bytes };
    const elapsedMs = nowMs - oldest.nowMs;
    return elapsedMs > 0 ? Math.max(0, Math.round(((bytes - oldest.bytes) * 8000) / elapsedMs)) : 0;
  }
}

function shareOfFirst(sent: readonly { readonly bitsPerSecond: number }[]): number | undefined {
  const all = sent.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0);
  return all > 0 ? (sent[0]?.bitsPerSecond ?? 0) / all : undefined;
}
