import { FakeStream, FakeTrack } from './fake-media.js';

/** An element that shows what the test says it shows, or a canvas on which is counted what is drawn. */
export class FakeElement extends EventTarget {
  readonly name: string;
  srcObject: FakeStream | null = null;
  width = 0;
  height = 0;
  videoWidth = 0;
  videoHeight = 0;
  readyState = 0;
  totalVideoFrames = 0;
  drawn = 0;
  readonly captured = new FakeTrack('video', { label: 'canvas' });

  constructor(name: string) {
    super();
    this.name = name;
  }

  play(): Promise<void> {
    return Promise.resolve();
  }

  getVideoPlaybackQuality(): { totalVideoFrames: number } {
    return { totalVideoFrames: this.totalVideoFrames };
  }

  /** A context on which everything can be done. */
  getContext(): object {
    const anything: object = new Proxy({}, {
      get: (_target, name) => {
        if (name === 'measureText') return () => ({ width: 1 });
        if (name === 'createLinearGradient') return () => ({ addColorStop: () => undefined });
        return () => (this.drawn += 1);
      },
      set: () => true,
    });
    return anything;
  }

  captureStream(): FakeStream {
    return new FakeStream([this.captured]);
  }

  /** Pictures of this size come. */
  show(width: number, height: number, event: 'loadedmetadata' | 'resize' = 'resize'): void {
    Object.assign(this, { videoWidth: width, videoHeight: height, readyState: 4 });
    this.totalVideoFrames += 1;
    this.dispatchEvent(new Event(event));
  }
}

export class FakeDocument extends EventTarget {
  visibilityState: 'visible' | 'hidden' = 'visible';
  readonly made: FakeElement[] = [];

  createElement(name: string): FakeElement {
    const element = new FakeElement(name);
    this.made.push(element);
    return element;
  }

  turn(visibilityState: 'visible' | 'hidden'): void {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** Puts these in place of the browser's own until the test is over. */
export function installGlobals(t: { teardown(restore: () => void): void }, globals: Readonly<Record<string, unknown>>): void {
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.teardown(() => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  });
}
