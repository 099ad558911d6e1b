import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';

interface Failure {
  readonly fatal: boolean;
  readonly type: 'mediaError' | 'networkError' | 'otherError';
  readonly details: string;
  readonly code?: number;
}

type Handler = (event: string, data: object) => void;

/** Stands in for hls.js: what the test says happens, and what is asked of it is kept. */
export class FakeHls {
  static readonly Events = { ERROR: 'error', FRAG_BUFFERED: 'buffered', BUFFER_APPENDED: 'appended', FRAG_LOADING: 'loading', FRAG_LOADED: 'loaded', LEVEL_LOADED: 'level', LEVEL_UPDATED: 'updated', MANIFEST_LOADED: 'read', MANIFEST_PARSED: 'parsed', LEVEL_SWITCHED: 'switched', FRAG_LOAD_EMERGENCY_ABORTED: 'aborted' };
  static readonly DefaultConfig = { streamController: Object };
  static readonly ErrorDetails = { MANIFEST_LOAD_ERROR: 'manifestLoadError' };
  static readonly ErrorTypes = { MEDIA_ERROR: 'mediaError', NETWORK_ERROR: 'networkError' };
  static made: FakeHls[] = [];
  static supported = true;
  static isSupported(): boolean {
    return FakeHls.supported;
  }

  readonly config: Partial<HlsConfig>;
  readonly calls: string[] = [];
  levels: { videoCodec?: string; audioCodec?: string; url: string[]; height: number; bitrate: number }[] = [];
  currentLevel = 0;
  liveSyncPosition: number | null = null;
  startPosition = -1;
  playingDate: Date | null = null;
  targetLatency: number | null = null;
  #wished = -1;
  readonly #handlers = new Map<string, Handler[]>();

  constructor(config: Partial<HlsConfig>) {
    this.config = config;
    FakeHls.made.push(this);
  }

  on(event: string, handler: Handler): void {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]);
  }

  once(event: string, handler: Handler): void {
    this.on(event, handler);
  }

  get autoLevelEnabled(): boolean {
    return this.#wished < 0;
  }

  /** What is wished, at once. */
  set nextLevel(level: number) {
    this.calls.push(`level ${level}`);
    this.#wished = level;
    if (level >= 0) this.switchTo(level);
  }

  /** @param sound the address of the sound alone, which it leaves out where there are pictures */
  parse(levels: FakeHls['levels'], sound?: string): void {
    this.levels = levels;
    const read = levels.map(({ url: [url], height, bitrate }) => ({ url, width: height, height, bitrate, videoCodec: 'avc1.42c01e', audioCodec: 'mp4a.40.2' }));
    this.#tell(FakeHls.Events.MANIFEST_LOADED, { levels: sound === undefined ? read : [...read, { url: sound, bitrate: 64_000, audioCodec: 'mp4a.40.2' }] });
    this.#tell(FakeHls.Events.MANIFEST_PARSED, {});
  }

  switchTo(level: number): void {
    this.currentLevel = level;
    this.#tell(FakeHls.Events.LEVEL_SWITCHED, { level });
  }

  update(details: object): void {
    this.#tell(FakeHls.Events.LEVEL_UPDATED, { details });
  }

  loadSource(url: string): void {
    this.calls.push(`load ${url}`);
  }

  attachMedia(): void {
    this.calls.push('attach');
  }

  startLoad(seconds?: number): void {
    this.calls.push(seconds === undefined ? 'start' : `start ${seconds}`);
  }

  stopLoad(): void {
    this.calls.push('stop');
  }

  recoverMediaError(): void {
    this.calls.push('recover');
  }

  destroy(): void {
    this.calls.push('destroy');
  }

  fail({ code, ...failure }: Failure): void {
    this.#tell(FakeHls.Events.ERROR, { ...failure, error: new Error('it broke'), ...(code !== undefined && { response: { code } }) });
  }

  buffer(bytes: number): void {
    this.#tell(FakeHls.Events.FRAG_BUFFERED, { stats: { loaded: bytes } });
  }

  loadLevel(partTarget: number, live = true, fragments: readonly { readonly sn: number; readonly end: number }[] = []): void {
    this.#tell(FakeHls.Events.LEVEL_LOADED, { details: { partTarget, live, fragments } });
  }

  /** A live playlist came. @param endSN of its last segment */
  list(endSN: number): void {
    this.#tell(FakeHls.Events.LEVEL_LOADED, { details: { partTarget: 1 / 3, live: true, fragments: [], endSN } });
  }

  /** It asks for media. @returns ends that, whatever came */
  ask(): () => void {
    const frag: { loader: object | null } = { loader: {} };
    this.#tell(FakeHls.Events.FRAG_LOADING, { frag });
    return () => void (frag.loader = null);
  }

  /** A part came. @param cc of which timeline */
  loadPart(cc: number): void {
    this.#tell(FakeHls.Events.FRAG_LOADED, { frag: { cc } });
  }

  #tell(event: string, data: object): void {
    for (const handler of this.#handlers.get(event) ?? []) handler(event, data);
  }
}

/** As what the player loads. */
export function loadFakeHls(): Promise<typeof Hls> {
  return Promise.resolve(FakeHls as unknown as typeof Hls);
}
