import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import type { BitRateMeter } from './bit-rate-meter.js';
import { HlsRecovery } from './hls-recovery.js';
import type { PlaybackEnd, PlaybackOptions } from './playback.js';

/** Without subtitles, DRM and alternate sound, which no stream here has: two thirds of the size. */
export async function loadLightBuild(): Promise<typeof Hls> {
  // @ts-expect-error The package types its light build only as the full one.
  return ((await import('hls.js/light')) as { default: typeof Hls }).default;
}

export interface HlsBeginning extends Pick<PlaybackOptions, 'video' | 'page'> {
  readonly load: () => Promise<typeof Hls>;
  /** Of the playlist. */
  readonly address: string;
  readonly config: (HlsClass: typeof Hls) => Partial<HlsConfig>;
  /** Aborted, it lets go of all. */
  readonly signal: AbortSignal;
  readonly bitRate: BitRateMeter;
  /** Whether nothing is to be loaded at present. */
  readonly isSuspended: () => boolean;
  /** Called before anything is loaded. */
  readonly prepare: (hls: Hls, HlsClass: typeof Hls) => void;
  /** How it ended, unless it was aborted. */
  readonly finish: (end: PlaybackEnd) => void;
}

/** What playing by hls.js begins with, at whatever place: its program, the element, and its errors as the end of a path. Never rejects. */
export async function beginHls({ video, page, load, address, config, signal, bitRate, isSuspended, prepare, finish }: HlsBeginning): Promise<void> {
  try {
    const HlsClass = await load();
    if (signal.aborted) return;
    if (!HlsClass.isSupported()) return finish({ reason: 'failed', failure: { code: 'path-unsupported' } });
    const hls = new HlsClass(config(HlsClass));
    const recovery = new HlsRecovery(HlsClass, page);
    signal.addEventListener('abort', () => {
      recovery.close();
      hls.destroy();
    });
    hls.on(HlsClass.Events.ERROR, (_event, data) => {
      if (data.response?.code === 404 && data.details === HlsClass.ErrorDetails.MANIFEST_LOAD_ERROR) return finish({ reason: 'not-live' });
      const why = recovery.mend(hls, data, () => isSuspended() || hls.startLoad());
      if (why !== undefined) finish({ reason: 'failed', failure: { code: 'hls-error', detail: why } });
    });
    hls.on(HlsClass.Events.FRAG_BUFFERED, (_event, data) => bitRate.add(data.stats.loaded, page.nowMs()));
    prepare(hls, HlsClass);
    hls.loadSource(address);
    hls.attachMedia(video);
  } catch (error) {
    finish({ reason: 'failed', failure: { code: 'player-not-loaded', detail: error instanceof Error ? error.message : String(error) } });
  }
}

/** Of the level that plays; undefined before one does. */
export function codecsOf(hls: Hls | undefined): string | undefined {
  const level = hls?.levels[hls.currentLevel];
  const codecs = [level?.videoCodec, level?.audioCodec].filter((codec) => codec !== undefined).join(',');
  return codecs === '' ? undefined : codecs;
}
