import t from 'tap';
import { steadyVideo } from '../../../src/web/sdk/steady-video.js';
import { settle } from './fake-page.js';

/** Frames that nobody gave back yet. */
const open = new Set<FakeFrame>();

class FakeFrame {
  readonly timestamp: number;

  constructor(of: FakeFrame | undefined, init: { readonly timestamp: number }) {
    if (of !== undefined && !open.has(of)) throw new Error('expected a frame that is open, got one that was given back');
    this.timestamp = init.timestamp;
    open.add(this);
  }

  clone(): FakeFrame {
    return new FakeFrame(this, this);
  }

  close(): void {
    open.delete(this);
  }
}

/** A browser with insertable streams: what comes in is the test's, what goes out is noted. */
function fakeStreams(t: { teardown(restore: () => void): void }) {
  const shown: number[] = [];
  let source: ReadableStreamDefaultController<FakeFrame> | undefined;
  const track = { isStopped: false, stop: () => void (track.isStopped = true) };
  const globals = globalThis as unknown as Record<string, unknown>;
  const replaced = {
    VideoFrame: FakeFrame,
    MediaStreamTrackProcessor: class {
      readonly readable = new ReadableStream<FakeFrame>({ start: (controller) => void (source = controller) });
    },
    MediaStreamTrackGenerator: class {
      readonly stop = track.stop;
      readonly writable = new WritableStream<FakeFrame>({
        write: (frame) => {
          shown.push(frame.timestamp);
          frame.close();
        },
      });
    },
  };
  const before = Object.keys(replaced).map((name) => [name, globals[name]] as const);
  Object.assign(globals, replaced);
  t.teardown(() => Object.assign(globals, Object.fromEntries(before)));
  open.clear();
  return {
    ...{ shown, track },
    give: async (timestamp: number): Promise<void> => {
      source?.enqueue(new FakeFrame(undefined, { timestamp }));
      await settle();
    },
    end: async (): Promise<void> => {
      source?.close();
      await settle();
    },
  };
}

t.test('where the browser can not copy frames there is no copy', (t) => {
  t.equal(steadyVideo({} as MediaStreamTrack), undefined);
  t.end();
});

t.test('frames go through as they come, and while none comes the last one is given again, later', async (t) => {
  const { shown, give } = fakeStreams(t);
  const steady = steadyVideo({} as MediaStreamTrack);
  steady?.tick();
  t.same(shown, [], 'nothing was there to give again');
  await give(1_000);
  steady?.tick();
  t.same(shown, [1_000], 'one came since');
  steady?.tick();
  await settle();
  steady?.tick();
  await settle();
  t.equal(shown.length, 3);
  t.same(shown, shown.toSorted((a, b) => a - b));
  steady?.close();
});

t.test('no frame goes behind a repeated one, whose time was guessed', async (t) => {
  const { shown, give } = fakeStreams(t);
  const steady = steadyVideo({} as MediaStreamTrack);
  await give(1_000_000);
  steady?.tick();
  steady?.tick();
  await settle();
  await give(1_000_000);
  t.equal(shown.length, 3);
  t.ok((shown[2] ?? 0) > (shown[1] ?? 0), shown.join(' '));
  steady?.close();
});

t.test('closed, or when the source ends, every frame is given back and the copy stops', async (t) => {
  for (const how of ['close', 'end'] as const) {
    const { track, give, end } = fakeStreams(t);
    const steady = steadyVideo({} as MediaStreamTrack);
    for (const timestamp of [0, 50_000, 100_000]) await give(timestamp);
    if (how === 'end') await end();
    steady?.close();
    await settle();
    t.ok(track.isStopped, how);
    t.equal(open.size, 0, 'no frame is kept');
  }
});
