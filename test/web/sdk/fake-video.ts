const uint32 = (...values: number[]): Uint8Array => Buffer.concat(values.map((value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])));
const box = (type: string, ...bodies: Uint8Array[]): Uint8Array => Buffer.concat([uint32(8 + bodies.reduce((sum, body) => sum + body.byteLength, 0)), Buffer.from(type, 'latin1'), ...bodies]);

/** As much of an init segment as the player reads; times are in milliseconds. */
export function initSegment(...kinds: readonly ('vide' | 'soun')[]): Uint8Array<ArrayBuffer> {
  const tracks = kinds.map((kind, index) =>
    box('trak', box('tkhd', uint32(0, 0, 0, index + 1)), box('mdia', box('mdhd', uint32(0, 0, 0, 1000)), box('hdlr', uint32(0, 0), Buffer.from(kind, 'latin1')))),
  );
  return new Uint8Array(Buffer.concat([box('ftyp', uint32(1)), box('moov', ...tracks)]));
}

export function fragment(atMs: number, durationMs: number): Uint8Array<ArrayBuffer> {
  const moof = box('moof', box('traf', box('tfhd', uint32(0, 1)), box('tfdt', uint32(0, atMs))));
  return new Uint8Array(Buffer.concat([moof, box('mdat', uint32(durationMs))]));
}

const sources = new Map<string, FakeMediaSource>();

/** A source that opens when its page is shown; its buffer understands what `fragment` makes. */
export class FakeMediaSource extends EventTarget {
  static readonly made: FakeMediaSource[] = [];
  /** Types that the browser can't play have this in them. */
  static refuses = 'nothing';
  static isTypeSupported(type: string): boolean {
    return !type.includes(FakeMediaSource.refuses);
  }

  readyState: 'closed' | 'open' | 'ended' = 'closed';
  duration = NaN;
  readonly buffers: FakeSourceBuffer[] = [];

  constructor() {
    super();
    FakeMediaSource.made.push(this);
  }

  addSourceBuffer(): FakeSourceBuffer {
    const buffer = new FakeSourceBuffer();
    this.buffers.push(buffer);
    return buffer;
  }

  open(): void {
    this.readyState = 'open';
    this.dispatchEvent(new Event('sourceopen'));
  }

  endOfStream(): void {
    this.readyState = 'ended';
  }
}

class FakeSourceBuffer extends EventTarget {
  timestampOffset = 0;
  updating = false;
  ranges: { startSeconds: number; endSeconds: number }[] = [];
  kinds: string[] = [];

  get buffered(): Pick<TimeRanges, 'length' | 'start' | 'end'> {
    const ranges = this.ranges;
    return { length: ranges.length, start: (index) => ranges[index]?.startSeconds ?? NaN, end: (index) => ranges[index]?.endSeconds ?? NaN };
  }

  changeType(): void {
    return;
  }

  appendBuffer(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let atMs = 0;
    for (let offset = 0; offset < bytes.byteLength; offset += view.getUint32(offset)) {
      const type = Buffer.from(bytes.subarray(offset + 4, offset + 8)).toString('latin1');
      const size = view.getUint32(offset);
      if (type === 'moov') this.kinds.push(Buffer.from(bytes.subarray(offset, offset + size)).toString('latin1').replace(/[^a-z]/g, ''));
      if (type === 'moof') atMs = view.getUint32(offset + size - 4);
      if (type === 'mdat') this.#add(atMs / 1000 + this.timestampOffset, view.getUint32(offset + 8) / 1000);
    }
    this.#update();
  }

  remove(_from: number, toSeconds: number): void {
    this.ranges = this.ranges.map((range) => ({ ...range, startSeconds: Math.max(range.startSeconds, toSeconds) })).filter((range) => range.startSeconds < range.endSeconds);
    this.#update();
  }

