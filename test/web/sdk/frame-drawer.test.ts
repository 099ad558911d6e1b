import t from 'tap';
import type { Drawing } from '../../../src/web/sdk/publishing/composition/compositor.js';
import { openFrameDrawer } from '../../../src/web/sdk/publishing/composition/frame-drawer.js';
import type { DrawerOptions } from '../../../src/web/sdk/publishing/composition/picture-drawer.js';
import { startTicker } from '../../../src/web/sdk/ticker.js';
import type { WorkerSeams } from '../../../src/web/sdk/worker-port.js';
import type { DrawMessage, DrawnMessage } from '../../../src/web/sdk/publishing/composition/frame-service.js';
import { defaultSettings } from '../../../src/web/sdk/publishing/composition/settings.js';
import { FakeTrack, settle } from './fake-media.js';

class FakeWorker {
  onmessage: ((event: { readonly data: DrawnMessage }) => void) | null = null;
  onerror: ((event: { preventDefault(): void }) => void) | null = null;
  readonly messages: DrawMessage[] = [];
  readonly transferred: unknown[] = [];
  terminated = false;

  postMessage(message: DrawMessage, transfer: readonly unknown[] = []): void {
    this.messages.push(message);
    this.transferred.push(...transfer);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(data: DrawnMessage): void {
    this.onmessage?.({ data });
  }
}

/** A frame that counts how often it is open. */
class FakeFrame {
  static open = 0;
  displayWidth = 640;
  displayHeight = 360;
  isOpen = true;
  constructor() {
    FakeFrame.open += 1;
  }
  clone(): FakeFrame {
    return new FakeFrame();
  }
  close(): void {
    if (this.isOpen) FakeFrame.open -= 1;
    this.isOpen = false;
  }
}

interface Browser {
  /** Gives a frame of this track to whoever reads it. */
  readonly give: (track: FakeTrack) => void;
  readonly written: unknown[];
}

/** Chromium's insertable streams, and a canvas on which nothing is drawn. */
function installFakeBrowser(t: { teardown(release: () => void): void }): Browser {
  const readers = new Map<unknown, ReadableStreamDefaultController<unknown>>();
  const written: unknown[] = [];
  class Processor {
    readonly readable: ReadableStream<unknown>;
    constructor({ track }: { readonly track: unknown }) {
      this.readable = new ReadableStream({ start: (controller) => void readers.set(track, controller), cancel: () => void readers.delete(track) });
    }
  }
  class Generator extends FakeTrack {
    readonly writable = new WritableStream({
      write: (frame: FakeFrame) => {
        written.push(frame);
        frame.close();
      },
    });
    constructor() {
      super('video', { label: 'composed' });
    }
  }
  const nothing = new Proxy({}, { get: (_target, name) => (name === 'measureText' ? () => ({ width: 1 }) : name === 'createLinearGradient' ? () => ({ addColorStop: () => undefined }) : () => undefined), set: () => true });
  class Canvas {
    getContext(): object {
      return nothing;
    }
  }
  FakeFrame.open = 0;
  const before = Object.fromEntries(['MediaStreamTrackProcessor', 'MediaStreamTrackGenerator', 'OffscreenCanvas', 'VideoFrame'].map((name) => [name, (globalThis as Record<string, unknown>)[name]]));
  Object.assign(globalThis, { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator, OffscreenCanvas: Canvas, VideoFrame: FakeFrame });
  t.teardown(() => Object.assign(globalThis, before));
  return { give: (track) => readers.get(track)?.enqueue(new FakeFrame()), written };
}

/** The page's clock, which the test turns. */
class FakeClock {
  readonly #running = new Set<() => void>();
  readonly startTicker: WorkerSeams['startTicker'] = (_intervalMs, onTick) => {
    this.#running.add(onTick);
    return () => this.#running.delete(onTick);
  };
  get count(): number {
    return this.#running.size;
  }
  tick(): void {
    for (const onTick of this.#running) onTick();
  }
}

const still = new FakeClock();
const nobody: DrawerOptions = { onDrawn: () => undefined, onLost: () => undefined, onThePage: false };

const drawing: Drawing = { ...defaultSettings, pause: undefined, version: 1 };
const track = (label: string): FakeTrack => new FakeTrack('video', { label });
const asTrack = (fake: FakeTrack): MediaStreamTrack => fake as unknown as MediaStreamTrack;

t.test('a browser that gives no frames is told apart', async (t) => {
  t.equal(await openFrameDrawer(nobody), undefined);
});

t.test('a worker is given the streams themselves, so that the page has no part in it; closed, it is told so', async (t) => {
  installFakeBrowser(t);
  const worker = new FakeWorker();
  const drawn: number[] = [];
  const opening = openFrameDrawer({ ...nobody, onDrawn: (version) => drawn.push(version) }, { openWorker: () => worker as unknown as Worker, text: 'a program', startTicker: still.startTicker });
  await settle();
  worker.say({ type: 'ready' });
  const drawer = await opening;
  drawer?.take('camera', asTrack(track('camera')));
  drawer?.show(drawing);
  worker.say({ type: 'drawn', version: 1 });
  drawer?.take('camera', undefined);
  drawer?.close();
  t.strictSame(worker.messages.map(({ type }) => type), ['begin', 'picture', 'show', 'picture', 'close']);
  t.equal(worker.transferred.length, 2);
  t.strictSame(drawn, [1]);
  t.equal(drawer?.track.readyState, 'ended');
});

t.test('a worker that may not start, said at once, by an event, or not at all, is stood in for by the page', async (t) => {
  const ways: Record<string, Omit<WorkerSeams, 'startTicker'>> = {
    thrown: { openWorker: () => { throw new Error('SecurityError'); }, text: 'a program' },
    'an event': {
      openWorker: () => {
        const worker = new FakeWorker();
        setImmediate(() => worker.onerror?.({ preventDefault: () => undefined }));
        return worker as unknown as Worker;
      },
      text: 'a program',
    },
    'not a word': { openWorker: () => new FakeWorker() as unknown as Worker, text: 'a program' },
    'no program': { openWorker: () => { throw new Error('expected no worker to be asked for'); }, text: '' },
  };
  for (const [way, seams] of Object.entries(ways)) {
    const browser = installFakeBrowser(t);
    const drawn: number[] = [];
    const drawer = await openFrameDrawer({ ...nobody, onDrawn: (version) => drawn.push(version) }, { ...seams, startTicker });
    const camera = track('camera');
    drawer?.take('camera', asTrack(camera));
    drawer?.show(drawing);
    await settle();
    for (let frame = 0; frame < 3; frame += 1) {
      browser.give(camera);
      await settle();
    }
    t.strictSame(drawn, [1], way);
    t.ok(browser.written.length > 0, way);
    drawer?.close();
    await settle();
    t.equal(FakeFrame.open, 0, `${way}: every frame is given back`);
  }
});

interface Watched {
  readonly worker: FakeWorker;
  readonly clock: FakeClock;
  readonly lost: () => number;
  readonly close: () => void;
}

async function watched(t: Parameters<typeof installFakeBrowser>[0]): Promise<Watched> {
  installFakeBrowser(t);
  const [worker, clock] = [new FakeWorker(), new FakeClock()];
  let lost = 0;
  const opening = openFrameDrawer({ ...nobody, onLost: () => (lost += 1) }, { openWorker: () => worker as unknown as Worker, text: 'a program', startTicker: clock.startTicker });
  await settle();
  worker.say({ type: 'ready' });
  const drawer = await opening;
  return { worker, clock, lost: () => lost, close: () => drawer?.close() };
}

t.test('a worker that died is told of once, whether the browser says so or it falls silent, and nothing of it is left', async (t) => {
  const ways: Record<string, (watched: Watched) => void> = {
    error: ({ worker }) => worker.onerror?.({ preventDefault: () => undefined }),
    silence: ({ clock }) => Array.from({ length: 8 }).forEach(() => clock.tick()),
  };
  for (const [way, die] of Object.entries(ways)) {
    const bench = await watched(t);
    die(bench);
    die(bench);
    t.equal(bench.lost(), 1, way);
    t.ok(bench.worker.terminated, way);
    t.equal(bench.clock.count, 0, way);
  }
});

t.test('a worker that says something, or was closed, is not dead', async (t) => {
  const { worker, clock, lost, close } = await watched(t);
  for (let minute = 0; minute < 60; minute += 1) {
    for (let second = 0; second < 3; second += 1) clock.tick();
    worker.say(minute % 2 === 0 ? { type: 'alive' } : { type: 'drawn', version: 1 });
  }
  close();
  for (let second = 0; second < 10; second += 1) clock.tick();
  t.equal(lost(), 0);
  t.equal(clock.count, 0);
});

t.test('where workers have died before, none is asked for', async (t) => {
  const browser = installFakeBrowser(t);
  const drawn: number[] = [];
  const openWorker = (): Worker => {
    throw new Error('expected no worker to be asked for');
  };
  const drawer = await openFrameDrawer({ ...nobody, onDrawn: (version) => drawn.push(version), onThePage: true }, { openWorker, text: 'a program', startTicker: still.startTicker });
  const camera = track('camera');
  drawer?.take('camera', asTrack(camera));
  drawer?.show(drawing);
  await settle();
  browser.give(camera);
  await settle();
  t.strictSame(drawn, [1]);
  drawer?.close();
});
