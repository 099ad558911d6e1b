import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { buildApp } from '../src/app.js';
import { loadConfig } from '../src/config.js';
import type { LiveStreamInfo } from '../src/protocol/live-stream-info.js';
import { FakeTranscoder } from './live/fake-transcoder.js';
import { recording, until } from './live/fake-studio.js';
import { fixture } from './source/fixture.js';
import { SocketClient } from './http/socket-client.js';

const hourMs = 3_600_000;
const key = 'key-of-the-test';
const whole = fixture('chromium-vp8.webm');

/** The wall clock of this process in the test's hand, until the test is over. */
function movableWallClock(t: Test): { moveBy(ms: number): void } {
  const RealDate = Date;
  let offsetMs = 0;
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number]) {
      super(...(args.length === 0 ? ([RealDate.now() + offsetMs] as const) : args));
    }

    static override now(): number {
      return RealDate.now() + offsetMs;
    }
  } as DateConstructor;
  t.teardown(() => (globalThis.Date = RealDate));
  return { moveBy: (ms) => (offsetMs += ms) };
}

t.test('a wall clock that jumps by an hour, either way, refuses nobody, doubles nothing and changes no figure', async (t) => {
  const clock = movableWallClock(t);
  const directory = mkdtempSync(join(tmpdir(), 'onair-clock-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const publicDir = resolve('public');
  const env = { PUBLISH_KEY: key, DATA_DIR: join(directory, 'data'), SEGMENTS_DIR: join(directory, 'segments'), LOG_LEVEL: 'silent', WRONG_KEYS_PER_MINUTE: '2', API_REQUESTS_PER_MINUTE: '60', CHAT_MESSAGES_PER_MINUTE: '60' };
  const transcoders: FakeTranscoder[] = [];
  const startTranscoder = (plan: FakeTranscoder['plan']): FakeTranscoder => {
    const transcoder = new FakeTranscoder(plan);
    transcoders.push(transcoder);
    // A poster is made of what is there when it is asked for.
    if (plan.inputFormat === 'mp4') transcoder.jpeg('poster');
    return transcoder;
  };
  const { http } = await buildApp(loadConfig(env, publicDir), { publicDir, startTranscoder });
  t.teardown(() => http.close());
  const origin = await http.listen({ port: 0, host: '127.0.0.1' });
  const socketAt = (path: string): SocketClient => new SocketClient(t, `${origin.replace('http', 'ws')}/live/cam/${path}`);
  const facts = async (): Promise<LiveStreamInfo> => {
    const response = await fetch(`${origin}/api/streams/cam`);
    t.equal(response.status, 200, 'the API refuses nobody');
    return (await response.json()) as LiveStreamInfo;
  };

  const publisher = socketAt(`publish?key=${key}`);
  await publisher.nextOf('ready');
  let sent = recording.length;
  publisher.socket.send(recording);
  const live = await until(() => transcoders[0]);
  live.init();
  live.pictures(60);
  await publisher.nextOf('live');
  const viewer = socketAt('play');
  const seen: string[] = [];
  const watching = (async () => {
    while (seen.at(-1) !== 'later 59') {
      const message = await viewer.next();
      if (Buffer.isBuffer(message)) for (const [picture] of message.toString('latin1').matchAll(/(picture|later) \d+/g)) seen.push(picture);
    }
  })();
  const chat = socketAt('chat');
  chat.socket.once('open', () => chat.socket.send(JSON.stringify({ type: 'join', name: 'Ada' })));
  await chat.nextOf('joined');
  const say = async (text: string): Promise<void> => {
    chat.socket.send(JSON.stringify({ type: 'message', text }));
    t.match(await chat.next(), { type: 'message', text }, 'the chat refuses nobody');
  };
  const media = new URL(/^[^#].*$/m.exec(await (await fetch(`${origin}/live/cam/index.m3u8`)).text())?.[0] ?? '', `${origin}/live/cam/`);
  await fetch(media);
  t.equal(await (await fetch(`${origin}/live/cam/poster.jpg`)).text(), 'poster');
  await fetch(`${origin}/api/streams/cam?key=wrong`, { method: 'DELETE' });
  const before = await facts();

  for (const moveMs of [hourMs, -hourMs, -hourMs, hourMs]) {
    clock.moveBy(moveMs);
    publisher.socket.send(whole.subarray(sent, (sent += 1000)));
    live.pictures(10);
    await say(`moved by ${moveMs}`);
    const { viewers, state, ingestBitsPerSecond } = await facts();
    t.strictSame({ viewers, state }, { viewers: before.viewers, state: 'live' });
    t.ok(ingestBitsPerSecond <= before.ingestBitsPerSecond * 1.5, `${ingestBitsPerSecond} bits a second after ${before.ingestBitsPerSecond}`);
    const again = await fetch(`${origin}/live/cam/poster.jpg`);
    t.equal(await again.text(), 'poster');
    t.ok(Number(/\d+/.exec(again.headers.get('cache-control') ?? '')?.[0]) <= 10, 'no older than it may be');
    t.equal(transcoders.length, 2, 'and not made again before its time');
    t.equal((await fetch(media)).status, 200);
  }
  const wrong = await fetch(`${origin}/api/streams/cam?key=wrong`, { method: 'DELETE' });
  t.equal(wrong.status, 401, 'who may guess twice a minute may guess a second time');
  const blocked = await fetch(`${origin}/api/streams/cam?key=wrong`, { method: 'DELETE' });
  t.ok(blocked.status === 503 && Number(blocked.headers.get('retry-after')) <= 30, 'and a third time soon, whatever the clock says');

  // Another recording after a jump back: what is published stays in order.
  clock.moveBy(-hourMs);
  publisher.socket.send(JSON.stringify({ type: 'recording' }));
  publisher.socket.send(recording);
  const next = await until(() => transcoders[2]);
  next.init();
  next.pictures(30, 'later');
  const times = await until(async () => {
    const text = await (await fetch(media)).text();
    return text.includes('EXT-X-DISCONTINUITY\n') && [...text.matchAll(/PROGRAM-DATE-TIME:(\S+)/g)].map(([, time]) => Date.parse(time ?? ''));
  });
  t.strictSame(times, [...times].sort((a, b) => a - b), 'date-times never go back');
  next.pictures(30, 'later');
  await watching;
  const numbered = (name: string, from: number, to: number): string[] => Array.from({ length: to - from }, (_none, index) => `${name} ${from + index}`);
  t.strictSame(seen, [...numbered('picture', 50, 100), ...numbered('later', 0, 60)], 'every picture once, in order');
  publisher.socket.send(JSON.stringify({ type: 'end' }));
  t.equal((await publisher.closed).code, 1000);
  t.equal((await viewer.closed).code, 1000);
});