  #add(startSeconds: number, durationSeconds: number): void {
    const last = this.ranges.at(-1);
    if (last !== undefined && startSeconds - last.endSeconds <= 0.02 && startSeconds >= last.startSeconds) last.endSeconds = Math.max(last.endSeconds, startSeconds + durationSeconds);
    else this.ranges.push({ startSeconds, endSeconds: startSeconds + durationSeconds });
  }

  #update(): void {
    this.updating = true;
    queueMicrotask(() => {
      this.updating = false;
      this.dispatchEvent(new Event('updateend'));
    });
  }
}

/** A video element whose decoder is the test: `advance` plays what is buffered. */
export class FakeVideo extends EventTarget {
  currentTime = 0;
  paused = true;
  muted = false;
  ended = false;
  seeking = false;
  playsInline = false;
  playbackRate = 1;
  duration = NaN;
  readyState = 0;
  error: { message: string } | null = null;
  disableRemotePlayback = false;
  videoWidth = 640;
  videoHeight = 360;
  /** `sound`: only muted; `all`: not at all, until the viewer acts. */
  refuses: 'nothing' | 'sound' | 'all' = 'nothing';
  /** Sources open at once, as in a page that can be seen. */
  opensSources = true;
  source: FakeMediaSource | undefined;

  set src(url: string) {
    this.source = sources.get(url);
    if (this.opensSources) this.source?.open();
  }

  get buffered(): Pick<TimeRanges, 'length' | 'start' | 'end'> {
    return this.source?.buffers[0]?.buffered ?? { length: 0, start: () => NaN, end: () => NaN };
  }

  removeAttribute(): void {
    this.source = undefined;
  }

  load(): void {
    this.paused = true;
    this.currentTime = 0;
    this.readyState = 0;
  }

  canPlayType(): string {
    return '';
  }

  getVideoPlaybackQuality(): { droppedVideoFrames: number } {
    return { droppedVideoFrames: 0 };
  }

  async play(): Promise<void> {
    if (this.refuses === 'all' || (this.refuses === 'sound' && !this.muted)) throw new DOMException('not now', 'NotAllowedError');
    if (!this.paused) return;
    this.paused = false;
    this.say('play');
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.say('pause');
  }

  say(name: 'emptied' | 'canplay' | 'play' | 'pause' | 'playing' | 'waiting' | 'ended' | 'error' | 'seeked' | 'ratechange' | 'durationchange' | 'volumechange'): void {
    this.dispatchEvent(new Event(name));
  }

  /** Shows what is buffered, for so long. */
  advance(seconds: number): void {
    const ranges = this.buffered;
    const end = ranges.length === 0 ? this.currentTime : ranges.end(ranges.length - 1);
    this.readyState = ranges.length === 0 ? 0 : 4;
    if (!this.paused) this.currentTime = Math.min(end, this.currentTime + seconds);
  }
}

/** Puts in place what the player expects of a browser, and takes it away when the test is over. */
export function fakeBrowser(t: { teardown(restore: () => void): void }): void {
  const globals = globalThis as unknown as Record<string, unknown>;
  const replaced = Object.entries({ MediaSource: FakeMediaSource, WebSocket: FakeVideo, HTMLMediaElement: { HAVE_NOTHING: 0, HAVE_CURRENT_DATA: 2, HAVE_FUTURE_DATA: 3 }, IntersectionObserver: FakeObserver }).map(([name, value]) => {
    const old = globals[name];
    globals[name] = value;
    return [name, old] as const;
  });
  const before = { create: URL.createObjectURL.bind(URL), revoke: URL.revokeObjectURL.bind(URL) };
  URL.createObjectURL = (source) => {
    const url = `blob:${sources.size}`;
    sources.set(url, source as unknown as FakeMediaSource);
    return url;
  };
  URL.revokeObjectURL = () => undefined;
  t.teardown(() => {
    for (const [name, old] of replaced) globals[name] = old;
    Object.assign(URL, { createObjectURL: before.create, revokeObjectURL: before.revoke });
  });
}

class FakeObserver {
  static readonly observing = new Set<FakeObserver>();
  observe(): void {
    FakeObserver.observing.add(this);
  }
  disconnect(): void {
    FakeObserver.observing.delete(this);
  }
}
