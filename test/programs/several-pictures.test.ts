import { once } from 'node:events';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { ViewerMessage } from '../../src/protocol/viewer-messages.js';
import { CuttingProxy } from '../helpers/cutting-proxy.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { keyframeTimes, timesNotIn } from '../helpers/keyframe-times.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { multivariantViolations, violations } from '../helpers/playlist-rules.js';
import { childrenOf, findProgram, run, skipBeforeFfmpeg, skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { ResumingPublisher } from '../helpers/resuming-publisher.js';
import { seededRandom } from '../helpers/seeded-random.js';
import { recordSeveralPictures } from '../helpers/several-pictures.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { playInVlc, vlcProgram } from '../helpers/vlc.js';

t.setTimeout(140_000);
/** 4.1 keeps the last picture of each rendition beside the source to itself, and records differently. */
const skip = skipWithout(findProgram('ffmpeg'), 'ffmpeg') || skipBeforeFfmpeg(5);

const rate = 25;
const numbersOf = (seconds: number): number[] => Array.from({ length: seconds * rate }, (_, number) => number);

async function send(publisher: TestPublisher, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 8192) await publisher.send(bytes.subarray(at, at + 8192));
}

function watchAll(server: TestServer, stream: string, variants: number): HlsViewer[] {
  return Array.from({ length: variants }, (_, variant) => new HlsViewer(server.hlsUrl(stream), { variant }));
}

/** The part boundaries of the segments that a playlist listed with parts. */
const partsOf = ({ playlists }: HlsViewer): Map<string, number> => new Map(playlists.flatMap(({ segments }) => segments.flatMap(({ parts }) => parts.map(({ uri, durationSeconds }): [string, number] => [uri, durationSeconds]))));

/** Each rendition shows these pictures, each once and in order; all of them are cut alike, and keep every rule. */
async function checkRenditions(t: Test, viewers: readonly HlsViewer[], numbers: readonly number[], keyframeSeconds = 1): Promise<void> {
  await Promise.all(viewers.map(({ ended }) => ended));
  const [first] = viewers;
  t.strictSame([...multivariantViolations(first?.multivariant ?? '')], []);
  const keyframesOf = async (viewer: HlsViewer): Promise<number[]> => (await viewer.timelines()).flatMap(({ bytes }) => keyframeTimes(bytes));
  const keyframes = first ? await keyframesOf(first) : [];
  t.ok(keyframes.length >= numbers.length / rate / keyframeSeconds, `keyframes at ${keyframes.join(' ')}`);
  const cutsOf = (viewer: HlsViewer): unknown[] => viewer.segments.map(({ sequenceNumber, durationSeconds, isDiscontinuity, programDateTime }) => [sequenceNumber, durationSeconds, isDiscontinuity, programDateTime]);
  for (const [variant, viewer] of viewers.entries()) {
    t.strictSame(violations(viewer.playlists), [], `variant ${variant}: its playlists break no rule`);
    t.strictSame(cutsOf(viewer), first && cutsOf(first), `variant ${variant}: cut as the first is`);
    const [parts, partsOfFirst] = [partsOf(viewer), partsOf(first ?? viewer)];
    t.strictSame([...parts].filter(([uri, seconds]) => (partsOfFirst.get(uri) ?? seconds) !== seconds), [], `variant ${variant}: parts as long as the first's`);
    const own = await keyframesOf(viewer);
    t.strictSame([own.length, timesNotIn(own, keyframes)], [keyframes.length, []], `variant ${variant}: keyframes where the first has them`);
    const timelines = await Promise.all((await viewer.timelines()).map(({ bytes }) => decode(t, bytes, ['-xerror'])));
    t.strictSame(timelines.flatMap(({ pictures }) => pictures.map(({ number }) => number)), numbers, `variant ${variant}: each picture once, in order`);
    const sound = timelines.reduce((sum, { loudness }) => sum + loudness.filter((level) => level > 0).length, 0);
    t.ok(sound > (numbers.length / rate) * 900, `variant ${variant}: ${sound} ms of sound`);
  }
}

