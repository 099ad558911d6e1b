import { join } from 'node:path';
import { chromiumProgram, launchChromium } from '../../test/helpers/chromium.js';
import { firefoxProgram, launchFirefox } from '../../test/helpers/firefox.js';
import { findProgram, run, startOwned, temporaryDirectory, type Teardown } from '../../test/helpers/programs.js';
import { chromiumPage, firefoxPage, waitForWords, type ScriptedPage } from '../../test/helpers/scripted-page.js';
import type { TestServer } from '../../test/helpers/server.js';
import { obsProgram, startObs } from './obs.js';

/** A way in: goes live as `stream` and stays there until the scope is closed. */
export interface Source {
  readonly name: string;
  readonly program: string | undefined;
  publish(t: Teardown, server: TestServer, stream: string): Promise<void> | void;
}

const seconds = '600';
const card = ['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30', '-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-t', seconds];
const encoded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '60', '-b:v', '1M', '-c:a', 'aac'];

export const sources: readonly Source[] = [
  { name: 'Chromium (studio)', program: chromiumProgram, publish: async (t, server, stream) => goLive(chromiumPage(await (await launchChromium(t)).newPage()), server, stream) },
  { name: 'Firefox (studio)', program: firefoxProgram, publish: async (t, server, stream) => goLive(firefoxPage(await (await launchFirefox(t)).newPage()), server, stream) },
  { name: 'GStreamer (WebSocket, VP8)', program: findProgram('gst-launch-1.0'), publish: gstreamer },
  { name: 'ffmpeg (HTTP, Matroska)', program: findProgram('ffmpeg'), publish: (t, server, stream) => void startOwned(t, 'ffmpeg', [...card, ...encoded, '-f', 'matroska', '-method', 'PUT', pushUrl(server, stream)]) },
  { name: 'curl (HTTP, MPEG-TS)', program: findProgram('curl'), publish: curl },
  { name: 'ffmpeg (RTMP)', program: findProgram('ffmpeg'), publish: (t, server, stream) => void startOwned(t, 'ffmpeg', [...card, ...encoded, '-f', 'flv', server.rtmpUrl(stream)]) },
  { name: 'OBS (RTMP)', program: obsProgram, publish: obs },
];

async function goLive(page: ScriptedPage, server: TestServer, stream: string): Promise<void> {
  await page.goto(`${server.origin}/broadcast?key=${server.key}`);
  await waitForWords(page, /Go live/);
  await page.fill('Stream name', stream);
  await page.choose('Quality', await page.evaluate<string>(`document.querySelector('#quality option').label`));
  await page.press('Go live');
  await waitForWords(page, /\bLIVE\b/);
}

function gstreamer(t: Teardown, server: TestServer, stream: string): void {
  const picture = ['videotestsrc', 'is-live=true', 'pattern=ball', '!', 'video/x-raw,width=640,height=360,framerate=30/1', '!', 'vp8enc', 'deadline=1', 'keyframe-max-dist=60', '!', 'queue', '!', 'mux.'];
  const sound = ['audiotestsrc', 'is-live=true', '!', 'audio/x-raw,rate=48000,channels=2', '!', 'opusenc', '!', 'queue', '!', 'mux.'];
  const pipeline = startOwned(t, 'gst-launch-1.0', ['-q', 'webmmux', 'name=mux', 'streamable=true', '!', 'fdsink', ...picture, ...sound], { stdio: ['ignore', 'pipe', 'inherit'] });
  const script = join(import.meta.dirname, '../../examples/gstreamer-websocket/publish.mjs');
  const publisher = startOwned(t, process.execPath, [script, server.publishUrl(stream)], { stdio: ['pipe', 'ignore', 'ignore'] });
  pipeline.stdout!.pipe(publisher.stdin!);
  publisher.stdin!.on('error', () => undefined); // it is stopped first
}

function curl(t: Teardown, server: TestServer, stream: string): void {
  const encoder = startOwned(t, 'ffmpeg', [...card, ...encoded, '-f', 'mpegts', 'pipe:1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pusher = startOwned(t, 'curl', ['-sS', '-T', '-', pushUrl(server, stream)], { stdio: ['pipe', 'ignore', 'ignore'] });
  encoder.stdout!.pipe(pusher.stdin!);
  pusher.stdin!.on('error', () => undefined); // it is stopped first
}

/** OBS plays a film of its own. */
async function obs(t: Teardown, server: TestServer, stream: string): Promise<void> {
  const film = join(await temporaryDirectory(t, 'onair-film'), 'film.mp4');
  await run('ffmpeg', [...card.filter((option) => option !== '-re'), ...encoded, '-t', '20', film]);
  startObs(t, server.rtmpUrl(stream), film);
}

const pushUrl = ({ origin, key }: TestServer, stream: string): string => `${origin}/live/${stream}/publish?key=${key}`;
