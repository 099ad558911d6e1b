import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { launchChromium } from '../../test/helpers/chromium.js';
import { decode } from '../../test/helpers/pictures-and-sound.js';
import { readMediaPlaylist, type ReadPlaylist, type ReadSegment } from '../../test/helpers/playlist-reader.js';
import { waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { picturesOfVlc, startVlc } from '../../test/helpers/vlc.js';
import { openViewerSocket } from './node-page.js';
import { ReceivedMedia } from './received-media.js';

/** Monotonic, and to be compared with what other processes say. */
export const epochMs = (): number => performance.timeOrigin + performance.now();

/** Somebody who watches. */
export interface Watching {
  readonly name: string;
  /** When something new was there, on `epochMs`. */
  moved(): Promise<readonly number[]>;
  /** The same, looked at closely: for the end. */
  shown?(): Promise<readonly number[]>;
  /** The numbers of what came, in order; undefined where only movement is known. */
  numbers(): Promise<number[] | undefined>;
  /** What is known of one that stands still. */
  state?(): Promise<string>;
}

/** The SDK's viewer by WebSocket. */
export async function bySocket(t: Teardown, url: string): Promise<Watching> {
  const moved: number[] = [];
  const received = new ReceivedMedia();
  const onMessage = ({ type, clock, skippedSeconds }: { readonly type: string; readonly clock?: string; readonly skippedSeconds?: number }): void => {
    if (type === 'init') received.begin(clock);
    if (type === 'gap') console.log(`the viewer by WebSocket was told of a gap of ${skippedSeconds?.toFixed(1)} s`);
  };
  const onMedia = (bytes: Uint8Array): void => {
    if (received.push(bytes)) moved.push(epochMs());
  };
  const address = url.replace(/^http/, 'ws');
  const socket = openViewerSocket({ url: () => received.address(address), onMessage, onMedia });
  t.teardown(() => socket.close());
  void socket.closed.then(({ reason }) => console.log(`the viewer by WebSocket is over: ${reason}`));
  await waitUntil('media by WebSocket', () => moved.length > 0);
  return { name: 'WebSocket (SDK)', moved: async () => moved, numbers: async () => numbersOf(t, received.files) };
}

async function numbersOf(t: Teardown, timelines: readonly Buffer[]): Promise<number[]> {
  const numbers: number[] = [];
  for (const bytes of timelines) if (bytes.length > 0) numbers.push(...(await decode(t, bytes)).pictures.map(({ number }) => number));
  return numbers;
}

/** A client of HLS that asks again when it is told to, and fetches every segment that it ever saw. */
export class PlainHls implements Watching {
  readonly name = 'HLS, no browser';
  readonly playlists: ReadPlaylist[] = [];
  /** Statuses of playlists that were none, with how often they came. */
  readonly refusals = new Map<string, number>();
  /** Listed, and never to be had. */
  readonly missed: string[] = [];
  readonly #moved: number[] = [];
  readonly #segments = new Map<number, { readonly segment: ReadSegment; readonly media: Promise<Buffer | undefined> }>();
  readonly #inits = new Map<string, Promise<Buffer | undefined>>();
  readonly #t: Teardown;
  readonly #url: string;
  #isOver = false;

  constructor(t: Teardown, url: string) {
    this.#t = t;
    this.#url = url;
    t.teardown(() => (this.#isOver = true));
    void this.#follow();
  }

  async moved(): Promise<readonly number[]> {
    return this.#moved;
  }

  async numbers(): Promise<number[]> {
    const runs: { readonly map: string; readonly bytes: Buffer[] }[] = [];
    for (const [, { segment, media }] of [...this.#segments].sort(([a], [b]) => a - b)) {
      const map = segment.mapUri ?? '';
      const bytes = await media;
      if (!bytes) continue;
      if (runs.at(-1)?.map !== map || segment.isDiscontinuity) runs.push({ map, bytes: [(await this.#inits.get(map)) ?? Buffer.alloc(0)] });
      runs.at(-1)?.bytes.push(bytes);
    }
    return numbersOf(this.#t, runs.map(({ bytes }) => Buffer.concat(bytes)));
  }

  async #follow(): Promise<void> {
    let last = '';
    while (!this.#isOver) {
      const answer = await fetch(this.#url).catch(() => undefined);
      const text = (await answer?.text().catch(() => undefined)) ?? '';
      if (answer?.ok && text.startsWith('#EXTM3U')) {
        const playlist = readMediaPlaylist(text);
        this.playlists.push(playlist);
        const newest = playlist.segments.at(-1)?.parts.at(-1)?.uri ?? '';
        if (newest !== last && newest !== '') this.#moved.push(epochMs());
        last = newest;
        for (const segment of playlist.segments) this.#take(segment);
      } else {
        const status = String(answer?.status ?? 'no answer');
        this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1);
        await sleep(Number(answer?.headers.get('retry-after') ?? 1) * 1000);
      }
      await sleep(200);
    }
  }

  #take(segment: ReadSegment): void {
    const { uri, mapUri, sequenceNumber } = segment;
    if (uri === undefined || mapUri === undefined || segment.isGap || this.#segments.has(sequenceNumber)) return;
    if (!this.#inits.has(mapUri)) this.#inits.set(mapUri, this.#fetch(mapUri));
    this.#segments.set(sequenceNumber, { segment, media: this.#fetch(uri) });
  }

  async #fetch(uri: string): Promise<Buffer | undefined> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const answer = await fetch(new URL(uri, this.#url)).catch(() => undefined);
      const bytes = await answer?.arrayBuffer().catch(() => undefined);
      if (answer?.ok && bytes) return Buffer.from(bytes);
      await sleep(1000);
    }
    this.missed.push(uri);
    return undefined;
  }
}

/** hls.js in Chromium, in our own watch page. */
export async function byHlsJs(t: Teardown, secureBase: string, stream: string): Promise<Watching> {
  const browser = await launchChromium(t);
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  const asked: string[] = [];
  page.on('response', (answer) => void asked.push(`${answer.status()} ${new URL(answer.url()).pathname.slice(-40)}${new URL(answer.url()).search}`));
  page.on('requestfailed', (request) => void asked.push(`failed ${new URL(request.url()).pathname.slice(-40)} ${request.failure()?.errorText}`));
  await page.goto(`${secureBase}/watch/${stream}?path=hls`);
  await page.evaluate(`(() => {
    window.moved = [];
    let last = -1;
    setInterval(() => {
      const time = document.querySelector('video')?.currentTime ?? -1;
      if (time !== last) window.moved.push(performance.timeOrigin + performance.now());
      last = time;
    }, 50);
  })()`);
  const moved = (): Promise<number[]> => page.evaluate<number[]>('window.moved');
  await waitUntil('a moving picture in Chromium', async () => (await moved()).length > 20, 60_000);
  const state = async (): Promise<string> => {
    const [video, words] = await Promise.all([
      page.evaluate<string>(`(() => { const v = document.querySelector('video'); return JSON.stringify({ at: v.currentTime, paused: v.paused, seeking: v.seeking, ready: v.readyState, duration: String(v.duration), error: v.error?.message, buffered: Array.from({ length: v.buffered.length }, (_, i) => [v.buffered.start(i), v.buffered.end(i)]) }); })()`),
      page.evaluate<string>('document.body.innerText'),
    ]);
    const media = asked.filter((each) => !/m3u8|api/.test(each));
    return `${video}\n${words.slice(0, 400)}\n${asked.slice(-30).join('\n')}\nmedia:\n${media.slice(-10).join('\n')}`;
  };
  return { name: 'hls.js, Chromium', moved, numbers: async () => undefined, state };
}

/** VLC writes every tenth picture; when they were written tells whether it stood still. */
export async function byVlc(t: Teardown, url: string): Promise<Watching> {
  const directory = await startVlc(t, url, { every: 10, options: ['--file-logging', '--logfile=vlc.log', '--log-verbose=3'] });
  const files = async (): Promise<string[]> => (await picturesOfVlc(directory)).map((name) => join(directory, name));
  const moved = async (): Promise<number[]> => Promise.all((await files()).map(async (file) => (await stat(file)).mtimeMs));
  await waitUntil('a picture in VLC', async () => (await files()).length > 2, 60_000);
  const numbers = async (): Promise<number[]> => {
    const pngs = await Promise.all((await files()).map((file) => readFile(file)));
    return (await decode(t, Buffer.concat(pngs), ['-f', 'png_pipe'])).pictures.map(({ number }) => number);
  };
  // It writes the same picture again and again while it has no other.
  const shown = async (): Promise<number[]> => {
    const [times, all] = [await moved(), await numbers()];
    return times.filter((_time, at) => all[at] !== all[at - 1]);
  };
  const state = async (): Promise<string> => (await readFile(join(directory, 'vlc.log'), 'utf8')).split('\n').filter((line) => !/scene|snapshot|png/.test(line)).slice(-40).join('\n');
  return { name: 'VLC', moved, shown, numbers, state };
}
