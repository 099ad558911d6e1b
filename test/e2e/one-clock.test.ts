import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';

import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { InitSegment } from '../../src/fmp4/init-segment.js';
import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { chromiumProgram, launchChromium } from '../helpers/chromium.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode, type NumberedPicture } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { childrenOf, findProgram, run, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer, type TestServer } from '../helpers/server.js';
import { watchSmoothness, type Smoothness } from '../helpers/smoothness.js';
import { sendTestCard } from '../helpers/test-card.js';
import { playInVlc, vlcProgram } from '../helpers/vlc.js';

t.setTimeout(120_000);

const gst = findProgram('gst-launch-1.0');

/** Decode times of a WebSocket viewer's fragments, by kind, in seconds. */
interface Heard {
  readonly times: ReadonlyMap<'video' | 'audio', number[]>;
  readonly fragments: () => number;
  readonly ended: Promise<unknown>;
}

function listen(t: Test, server: TestServer, stream: string): Heard {
  const times = new Map<'video' | 'audio', number[]>([['video', []], ['audio', []]]);
  let init: InitSegment | undefined;
  let fragments = 0;
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/live/${stream}/play`);
  t.teardown(() => socket.terminate());
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return;
    for (const event of new FragmentReader().push(data)) {
      if (event.type === 'init') init = event.init;
      else {
        fragments++;
        for (const { trackId, baseMediaDecodeTime } of event.fragment.runs) {
          const track = init?.tracks.find((each) => each.trackId === trackId);
          if (track) times.get(track.kind)?.push(baseMediaDecodeTime / track.timescale);
        }
      }
    }
  });
  return { times, fragments: () => fragments, ended: new Promise((resolve) => socket.once('close', resolve)) };
}

const steps = (values: readonly number[]): number[] => values.slice(1).map((value, index) => value - (values[index] ?? NaN));
const stepsOf = (pictures: readonly NumberedPicture[]): number[] => steps(pictures.map(({ number }) => number));

/** Every picture once, in order, from where it began. */
function checkPictures(t: Test, pictures: readonly NumberedPicture[], atLeast: number, who: string): void {
  t.ok(pictures.length >= atLeast, `${who}: ${pictures.length} pictures, ${atLeast} at least`);
  t.ok(stepsOf(pictures).every((step) => step === 1), `${who}: ${stepsOf(pictures).join(' ')}`);
}

async function gstreamer(t: Test, url: string): Promise<NumberedPicture[]> {
  const file = join(await temporaryDirectory(t), 'raw');
  const decoder = 'queue ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420';
  await run(gst ?? '', [...`-q souphttpsrc location=${url} ! qtdemux name=d d.video_0 ! ${decoder} ! filesink location=${file}`.split(' ')]);
  const { pictures } = await decode(t, await readFile(file), ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', '640x360', '-r', '30']);
  return [...pictures];
}

t.test('over kills of ffmpeg, whose rest of a group is encoded and then copied again, every player of one body plays on', async (t) => {
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('card'));
  await publisher.message('ready');
  const sending = sendTestCard(t, publisher, { seconds: 16, sound: 'aac' });
  await publisher.message('live');
  const mp4 = `${server.origin}/live/card/stream.mp4`;
  const heard = listen(t, server, 'card');
  const hls = new HlsViewer(server.hlsUrl('card'));
  const copied = join(await temporaryDirectory(t), 'copy.mp4');
  const body = fetch(mp4).then(async (answer) => Buffer.from(await answer.arrayBuffer()));
  const copying = run('ffmpeg', ['-v', 'error', '-nostdin', '-i', mp4, '-c', 'copy', copied]);
  const streaming = gst === undefined ? undefined : gstreamer(t, mp4);
  const inVlc = vlcProgram === undefined ? undefined : playInVlc(t, mp4, 200);
  const page = chromiumProgram === undefined ? undefined : await (await launchChromium(t)).newPage();
  await page?.addInitScript(watchSmoothness);
  await page?.goto(`${server.origin}/healthz`);
  await page?.setContent(`<video autoplay muted src="${mp4}"></video>`);

  for (const wanted of [200, 400]) {
    await waitUntil(`${wanted} fragments`, () => heard.fragments() > wanted, 30_000);
    const told = publisher.messages.filter(({ type }) => type === 'warning').length;
    for (const pid of await childrenOf(process.pid, 'ffmpeg')) if (await isTranscoder(pid)) process.kill(pid, 'SIGKILL');
    await waitUntil('word of it', () => publisher.messages.filter(({ type }) => type === 'warning').length > told);
  }
  await sending;
  t.equal((await publisher.end()).code, 1000);
  await Promise.all([heard.ended, hls.ended]);

  t.strictSame(violations(hls.playlists), []);
  await checkDates(t, hls);
  for (const [kind, times] of heard.times) t.ok(steps(times).every((step) => step > 0 && step < 0.06), `${kind}: ${Math.min(...steps(times))} to ${Math.max(...steps(times))} s`);

  const bytes = await body;
  const events = new FragmentReader().push(bytes);
  t.equal(events.filter(({ type }) => type === 'init').length, 1, 'one description of the tracks');
  checkPictures(t, (await decode(t, bytes)).pictures, 300, 'the body');
  await copying;
  checkPictures(t, (await decode(t, copied)).pictures, 300, 'ffmpeg -c copy');
  if (streaming) checkPictures(t, await streaming, 250, 'GStreamer');
  if (inVlc) {
    // Where parameter sets change it begins its decoder anew, and a few pictures around it come in another order.
    const shown = stepsOf(await inVlc);
    t.ok(shown.filter((step) => step < 0).length <= 10 && shown.filter((step) => step === 1).length > 150, `VLC: ${shown.join(' ')}`);
  }
  if (page) {
    const { frames, errors } = await page.evaluate<Smoothness>('window.smoothness');
    const numbers = frames.map(({ number }) => number);
    t.strictSame(errors, []);
    t.ok(steps(numbers).every((step) => step >= 0 && step < 20), `<video>: ${steps(numbers).join(' ')}`);
    t.ok((numbers.at(-1) ?? 0) > 400, `<video>: up to picture ${numbers.at(-1)}`);
  }
});

/** Dates and decode times tell the same distances from one timeline to the next, where neither a recording nor a clock began anew. */
async function checkDates(t: Test, hls: HlsViewer): Promise<void> {
  const dates = hls.segments.filter(({ isDiscontinuity }, index) => index === 0 || isDiscontinuity).map(({ programDateTime = '' }) => Date.parse(programDateTime) / 1000);
  const times = (await hls.timelines()).map(({ bytes }) => {
    const events = new FragmentReader().push(bytes);
    const lead = events.flatMap((event) => (event.type === 'init' ? event.init.tracks : []))[0];
    const first = events.flatMap((event) => (event.type === 'fragment' ? event.fragment.runs : [])).find(({ trackId }) => trackId === lead?.trackId);
    return first && lead ? first.baseMediaDecodeTime / lead.timescale : NaN;
  });
  t.ok(dates.length >= 3, `${dates.length} timelines`);
  for (const [index, date] of dates.entries()) {
    const difference = date - (dates[0] ?? NaN) - ((times[index] ?? NaN) - (times[0] ?? NaN));
    t.ok(Math.abs(difference) < 0.05, `timeline ${index} begins ${difference.toFixed(3)} s off its date`);
  }
}

t.test('pictures that are decoded out of order keep their rate from the first one on, and their clock over a kill', async (t) => {
  const server = await startServer(t);
  const publisher = new TestPublisher(t, server.publishUrl('reordered'));
  await publisher.message('ready');
  const sending = sendTestCard(t, publisher, { seconds: 10, sound: 'aac', reordered: true });
  await publisher.message('live');
  const heard = listen(t, server, 'reordered');
  const info = (await (await fetch(`${server.origin}/api/streams/reordered`)).json()) as LiveStreamInfo;
  t.match(info, { recording: { tracks: [{ action: 'copy' }, { action: 'copy' }] }, rendition: { frameRate: 30 } });
  await waitUntil('100 fragments', () => heard.fragments() > 100, 30_000);
  for (const pid of await childrenOf(process.pid, 'ffmpeg')) if (await isTranscoder(pid)) process.kill(pid, 'SIGKILL');
  await publisher.message('warning');
  await sending;
  t.equal((await publisher.end()).code, 1000);
  await heard.ended;
  for (const [kind, times] of heard.times) t.ok(steps(times).every((step) => step > 0 && step < 0.25), `${kind}: ${Math.min(...steps(times))} to ${Math.max(...steps(times))} s`);
});

async function isTranscoder(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('frag_discont');
}
