import type { Test } from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';
import { run, temporaryDirectory, waitUntil, type Teardown } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { sendTestCard } from '../helpers/test-card.js';
import type { DeployedOnair } from './deployed-onair.js';

export interface ThroughProxy {
  /** Where clients reach the server: the proxy, and the path that it puts before the server's own, if any. */
  readonly base: string;
  readonly onair: DeployedOnair;
  /** The longest silence that the proxy allows in this test: everything here lasts longer. */
  readonly silenceSeconds: number;
}

/** A recording larger than what proxies take by themselves, of a bit rate at which it lasts for a while. */
export async function largeRecording(t: Teardown): Promise<string> {
  const path = join(await temporaryDirectory(t, 'onair-large'), 'large.mkv');
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25,noise=alls=40:allf=t', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
  const options = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '25', '-b:v', '12M', '-minrate', '12M', '-maxrate', '12M', '-bufsize', '6M'];
  await run('ffmpeg', ['-v', 'error', '-nostdin', ...picture, '-t', '9', ...options, '-c:a', 'aac', '-cluster_time_limit', '200', path]);
  return path;
}

/** Programs push more than 10 MB in one request, for longer than the proxy allows silence. */
export async function pushes(t: Test, { base, onair, silenceSeconds }: ThroughProxy, recording: string): Promise<void> {
  const { size } = statSync(recording);
  t.ok(size > 10_000_000, `${String(size)} bytes`);
  const secret = `?key=${onair.key}`;
  const curl = (stream: string, ...options: string[]): Promise<LiveStreamInfo> =>
    run('curl', ['-ksS', '--limit-rate', String(Math.round(size / (silenceSeconds * 2))), ...options, `${base}/live/${stream}/publish${secret}`]).then(({ stdout }) => JSON.parse(String(stdout)) as LiveStreamInfo);
  const startMs = performance.now();
  const [, put, post, http2] = await Promise.all([
    run('ffmpeg', ['-v', 'error', '-nostdin', '-re', '-i', recording, '-c', 'copy', '-f', 'matroska', '-method', 'PUT', `${base}/live/ffmpeg/publish${secret}`]),
    curl('put', '--http1.1', '-T', recording),
    curl('post', '--http1.1', '-X', 'POST', '-H', 'Transfer-Encoding: chunked', '-T', recording),
    curl('http2', '--http2', '-T', recording),
  ]);
  t.ok(performance.now() - startMs > silenceSeconds * 1000, 'they lasted longer than the proxy allows silence');
  for (const [how, answer] of Object.entries({ put, post, http2 })) t.match(answer, { state: 'ended', receivedBytes: size }, `curl: ${how}`);
  // ffmpeg hangs up without waiting for the answer: HAProxy then may not hand on its last instant, and the broadcast waits for it to come back.
  const byFfmpeg = await waitUntil('the end of what ffmpeg pushed', async () => {
    const info = (await (await fetch(`${base}/api/streams/ffmpeg`)).json()) as LiveStreamInfo;
    return (info.state === 'ended' || info.state === 'waiting') && info;
  });
  t.ok(byFfmpeg.receivedBytes > size * 0.98, `ffmpeg: ${String(byFfmpeg.receivedBytes)} of ${String(size)} bytes`);
}

/** One broadcast by WebSocket, watched in every way at the same time. */
export async function broadcasts(t: Test, through: ThroughProxy): Promise<void> {
  const { base, onair, silenceSeconds } = through;
  const sockets = base.replace(/^http/, 'ws');
  const publisher = new TestPublisher(t, `${sockets}/live/card/publish?key=${onair.key}`);
  const { urls } = await publisher.message('ready');
  t.equal(urls.hls, `${base}/live/card/index.m3u8`, 'the publisher is told the address on the outside');
  const silent = new TestPublisher(t, `${sockets}/live/silent/publish?key=${onair.key}`);
  await silent.message('ready');
  const silentSinceMs = performance.now();
  sendTestCard(t, publisher, { seconds: 120 }).catch(() => undefined); // it is cut off when the test is done
  await publisher.message('live');
  const seconds = silenceSeconds * 2;
  await Promise.all([
    watchesSocket(t, `${sockets}/live/card/play`, seconds),
    listensToChat(t, `${sockets}/live/card/chat`, seconds),
    ...['stream.mp4', 'stream.flv'].map((name) => pulls(t, `${base}/live/card/${name}`, seconds)),
    playlistsComeInTime(t, through),
  ]);
  await sleep(Math.max(0, silentSinceMs + seconds * 1000 - performance.now()));
  t.equal((await publisher.end()).code, 1000, 'the broadcast is ended by its publisher, and by nobody else');
  t.equal((await silent.end()).code >= 1000, true, 'a publisher that says nothing is still there');
}

