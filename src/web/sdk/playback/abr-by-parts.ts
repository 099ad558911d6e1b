import type Hls from 'hls.js';
import type { AbrComponentAPI, AbrController, FragBufferedData, FragLoadedData, FragLoadingData, Fragment, LoaderStats, Part } from 'hls.js';
import type { BrowserPage } from '../browser-page.js';
import { LevelPolicy, type Download, type LevelView } from './level-policy.js';

const lookEveryMs = 100;

/**
 * hls.js's choice of a level for low-latency HLS, as its option `abrController`. Its own looks at a new level only when no part waits to be
 * loaded, which on a line that is too slow is at the end of a segment, many seconds later; and it weighs what it measured by how long
 * that took to load, so that seconds of a slow line count for minutes of a fast one.
 */
export function abrByParts(HlsClass: typeof Hls, page: BrowserPage): typeof AbrController {
  class AbrByParts implements AbrComponentAPI {
    readonly #hls: Hls;
    readonly #policy = new LevelPolicy();
    readonly #stopLooking = page.every(lookEveryMs, () => this.#look());
    #level: number | undefined;
    #coming: Fragment | undefined;
    #estimate: number;

    constructor(hls: Hls) {
      this.#hls = hls;
      this.#estimate = hls.config.abrEwmaDefaultEstimate;
      const { Events } = HlsClass;
      hls.on(Events.MANIFEST_LOADING, this.#onManifest);
      hls.on(Events.FRAG_LOADING, this.#onLoading);
      hls.on(Events.FRAG_LOADED, this.#onLoaded);
      hls.on(Events.FRAG_BUFFERED, this.#onBuffered);
    }

    /** hls.js is given back its listeners by itself. */
    destroy(): void {
      this.#stopLooking();
    }

    resetEstimator(bitsPerSecond: number): void {
      this.#estimate = bitsPerSecond;
    }

    get firstAutoLevel(): number {
      return this.#clamp(this.#hls.levels.findLastIndex(({ maxBitrate }) => maxBitrate <= this.#estimate));
    }

    get forcedAutoLevel(): number {
      return this.#level === undefined ? -1 : this.#clamp(this.#level);
    }

    get nextAutoLevel(): number {
      return this.#clamp(this.#level ?? this.firstAutoLevel);
    }

    /** hls.js goes elsewhere when a level can't be had. */
    set nextAutoLevel(level: number) {
      this.#level = level;
    }

    #clamp(level: number): number {
      return Math.min(Math.max(level, this.#hls.minAutoLevel), this.#hls.maxAutoLevel);
    }

    readonly #onManifest = (): void => {
      this.#level = undefined;
      this.#coming = undefined;
    };

    readonly #onLoading = (_event: string, { frag }: FragLoadingData): void => {
      this.#coming = frag;
    };

    readonly #onLoaded = (_event: string, { frag, part }: FragLoadedData): void => {
      const { stats, duration } = part ?? frag;
      if (frag.sn === 'initSegment') return;
      this.#level = frag.level;
      this.#policy.came(downloadOf(stats, duration), stats.loading.end);
    };

    /** Where only the first part of a segment is in hand, that alone has to be loaded again: larger levels may have no keyframe but there. */
    readonly #onBuffered = (_event: string, { frag, part }: FragBufferedData): void => {
      if (frag.sn === this.#coming?.sn) this.#coming = undefined;
      if (!this.#hls.autoLevelEnabled || (part?.index ?? 0) > 0 || frag.sn === 'initSegment') return;
      const level = this.#policy.up(this.#view(frag.level));
      if (level !== undefined) this.#change(frag, level);
    };

    /** Parts that follow each other are not told one by one. */
    #look(): void {
      const hls = this.#hls;
      const frag = this.#coming;
      if (frag === undefined || !hls.autoLevelEnabled || hls.media?.paused !== false) return;
      const coming = hls.latestLevelDetails?.partList?.find(({ stats }) => isComing(stats)) ?? (isComing(frag.stats) ? frag : undefined);
      const level = this.#policy.down(this.#view(frag.level), coming && downloadOf(coming.stats, coming.duration));
      if (level === undefined || level < hls.minAutoLevel) return;
      this.#change(frag, level);
      this.#coming = undefined;
      hls.nextLoadLevel = level;
      frag.abortRequests();
      hls.trigger(HlsClass.Events.FRAG_LOAD_EMERGENCY_ABORTED, { frag, part: null, stats: frag.stats });
    }

    /** What was loaded of this segment in a level that is changed back to lies no longer in the browser's buffer, as hls.js believes, if the one that is left took its place: its keyframe is needed again. */
    #change({ sn, level: left }: Fragment, level: number): void {
      this.#level = level;
      const partsOf = (index: number): Part[] => this.#hls.levels[index]?.details?.partList?.filter(({ fragment }) => fragment.sn >= Number(sn)) ?? [];
      if (partsOf(left).some(({ loaded }) => loaded)) for (const part of partsOf(level)) part.clearElementaryStreamInfo();
    }

    #view(at: number): LevelView {
      const { levels, mainForwardBufferInfo } = this.#hls;
      return { nowMs: page.nowMs(), bitsPerSecond: levels.map(({ maxBitrate }) => maxBitrate), at, aheadSeconds: mainForwardBufferInfo?.len ?? 0 };
    }
  }
  return AbrByParts as unknown as typeof AbrController;
}

function isComing({ aborted, loading }: LoaderStats): boolean {
  return loading.start > 0 && loading.end === 0 && !aborted;
}

function downloadOf({ loading, loaded }: LoaderStats, durationSeconds: number): Download {
  return { startMs: loading.start, firstByteMs: loading.first > 0 ? loading.first : undefined, bytes: loaded, durationSeconds };
}
