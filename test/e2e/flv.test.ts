import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { chromiumProgram, complaintsBeside, complaintsOf, launchChromium } from '../helpers/chromium.js';
import { messagesOf, readFixture } from '../helpers/fixtures.js';
import { decode, type NumberedPicture } from '../helpers/pictures-and-sound.js';
import { skipWithout, waitUntil } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';
import { sendTestCard } from '../helpers/test-card.js';
import { playInVlc, vlcProgram } from '../helpers/vlc.js';
import { serveWebSite } from '../helpers/web-site.js';

t.setTimeout(90_000);
t.jobs = 3;

const server = await startServer(t);
const publisher = new TestPublisher(t, server.publishUrl('card'));
await publisher.message('ready');
const broadcast = sendTestCard(t, publisher, { seconds: 60 });
broadcast.catch(() => undefined); // it is cut off when the tests are done
await publisher.message('live');
const url = `${server.origin}/live/card/stream.flv`;
const infoOf = async (): Promise<LiveStreamInfo> => (await (await fetch(`${server.origin}/api/streams/card`)).json()) as LiveStreamInfo;

const steps = (pictures: readonly NumberedPicture[]): number[] => pictures.slice(1).map(({ number }, index) => number - (pictures[index]?.number ?? 0));

t.test('ffmpeg pulls the FLV: every picture in order, with its sound, and is counted as a viewer', async (t) => {
  t.equal((await infoOf()).urls.flv, url);
  const counted = waitUntil('to be counted', async () => (await infoOf()).viewers > 0);
  const { pictures, loudness } = await decode(t, url, ['-t', '4']);
  await counted;
  t.ok(pictures.length > 100, `${String(pictures.length)} pictures in 4 s`);
  t.ok(steps(pictures).every((step) => step === 1), steps(pictures).join(' '));
  t.ok(loudness.length > 3_500, 'with its sound');
});

t.test('VLC plays the FLV', { skip: skipWithout(vlcProgram, 'VLC') }, async (t) => {
  const pictures = await playInVlc(t, url, 80);
  t.ok(steps(pictures).every((step) => step >= 0), pictures.map(({ number }) => number).join(' '));
  t.ok(steps(pictures).filter((step) => step === 1).length > 60, `nearly every picture follows the one before: ${steps(pictures).join(' ')}`);
});

t.test('over restarts of the recorder the FLV goes on: one file, one clock, nothing out of order', async (t) => {
  const restarting = new TestPublisher(t, server.publishUrl('restarts'));
  await restarting.message('ready');
  const body = restarting.message('live').then(async () => Buffer.from(await (await fetch(`${server.origin}/live/restarts/stream.flv`)).arrayBuffer()));
  await restarting.sendPaced(messagesOf(readFixture('chromium-restart-vp8.webm')), { speed: 2 });
  await restarting.end();
  const flv = await body;
  t.equal(flv.lastIndexOf('FLV\u0001'), 0, 'one file header');
  const { pictures } = await decode(t, flv, ['-f', 'flv']);
  const gaps = pictures.slice(1).map(({ timeSeconds }, index) => timeSeconds - (pictures[index]?.timeSeconds ?? 0));
  t.ok(pictures.length > 100, `${String(pictures.length)} pictures`);
  t.ok(steps(pictures).every((step) => step >= 0), steps(pictures).join(' '));
  t.ok(gaps.every((gap) => gap > 0 && gap < 0.6), `${String(Math.min(...gaps))} to ${String(Math.max(...gaps))} s from picture to picture`);
});

t.test('the example page plays the FLV with mpegts.js, from another origin and close to live', { skip: skipWithout(chromiumProgram, 'Chromium') }, async (t) => {
  const site = await serveWebSite(t, {
    '/': readFileSync(new URL('../../examples/rtmp/index.html', import.meta.url), 'utf8'),
    '/mpegts.js': readFileSync(createRequire(import.meta.url).resolve('mpegts.js/dist/mpegts.js'), 'utf8'),
  });
  const page = await (await launchChromium(t)).newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${site}/?url=${encodeURIComponent(url)}`);
  const facts = (): Promise<{ time: number; shown: number; width: number; behind: number }> =>
    page.evaluate(`(() => {
      const video = document.querySelector('video');
      const end = video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) : 0;
      return { time: video.currentTime, shown: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth, behind: end - video.currentTime };
    })()`);
  const first = await waitUntil('a picture', async () => {
    const found = await facts();
    return found.shown > 0 && found;
  });
  const last = await waitUntil('3 s of it', async () => {
    const found = await facts();
    return found.time > first.time + 3 && found;
  });
  t.equal(last.width, 640);
  t.ok(last.shown - first.shown > 45, `${String(last.shown - first.shown)} pictures`);
  t.ok(last.behind < 3, `${last.behind.toFixed(2)} s behind what has come`);
  t.strictSame(complaintsBeside(complaints, '404 /favicon.ico'), []);
});