async function watchesSocket(t: Test, url: string, seconds: number): Promise<void> {
  const socket = new WebSocket(url);
  t.teardown(() => socket.terminate());
  let bytes = 0;
  let closed: number | undefined;
  socket.on('message', (data: Buffer, isBinary) => (bytes += isBinary ? data.length : 0));
  socket.on('close', (code) => (closed = code)).on('error', () => undefined);
  await sleep(seconds * 1000);
  t.equal(closed, undefined, 'a viewer’s socket stays open');
  t.ok(bytes > seconds * 40_000, `and brings fragments: ${String(bytes)} bytes`);
  socket.close();
}

async function listensToChat(t: Test, url: string, seconds: number): Promise<void> {
  const socket = new WebSocket(url);
  t.teardown(() => socket.terminate());
  let closed: number | undefined;
  socket.on('close', (code) => (closed = code)).on('error', () => undefined);
  await sleep(seconds * 1000);
  t.equal(closed, undefined, 'a chat in which nobody talks stays open');
  socket.close();
}

/** An endless body comes as it is made, and is not cut. */
async function pulls(t: Test, url: string, seconds: number): Promise<void> {
  const stop = new AbortController();
  const response = await fetch(url, { signal: stop.signal });
  t.equal(response.status, 200, url);
  const startMs = performance.now();
  let [bytes, longestMs, lastMs] = [0, 0, startMs];
  for await (const chunk of response.body ?? []) {
    const nowMs = performance.now();
    bytes += (chunk as Uint8Array).length;
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (nowMs - startMs > seconds * 1000) break;
  }
  stop.abort();
  t.ok(lastMs - startMs > seconds * 1000, `${url} goes on`);
  t.ok(bytes > seconds * 40_000, `${String(bytes)} bytes`);
  // A proxy that collects the answer gives nothing for as long as it lasts; a busy machine, or being skipped to a keyframe on it, takes some seconds.
  t.ok(longestMs < 6000, `never ${String(Math.round(longestMs))} ms without a byte`);
}

/** A playlist that is waited for comes through the proxy when it comes without it. */
async function playlistsComeInTime(t: Test, { base, onair }: ThroughProxy): Promise<void> {
  const index = await (await fetch(`${base}/live/card/index.m3u8`)).text();
  const media = index.trim().split('\n').at(-1) ?? '';
  const addresses = [`${onair.origin}/live/card/${media}`, `${base}/live/card/${media}`];
  const lateMs: number[] = [];
  let text = await (await fetch(addresses[1] ?? '')).text();
  for (let round = 0; round < 15; round++) {
    const last = readMediaPlaylist(text).segments.at(-1);
    const isOpen = last?.uri === undefined;
    const query = `?_HLS_msn=${String((last?.sequenceNumber ?? 0) + (isOpen ? 0 : 1))}&_HLS_part=${String(isOpen ? (last?.parts.length ?? 0) : 0)}`;
    const [direct, proxied] = await Promise.all(
      addresses.map(async (address) => {
        const answer = await fetch(address + query);
        const body = await answer.text();
        return { status: answer.status, body, atMs: performance.now() };
      }),
    );
    t.equal(proxied?.status, 200, query);
    text = proxied?.body ?? '';
    lateMs.push((proxied?.atMs ?? 0) - (direct?.atMs ?? 0));
  }
  const median = lateMs.sort((a, b) => a - b)[Math.floor(lateMs.length / 2)] ?? 0;
  t.ok(median < 100, `a blocked playlist is late by ${median.toFixed(1)} ms (median of ${String(lateMs.length)}, worst ${(lateMs.at(-1) ?? 0).toFixed(1)})`);
  t.comment(`median ${median.toFixed(1)} ms, worst ${(lateMs.at(-1) ?? 0).toFixed(1)} ms`);
}
