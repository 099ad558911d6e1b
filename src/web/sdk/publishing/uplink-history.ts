/** One second of a broadcast, as the publisher saw it. */
export interface UplinkSecond {
  /** By `performance.now()`. */
  readonly atMs: number;
  readonly connected: boolean;
  readonly upstreamBitsPerSecond: number;
  /** What the recorder was asked for, and what it was asked for at first. */
  readonly videoBitsPerSecond: number;
  readonly wantedBitsPerSecond: number;
  /** Pictures that the camera or screen gave; undefined where the browser does not tell, as in a hidden tab. */
  readonly framesPerSecond: number | undefined;
  /** Of a camera that is seen; 0 where pictures come as they may. */
  readonly wantedFramesPerSecond: number;
  /** How old the oldest byte is that the server has not acknowledged. */
  readonly backlogMs: number;
  /** Of what was recorded since the last second and will never reach a viewer. */
  readonly droppedMs: number;
}

/**
 * `starting`: too early to say. `good`. `reduced`: a lower bit rate carries it. `slow`: it falls behind. `dropping`: viewers missed a
 * part in the last minute. `offline`: no connection. `few-pictures`: the line is fine, but camera or machine give too few pictures.
 */
export type UplinkVerdict = 'starting' | 'good' | 'reduced' | 'slow' | 'dropping' | 'offline' | 'few-pictures';

const keptSeconds = 300;
const judgedSeconds = 5;
const droppedCountsSeconds = 60;
const slowBacklogMs = 2_500;

/** The last minutes, second by second, oldest first. */
export class UplinkHistory {
  #seconds: UplinkSecond[] = [];

  get seconds(): readonly UplinkSecond[] {
    return this.#seconds;
  }

  add(second: UplinkSecond): void {
    this.#seconds = [...this.#seconds.slice(1 - keptSeconds), second];
  }

  get verdict(): UplinkVerdict {
    const recent = this.#seconds.slice(-judgedSeconds);
    const last = recent.at(-1);
    if (last === undefined) return 'starting';
    if (!last.connected) return 'offline';
    if (this.#seconds.slice(-droppedCountsSeconds).some(({ droppedMs }) => droppedMs > 0)) return 'dropping';
    if (recent.length < judgedSeconds) return 'starting';
    if (last.backlogMs > slowBacklogMs) return 'slow';
    if (last.videoBitsPerSecond < last.wantedBitsPerSecond) return 'reduced';
    return recent.every(isShortOfPictures) ? 'few-pictures' : 'good';
  }
}

function isShortOfPictures({ framesPerSecond, wantedFramesPerSecond }: UplinkSecond): boolean {
  return framesPerSecond !== undefined && framesPerSecond < wantedFramesPerSecond * 0.6;
}
