import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';

import type { IngestMessage } from '../../src/protocol/ingest-messages.js';
import { messagesOf, readFixture, type FixtureName } from '../helpers/fixtures.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode, soundDelay, type Decoded } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { childrenOf, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';

t.setTimeout(120_000);

interface Broadcast {
  readonly name: FixtureName;
  readonly publisher: TestPublisher;
  readonly viewer: HlsViewer;
  readonly sent: Promise<void>;
}

function broadcast(t: Test, server: TestServer, name: FixtureName): Broadcast {
  const stream = name.replace('.', '-');
  const publisher = new TestPublisher(t, server.publishUrl(stream));
  const sent = publisher.message('ready').then(() => publisher.sendPaced(messagesOf(readFixture(name))));
  return { name, publisher, viewer: new HlsViewer(server.hlsUrl(stream)), sent };
}

const warningsOf = ({ messages }: TestPublisher): IngestMessage[] => messages.filter(({ type }) => type === 'warning');
const numbersOf = ({ pictures }: Decoded): number[] => pictures.map(({ number }) => number);

/** The broadcast ends; every picture of the source was seen once, in order, with its sound. */
async function checkNothingIsLost(t: Test, { name, publisher, viewer, sent }: Broadcast): Promise<void> {
  await sent;
  t.equal((await publisher.end()).code, 1000, `${name}: ended cleanly`);
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), [], `${name}: its playlists broke no rule`);
  const source = await decode(t, readFixture(name).bytes);
  const seen = await Promise.all((await viewer.timelines()).map(({ bytes }) => decode(t, bytes)));
  t.strictSame(seen.flatMap(numbersOf), numbersOf(source), `${name}: every picture once, in order, over ${String(seen.length)} timelines`);
  for (const timeline of seen.filter(({ pictures }) => pictures.length > 45)) {
    const delay = soundDelay(source, timeline);
    t.ok(Math.abs(delay) <= 0.05, `${name}: sound is ${(delay * 1000).toFixed(0)} ms off the picture`);
  }
}

const discontinuities = ({ playlists }: HlsViewer): number =>
  playlists.at(-1)?.segments.filter(({ isDiscontinuity }) => isDiscontinuity).length ?? 0;

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

t.test('kill -9 of every ffmpeg, twice: every picture comes once, in order, and nothing is left behind', async (t) => {
  const filesBefore = await openFiles();
  const server = await startServer(t);
  const broadcasts = (['chromium-h264.mkv', 'chromium-h264.mp4', 'chromium-vp8.webm'] as const).map((name) => broadcast(t, server, name));
  await Promise.all(broadcasts.map(({ publisher }) => publisher.message('live')));
  for (let round = 1; round <= 2; round++) {
    const victims = await waitUntil('an ffmpeg a broadcast', async () => {
      const found = await childrenOf(process.pid, 'ffmpeg');
      return found.length >= broadcasts.length && found;
    });
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    await waitUntil('word of it', () => broadcasts.every(({ publisher }) => warningsOf(publisher).length >= round));
    // On a busy machine the second one may come when everything was sent: then it goes on at the end.
    const allSent = Promise.all(broadcasts.map(({ sent }) => sent)).then(() => true);
    const goesOn = waitUntil('the broadcast to go on', () => broadcasts.every(({ viewer }) => discontinuities(viewer) >= round));
    await Promise.race([allSent, goesOn]);
    goesOn.catch(() => undefined);
    await sleep(500);
  }
  for (const { publisher } of broadcasts) {
    t.match(warningsOf(publisher)[0], { code: 'transcoder-restarted', message: /ffmpeg was killed by SIGKILL.*goes on/ });
  }
  for (const each of broadcasts) await checkNothingIsLost(t, each);
  t.strictSame(await childrenOf(process.pid, 'ffmpeg'), [], 'no orphan');
  await server.close();
  await waitUntil('as many open files as before', async () => (await openFiles()) <= filesBefore, 8_000);
});

t.test('a frozen ffmpeg stops its publisher, is killed when its time is up, and nothing is lost', async (t) => {
  const server = await startServer(t, { FFMPEG_TIMEOUT_SECONDS: '2' });
  const live = broadcast(t, server, 'chromium-h264.mkv');
  await live.publisher.message('live');
  const [frozen = 0] = await childrenOf(process.pid, 'ffmpeg');
  process.kill(frozen, 'SIGSTOP');
  const warning = await live.publisher.message('warning');
  t.match(warning, { code: 'transcoder-restarted', message: /ffmpeg hung/ });
  await waitUntil('its end', async () => !(await childrenOf(process.pid, 'ffmpeg')).includes(frozen));
  await checkNothingIsLost(t, live);
  t.strictSame(await childrenOf(process.pid, 'ffmpeg'), [], 'no orphan');
});

t.test('kill -9 of the server in mid-broadcast: its ffmpeg goes with it', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'segments'));
  const root = join(import.meta.dirname, '../..');
  const key = 'a-key-for-chaos';
  const folders = { SEGMENTS_DIR: join(directory, 'segments'), DATA_DIR: join(directory, 'data') };
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/main.ts')], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: directory, PORT: '0', PUBLISH_KEY: key, LADDER: 'off', ...folders },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const address = await waitUntil('the address', () => /https?:\/\/([\d.]+:\d+)/.exec(said)?.[1], 30_000);
  const publisher = new TestPublisher(t, `ws://${address}/live/doomed/publish?key=${key}`);
  const sending = publisher.message('ready').then(() => publisher.sendPaced(messagesOf(readFixture('chromium-vp8.webm'))));
  sending.catch(() => undefined);
  await publisher.message('live');
  const [orphan = 0] = await childrenOf(child.pid ?? 0, 'ffmpeg');
  t.ok(orphan > 0, 'ffmpeg is at work');
  child.kill('SIGKILL');
  const killed = performance.now();
  await waitUntil('its end', () => isGone(orphan), 10_000, 20);
  t.pass(`gone after ${(performance.now() - killed).toFixed(0)} ms`);
  await publisher.closed.catch(() => undefined);
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
