import t from 'tap';
import type { Drawing } from '../../../src/web/sdk/publishing/composition/compositor.js';
import { openFrameDrawer, type FrameDrawerSeams } from '../../../src/web/sdk/publishing/composition/frame-drawer.js';
import type { DrawMessage, DrawnMessage } from '../../../src/web/sdk/publishing/composition/frame-service.js';
import { defaultSettings } from '../../../src/web/sdk/publishing/composition/settings.js';
import { FakeTrack, settle } from './fake-media.js';

class FakeWorker {
  onmessage: ((event: { readonly data: DrawnMessage }) => void) | undefined;
  onerror: ((event: { preventDefault(): void }) => void) | undefined;
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

const drawing: Drawing = { ...defaultSettings, pause: undefined, version: 1 };
const track = (label: string): FakeTrack => new FakeTrack('video', { label });
const asTrack = (fake: FakeTrack): MediaStreamTrack => fake as unknown as MediaStreamTrack;

t.test('a browser that gives no frames is told apart', async (t) => {
  t.equal(await openFrameDrawer(() => undefined), undefined);
});

t.test('a worker is given the streams themselves, so that the page has no part in it; closed, it is told so', async (t) => {
  installFakeBrowser(t);
  const worker = new FakeWorker();
  const drawn: number[] = [];
  const opening = openFrameDrawer((version) => drawn.push(version), { openWorker: () => worker as unknown as Worker, text: 'a program' });
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
  const ways: Record<string, FrameDrawerSeams> = {
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
    const drawer = await openFrameDrawer((version) => drawn.push(version), seams);
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
