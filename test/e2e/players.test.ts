import t from 'tap';

import { decode, type NumberedPicture } from '../helpers/pictures-and-sound.js';
import { run, skipWithout, temporaryDirectory, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { keepShow } from '../helpers/kept-show.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { playInVlc, recordInVlc, vlcProgram } from '../helpers/vlc.js';
import { inWebKit, webkitProgram } from '../helpers/webkit.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(240_000);
t.jobs = 3;

const directory = await temporaryDirectory(t);
/** Pictures 50 to 99 are not there. */
const withGap = await keepShow(directory, { stream: 'gap', pieces: [{ seconds: 8, missing: [1] }] });
const restarted = await keepShow(directory, { stream: 'restart', pieces: [{ seconds: 4 }, { seconds: 4 }] });
const withJoints = await keepShow(directory, { stream: 'joints', pieces: [{ seconds: 4 }, { seconds: 6, missing: [1] }, { seconds: 4, width: 640, height: 360 }] });
const server = await startServer(t, { RECORDINGS_DIR: directory });
const publisher = new TestPublisher(t, server.publishUrl('card'));
await publisher.message('ready');
const broadcast = sendTestCard(t, publisher, { seconds: 180 });
broadcast.catch(() => undefined); // it is cut off when the tests are done
await publisher.message('live');
await waitUntil('a window from which any player starts', async () => {
  const index = await (await fetch(server.hlsUrl('card'))).text();
  const uri = index.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
  const media = await (await fetch(new URL(uri, server.hlsUrl('card')))).text();
  return readMediaPlaylist(media).segments.length > 4;
});

/** Pictures in order; a player may leave some out when it is late, but never turns back. */
const steps = (pictures: readonly NumberedPicture[]): number[] => pictures.slice(1).map(({ number }, index) => number - (pictures[index]?.number ?? 0));

t.test('VLC plays the HLS link', { skip: skipWithout(vlcProgram, 'VLC') }, async (t) => {
  const pictures = await playInVlc(t, server.hlsUrl('card'), 120);
  t.ok(steps(pictures).every((step) => step >= 0), pictures.map(({ number }) => number).join(' '));
  t.ok(steps(pictures).filter((step) => step === 1).length > 100, `nearly every picture follows the one before: ${steps(pictures).join(' ')}`);
});

t.test('VLC has the sound at the time of the pictures, who comes late too', { skip: skipWithout(vlcProgram, 'VLC') }, async (t) => {
  for (const url of [server.hlsUrl('card'), `${server.origin}/live/card/stream.mp4`]) {
    const file = await recordInVlc(t, url, 300_000);
    const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_type,start_time', '-of', 'json', file]);
    const { streams } = JSON.parse(stdout.toString()) as { readonly streams: readonly { readonly codec_type: string; readonly start_time: string }[] };
    t.strictSame(streams.map(({ codec_type }) => codec_type).sort(), ['audio', 'video'], url);
    const [one, other] = streams.map(({ start_time }) => Number(start_time));
    t.ok(Math.abs((one ?? NaN) - (other ?? NaN)) < 0.1, `${url}: they begin at ${String(one)} and ${String(other)} s`);
  }
});

t.test('VLC, which knows no EXT-X-GAP, plays a recording over its gap', { skip: skipWithout(vlcProgram, 'VLC') }, async (t) => {
  // While it waits for the other side of the gap it writes the last picture again.
  const numbers = (await playInVlc(t, `${server.origin}/recordings/${withGap}/index.m3u8`, 150)).map(({ number }) => number);
  const shown = new Set(numbers);
  t.ok(numbers.every((number, index) => number >= (numbers[index - 1] ?? 0)), numbers.join(' '));
  t.ok([...shown].filter((number) => number < 50).length > 40, 'what comes before it');
  t.ok([...shown].filter((number) => number >= 100).length > 40, 'what comes after it');
  t.strictSame([...shown].filter((number) => number >= 50 && number < 100), []);
});

t.test('VLC, which loses media at each EXT-X-DISCONTINUITY, plays a recording over a restart with every picture', { skip: skipWithout(vlcProgram, 'VLC') }, async (t) => {
  const numbers = (await playInVlc(t, `${server.origin}/recordings/${restarted}/index.m3u8`, 150)).map(({ number }) => number);
  t.strictSame(numbers.filter((number) => number >= 60 && number < 140), Array.from({ length: 80 }, (_none, index) => 60 + index), numbers.join(' '));
});

t.test('ffmpeg pulls the HLS link: every picture in order', async (t) => {
  const { pictures, loudness } = await decode(t, server.hlsUrl('card'), ['-t', '6']);
  t.ok(pictures.length > 150, `${String(pictures.length)} pictures in 6 s`);
  t.ok(steps(pictures).every((step) => step === 1), steps(pictures).join(' '));
  t.ok(loudness.length > 5_000, 'with its sound');
});

t.test("Safari's engine plays the HLS link natively", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const site = await serveWebSite(t, { '/': `<!doctype html><title>Native</title><video muted playsinline src="${server.hlsUrl('card')}"></video>` });
  await inWebKit(t, async (webkit) => {
    await webkit.open(site);
    await webkit.evaluate('document.querySelector("video").play().catch(() => undefined); return true;');
    const facts = (): Promise<[number, number, string | null]> =>
      webkit.evaluate('const v = document.querySelector("video"); return [v.currentTime, v.videoWidth, v.error && v.error.message];');
    const [start] = await waitUntil('a picture in WebKit', async () => {
      const [time, width, error] = await facts();
      if (error !== null) throw new Error(`WebKit: ${error}`);
      return width === 640 && time > 0 && ([time] as const);
    }, 30_000, 200);
    const end = await waitUntil('4 s of it', async () => {
      const [time] = await facts();
      return time > start + 4 && time;
    }, 20_000, 200);
    t.ok(end > start + 4, 'frames advance');
  });
});

t.test("Safari's engine plays a recording over a restart, a gap and another size natively, at their time", { skip: skipWithout(webkitProgram, 'WebKitGTK') }, async (t) => {
  const hls = `${server.origin}/recordings/${withJoints}/index.m3u8`;
  const site = await serveWebSite(t, { '/': `<!doctype html><title>Native</title><video muted playsinline src="${hls}"></video>` });
  await inWebKit(t, async (webkit) => {
    await webkit.open(site);
    await webkit.evaluate('document.querySelector("video").play().catch(() => undefined); return true;');
    const facts = (): Promise<[number, number, number, string | null]> => webkit.evaluate('const v = document.querySelector("video"); return [v.currentTime, v.duration, v.videoWidth, v.error && v.error.message];');
    const [before, duration] = await waitUntil('the other size', async () => {
      const [time, lasts, width, error] = await facts();
      if (error !== null) throw new Error(`WebKit: ${error}`);
      return width === 640 && ([time, lasts] as const);
    }, 60_000, 200);
    t.ok(before > 9.5, `it is there at ${String(before)} s`);
    t.ok(Math.abs(duration - 14) < 0.5, `all lasts ${String(duration)} s`);
    await waitUntil('two seconds of it', async () => (await facts())[0] > 12, 60_000, 200);
  });
});