/** Watches by WebSocket, and selects another rendition whenever it is sent the one it selected; what came under each init segment, and of which rendition it was. */
function watchAllBySocket(t: Test, server: TestServer, stream: string): { readonly ended: Promise<unknown>; readonly runs: { readonly rendition: string; readonly bytes: Buffer[] }[] } {
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/live/${stream}/play`);
  t.teardown(() => socket.terminate());
  const runs: { rendition: string; readonly bytes: Buffer[] }[] = [];
  let next: string | undefined = 'source';
  socket.on('message', (data, isBinary) => {
    const message = isBinary ? undefined : (JSON.parse((data as Buffer).toString()) as ViewerMessage);
    if (message?.type === 'init') runs.push({ rendition: 'source', bytes: [] });
    const run = runs.at(-1);
    if (isBinary) run?.bytes.push(data as Buffer);
    if (message?.type !== 'renditions' || !run) return;
    run.rendition = message.current;
    if (message.current !== next) return;
    const ids = message.renditions.filter(({ height }) => height !== undefined).map(({ id }) => id);
    next = ids[(ids.indexOf(next) + 1) % ids.length];
    socket.send(JSON.stringify({ type: 'select', rendition: next }));
  });
  return { ended: once(socket, 'close'), runs };
}

t.test('several pictures in one recording are as many renditions, copied, largest first, cut alike, each with all pictures and the sound, live and in the recording', { skip }, async (t) => {
  const server = await startServer(t, { RECORD: 'on' });
  const recording = await recordSeveralPictures({ seconds: 8, heights: [90, 120] });
  const publisher = new TestPublisher(t, server.publishUrl('ladder'));
  await publisher.message('ready');
  const viewers = watchAll(server, 'ladder', 3);
  const sound = new HlsViewer(server.hlsUrl('ladder'), { variant: 3 });
  const switching = watchAllBySocket(t, server, 'ladder');
  await send(publisher, recording);
  const { renditions: wanted } = await publisher.message('wanted');
  t.ok(wanted.length > 0 && wanted.every((id) => ['source', 'picture-2', 'picture-3', 'audio'].includes(id)), `the publisher is told which are watched: ${wanted.join(' ')}`);
  t.equal((await publisher.end()).code, 1000);
  await checkRenditions(t, viewers, numbersOf(8));
  await sound.ended;
  t.match(await sound.mediaUrl, /\/audio\/media\.m3u8$/, 'sound alone is last');
  t.strictSame(violations(sound.playlists), []);
  const shapeOf = ({ segments }: HlsViewer): unknown => segments.map(({ uri, durationSeconds, programDateTime }) => [uri, durationSeconds, programDateTime]);
  t.strictSame(shapeOf(sound), viewers[0] && shapeOf(viewers[0]), 'and is cut as the others are');
  const [heard] = await sound.timelines();
  const { pictures, loudness } = await decode(t, heard?.bytes ?? Buffer.alloc(0), ['-xerror']);
  t.strictSame([pictures.length, loudness.filter((level) => level > 0).length > 7200], [0, true], 'all of the sound, no picture');
  await switching.ended;
  const seen = await Promise.all(switching.runs.map(({ bytes }) => decode(t, Buffer.concat(bytes), ['-xerror'])));
  t.strictSame(seen.flatMap(({ pictures }) => pictures.map(({ number }) => number)), numbersOf(8), 'by WebSocket, over all changes: each picture once, in order');
  t.strictSame([...new Set(switching.runs.map(({ rendition }) => rendition))].sort(), ['picture-2', 'picture-3', 'source'], switching.runs.map(({ rendition }) => rendition).join(' '));
  const unknown = await fetch(new URL('picture-9/media.m3u8', (await viewers[0]?.mediaUrl) ?? ''));
  t.strictSame([unknown.status, unknown.headers.get('cache-control')], [404, 'no-store'], 'a rendition that is not there may yet come to be');

  const listed = async (): Promise<{ state: string; urls: { hls: string; download: string } }[]> => ((await (await fetch(`${server.origin}/api/recordings?stream=ladder`)).json()) as { recordings: [] }).recordings;
  const recorded = await waitUntil('the recording', async () => (await listed()).find(({ state }) => state === 'complete'), 30_000, 200);
  const uris = [...(await (await fetch(recorded.urls.hls)).text()).matchAll(/^#EXT-X-STREAM-INF:.*RESOLUTION=\d+x(\d+).*\n(.+)$/gm)].map(([, height = '', uri = '']) => ({ height, uri }));
  t.strictSame(uris.map(({ height }) => height), ['180', '120', '90'], 'every rendition is kept');
  for (const { height, uri } of uris) {
    const { pictures } = await decode(t, new URL(uri, recorded.urls.hls).href);
    t.strictSame(pictures.map(({ number }) => number), numbersOf(8), `recorded in ${height} lines: each picture once, in order`);
  }
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=height', '-of', 'csv=p=0', recorded.urls.download]);
  t.match(String(stdout), /^180\s+N?\/?A?/, 'the best is downloaded');
  t.strictSame(await unknown.json(), { code: 'not-found', message: 'expected a rendition of this broadcast, got "picture-9"' });
  t.strictSame([...(viewers[0]?.multivariant ?? '').matchAll(/RESOLUTION=(\S+?),/g)].map(([, size]) => size), ['320x180', '214x120', '160x90']);
  t.same((await publisher.message('recording')).tracks.map(({ kind, action }) => `${kind} ${action}`), ['video copy', 'audio transcode', 'video copy', 'video copy']);
  t.notOk(publisher.messages.some(({ type }) => type === 'warning'), 'and nobody is warned');
  const [lead, ...others] = viewers.map(partsOf);
  for (const parts of others) t.ok([...parts.keys()].filter((uri) => lead?.has(uri)).length > 6, 'parts were seen in all of them');
  const reported = viewers.map(({ playlists }) => Math.max(...playlists.map(({ text }) => [...text.matchAll(/#EXT-X-RENDITION-REPORT/g)].length)));
  t.strictSame(reported, [3, 3, 3], 'each playlist reports the others');
});

t.test('a picture whose keyframes are elsewhere is left out, its publisher is told, and the others go on', { skip }, async (t) => {
  const server = await startServer(t);
  const recording = await recordSeveralPictures({ seconds: 5, heights: [90, 120], keyframeSeconds: 2, late: { picture: 1, seconds: 0.4 } });
  const publisher = new TestPublisher(t, server.publishUrl('late'));
  await publisher.message('ready');
  const viewers = watchAll(server, 'late', 2);
  await send(publisher, recording);
  t.equal((await publisher.end()).code, 1000);
  await checkRenditions(t, viewers, numbersOf(5), 2);
  t.strictSame([...(viewers[0]?.multivariant ?? '').matchAll(/RESOLUTION=(\S+?),/g)].map(([, size]) => size), ['320x180', '214x120']);
  const warnings = publisher.messages.flatMap((message) => (message.type === 'warning' ? [`${message.code}: ${message.message}`] : []));
  t.equal(warnings.length, 1, warnings.join('; '));
  t.match(warnings[0], /^rendition-left-out: The picture track 2 \(160 × 90\) is left out: expected keyframes at the same times as the first picture's/);
});

t.test('renditions go on over another recording, over other sizes in one, and over a killed ffmpeg, each with every picture once', { skip }, async (t) => {
  const server = await startServer(t);
  const [before, after] = await Promise.all([recordSeveralPictures({ seconds: 6 }), recordSeveralPictures({ seconds: 4, width: 256, height: 144, heights: [72] })]);
  const again = await recordSeveralPictures({ seconds: 4 });
  const publisher = new TestPublisher(t, server.publishUrl('change'));
  await publisher.message('ready');
  const viewers = watchAll(server, 'change', 2);
  await send(publisher, before.subarray(0, Math.floor(before.length * 0.8)));
  await publisher.message('live');
  for (const pid of await childrenOf(process.pid, 'ffmpeg')) process.kill(pid, 'SIGKILL');
  await waitUntil('word of it', () => publisher.messages.some((message) => message.type === 'warning' && message.code === 'transcoder-restarted'));
  await send(publisher, before.subarray(Math.floor(before.length * 0.8)));
  await send(publisher, again);
  await send(publisher, after);
  t.equal((await publisher.end()).code, 1000);
  await checkRenditions(t, viewers, [...numbersOf(6), ...numbersOf(4), ...numbersOf(4)]);
  t.equal(publisher.messages.filter((message) => message.type === 'warning' && message.code === 'rendition-left-out').length, 0);
});

t.test('a publisher that resumes after cuts loses no picture of any rendition', { skip }, async (t) => {
  const server = await startServer(t);
  const recording = await recordSeveralPictures({ seconds: 6 });
  const random = seededRandom(7);
  const cuts = [0.2, 0.3, 0.2].map((share, index) => ({ direction: 'up', afterBytes: Math.floor(recording.length * share), afterMs: 1200, manner: index === 1 ? 'reset' : 'fin' }) as const);
  const proxy = await CuttingProxy.listen(t, server.origin, cuts);
  const publisher = new ResumingPublisher(t, { url: proxy.through(server.publishUrl('resumed')), random });
  await publisher.whenReady();
  const viewers = watchAll(server, 'resumed', 2);
  for (let at = 0; at < recording.length; at += 8192) publisher.push(recording.subarray(at, at + 8192));
  await waitUntil('every byte to be acknowledged', () => publisher.acknowledged === recording.length, 60_000);
  publisher.end();
  t.match((await publisher.closed).code, /^(1000|404)$/, 'it ended');
  t.equal(publisher.resumedAt.length, 4, `it came back after each cut: ${publisher.resumedAt.join(' ')}`);
  await checkRenditions(t, viewers, numbersOf(6));
});

t.test('ffmpeg and VLC, given the multivariant playlist of a ladder, play its pictures in order', { skip: skip || skipWithout(vlcProgram, 'vlc') }, async (t) => {
  const server = await startServer(t);
  const recording = await recordSeveralPictures({ seconds: 16, heights: [120, 90] });
  const publisher = new TestPublisher(t, server.publishUrl('ladder'));
  await publisher.message('ready');
  const sending = send(publisher, recording).then(() => publisher.end());
  await publisher.message('live');
  const [inFfmpeg, inVlc] = [decode(t, server.hlsUrl('ladder'), ['-live_start_index', '0']), playInVlc(t, server.hlsUrl('ladder'), 100)];
  const shown = (await inVlc).map(({ number }) => number);
  t.ok(shown.filter((number, index) => number - (shown[index - 1] ?? NaN) === 1).length > 80, `VLC: ${shown.join(' ')}`);
  t.equal((await sending).code, 1000);
  const { pictures } = await inFfmpeg;
  // It decodes all variants that it is not told to leave out.
  t.strictSame(pictures.map(({ number }) => number).sort((one, other) => one - other), numbersOf(16).flatMap((number) => [number, number, number]), 'ffmpeg: each picture once in each variant');
});
