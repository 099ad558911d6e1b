import { request } from 'node:http';
import type { Test } from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Track } from '../../src/fmp4/init-segment.js';
import type { LiveStreamInfo, RecordingFacts } from '../../src/protocol/live-stream-info.js';
import { HlsViewer } from './hls-viewer.js';
import { decode, type Decoded } from './pictures-and-sound.js';
import { violations } from './playlist-rules.js';
import { run } from './programs.js';
import { TestPublisher } from './publisher.js';
import type { TestServer } from './server.js';

/** How a recording reaches the server; by RTMP it is FLV that ffmpeg sends. */
export type Way = 'put' | 'post' | 'socket' | 'rtmp';

export interface Pushed {
  readonly info: LiveStreamInfo;
  /** What the publisher was told by the socket. */
  readonly warnings: readonly string[];
  readonly recordings: readonly RecordingFacts[];
  /** What viewers were given. */
  readonly timelines: readonly Decoded[];
  /** The tracks of each timeline's init segment. */
  readonly tracks: readonly (readonly Track[])[];
}

const sliceBytes = 16_384;

/** Sends a recording as fast as it is taken, while somebody watches, and gives what was seen when all is over. */
export async function push(t: Test, server: TestServer, stream: string, bytes: Buffer, way: Way): Promise<Pushed> {
  return watchPushed(t, server, stream, () => sendBy(t, server, stream, bytes, way));
}

/** @param send publishes to the stream, and gives what the publisher was told */
export async function watchPushed(t: Test, server: TestServer, stream: string, send: () => Promise<TestPublisher['messages']>): Promise<Pushed> {
  const viewer = new HlsViewer(server.hlsUrl(stream));
  const told = await send();
  await viewer.ended;
  t.strictSame(violations(viewer.playlists), [], `${stream}: valid playlists`);
  const info = (await (await fetch(`${server.origin}/api/streams/${stream}`)).json()) as LiveStreamInfo;
  const timelines = await viewer.timelines();
  const tracks = timelines.map(({ bytes: media }) => new FragmentReader().push(media).flatMap((event) => (event.type === 'init' ? event.init.tracks : [])));
  const warnings = told.flatMap((message) => (message.type === 'warning' ? [message.message] : []));
  const recordings = told.flatMap((message) => (message.type === 'recording' ? [message] : []));
  return { info, warnings, recordings, tracks, timelines: await Promise.all(timelines.map((timeline) => decode(t, timeline.bytes, ['-xerror']))) };
}

async function sendBy(t: Test, server: TestServer, stream: string, bytes: Buffer, way: Way): Promise<TestPublisher['messages']> {
  if (way === 'rtmp') {
    await run('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-c', 'copy', '-copyts', '-f', 'flv', server.rtmpUrl(stream)], { input: bytes });
    return [];
  }
  if (way === 'socket') {
    const publisher = new TestPublisher(t, server.publishUrl(stream));
    await publisher.message('ready');
    for (let at = 0; at < bytes.length; at += sliceBytes) await publisher.send(bytes.subarray(at, at + sliceBytes));
    await publisher.end();
    return publisher.messages;
  }
  const { status, text } = await pushBody(server, stream, bytes, way === 'put' ? 'PUT' : 'POST');
  t.equal(status, 200, `${stream}: ${text.slice(0, 400)}`);
  return [];
}

/** One request with the recording as its body. */
export function pushBody({ origin, key }: TestServer, stream: string, bytes: Uint8Array, method = 'PUT'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const pushing = request(`${origin}/live/${stream}/publish?key=${key}`, { method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    pushing.on('error', reject);
    pushing.end(bytes);
  });
}

export const numbersOf = (timelines: readonly Decoded[]): number[] => timelines.flatMap(({ pictures }) => pictures.map(({ number }) => number));
