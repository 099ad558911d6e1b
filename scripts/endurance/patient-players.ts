import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { run, startOwned, waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { picturesOfVlc, startVlc } from '../../test/helpers/vlc.js';
import { serveWebSite } from '../../test/helpers/web-site.js';
import { WebKit } from '../../test/helpers/webkit.js';

/** What a player that ignores the low-latency tags did with a live stream. */
export interface PlayerRun {
  readonly player: string;
  /** Seconds of media it showed. */
  readonly playedSeconds: number;
  /** The longest time, on the wall clock, in which nothing new was shown; undefined where it is not played in real time. */
  readonly longestStandstillSeconds: number | undefined;
  readonly remark: string;
}

export type PatientPlayer = (t: Teardown, url: string, seconds: number) => Promise<PlayerRun>;

/** VLC writes every 15th picture; when they were written tells whether it stood still. */
export const vlc: PatientPlayer = async (t, url, seconds) => {
  const directory = await startVlc(t, url, { every: 15 });
  await waitUntil('the first picture in VLC', async () => (await picturesOfVlc(directory)).length > 1, 60_000, 100);
  await sleep(seconds * 1000);
  const times = await Promise.all((await picturesOfVlc(directory)).map(async (name) => (await stat(join(directory, name))).mtimeMs));
  return { player: 'VLC', playedSeconds: times.length / 2, longestStandstillSeconds: longestGapSeconds(times), remark: 'every 15th picture' };
};

/** ffmpeg takes all there is; what counts is that no picture is missing. */
export const ffmpeg: PatientPlayer = async (_t, url, seconds) => {
  const list = ['-hide_banner', '-nostdin', '-nostats', '-i', url, '-t', String(seconds), '-map', '0:v', '-c', 'copy', '-f', 'framecrc', 'pipe:1'];
  const { stdout } = await run('ffmpeg', list, { timeoutMs: (seconds + 60) * 1000 });
  const text = stdout.toString();
  const [, ticks = '1', timescale = '90000'] = /^#tb 0: (\d+)\/(\d+)/m.exec(text) ?? [];
  // stream, dts, pts, duration, size, checksum
  const times = [...text.matchAll(/^0, +(\d+),/gm)].map(([, dts]) => (Number(dts) * Number(ticks)) / Number(timescale));
  const holes = times.slice(1).filter((time, index) => time - (times[index] ?? time) > 0.05).length;
  return { player: 'ffmpeg', playedSeconds: times.length / 30, longestStandstillSeconds: undefined, remark: `${String(holes)} pictures missing` };
};

/** Safari's engine, asked twice a second how far it is. */
export const webKit: PatientPlayer = async (t, url, seconds) => {
  const site = await serveWebSite(t, { '/': `<!doctype html><title>Native</title><video muted playsinline src="${url}"></video>` });
  const browser = await WebKit.launch(t);
  await browser.open(site);
  await browser.evaluate('document.querySelector("video").play().catch(() => undefined); return true;');
  const currentTime = (): Promise<number> => browser.evaluate('return document.querySelector("video").currentTime;');
  const start = await waitUntil('a picture in WebKit', async () => (await currentTime()) > 0 && currentTime(), 60_000, 200);
  const movedAt = [performance.now()];
  let last = start;
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    await sleep(500);
    const now = await currentTime();
    if (now > last) movedAt.push(performance.now());
    last = Math.max(last, now);
  }
  return { player: 'WebKitGTK', playedSeconds: last - start, longestStandstillSeconds: longestGapSeconds(movedAt), remark: 'native HLS' };
};

/** GStreamer tells of every picture it hands to its (missing) screen. */
export const gstreamer: PatientPlayer = async (t, url, seconds) => {
  const sink = ['video-sink=fakesink sync=true silent=false', 'audio-sink=fakesink sync=true'];
  const child = startOwned(t, 'gst-launch-1.0', ['-v', 'playbin3', `uri=${url}`, ...sink], { stdio: ['ignore', 'pipe', 'ignore'] });
  const times: number[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (/last-message = chain .*video|vsink.*last-message = chain|sink\d*.*last-message = chain/.test(line)) times.push(performance.now());
  });
  await waitUntil('the first picture in GStreamer', () => times.length > 1, 60_000, 100);
  await sleep(seconds * 1000);
  return { player: 'GStreamer', playedSeconds: times.length / 30, longestStandstillSeconds: longestGapSeconds(times), remark: 'playbin3' };
};

function longestGapSeconds(timesMs: readonly number[]): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return sorted.slice(1).reduce((longest, time, index) => Math.max(longest, (time - (sorted[index] ?? time)) / 1000), 0);
}
