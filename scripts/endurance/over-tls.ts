import { once } from 'node:events';
import { chmod, copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { LiveStreamInfo } from '../../src/protocol/live-stream-info.js';
import { makeCertificates } from '../../test/http/certificates.js';
import { startOwned, temporaryDirectory, waitUntil, type Teardown } from '../../test/helpers/programs.js';
import { startServer } from '../../test/helpers/server.js';
import { picturesOfVlc, startVlc } from '../../test/helpers/vlc.js';
import { describeMachine } from '../bench/machine.js';
import { formatRows } from '../bench/report.js';
import { writeResults } from '../bench/results-page.js';
import { within } from '../bench/scope.js';

/** Longer than this without anything new, and a person would call it a stall. */
const stallSeconds = 2;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, write: { type: 'boolean', default: false } } });
const seconds = Number(values.minutes) * 60;
// Nobody has signed the certificate of the tests.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

/** How long one program's one request lasted, and what came. */
interface Endured {
  readonly what: string;
  readonly seconds: number;
  readonly longestStandstillSeconds: number | undefined;
  readonly remark: string;
}

/** One request each that lasts as long as the broadcast: ffmpeg pushes, curl and VLC pull, all of it by HTTPS. */
const runs = await within(async (scope): Promise<Endured[]> => {
  const { cert, key } = makeCertificates(scope);
  const server = await startServer(scope, { TLS_CERT: cert, TLS_KEY: key });
  const startMs = performance.now();
  const since = (): number => (performance.now() - startMs) / 1000;
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=30', '-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-t', String(seconds)];
  const encoded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '30', '-b:v', '800k', '-c:a', 'aac'];
  const pushUrl = `${server.origin}/live/card/publish?key=${server.key}`;
  const push = startOwned(scope, 'ffmpeg', ['-v', 'error', '-nostdin', '-re', ...picture, ...encoded, '-f', 'matroska', '-cluster_time_limit', '100', '-method', 'PUT', pushUrl], { stdio: ['ignore', 'ignore', 'inherit'] });
  const pushed = once(push, 'close').then(() => since());
  const facts = async (): Promise<LiveStreamInfo> => (await (await fetch(`${server.origin}/api/streams/card`)).json()) as LiveStreamInfo;
  await waitUntil('the broadcast', async () => (await facts()).state === 'live', 30_000);
  const pulls = [
    curl(scope, `${server.origin}/live/card/stream.mp4`, '--http1.1'),
    curl(scope, `${server.origin}/live/card/stream.flv`, '--http1.1'),
    curl(scope, `${server.origin}/live/card/stream.mp4`, '--http2'),
    vlc(scope, `${server.origin}/live/card/stream.mp4`, cert, pushed),
  ];
  const pushSeconds = await pushed;
  const { receivedBytes } = await facts();
  // ffmpeg hangs up without waiting for the answer: then the broadcast may wait for it to come back, and is ended here.
  const { state } = await waitUntil('the end of the push', async () => {
    const now = await facts();
    return now.state !== 'live' && now;
  });
  await fetch(`${server.origin}/api/streams/card`, { method: 'DELETE', headers: { authorization: `Bearer ${server.key}` } });
  return [{ what: 'ffmpeg, PUT', seconds: pushSeconds, longestStandstillSeconds: undefined, remark: `${inMegabytes(receivedBytes)}; then ${state}` }, ...(await Promise.all(pulls))];
});

const rows = runs.map(({ what, seconds: lasted, longestStandstillSeconds: longest, remark }) => [what, lasted.toFixed(1), longest === undefined ? '–' : `${longest.toFixed(2)} s`, remark]);
const body = [`A broadcast of ${String(seconds)} s by HTTPS, each program with one request.`, '', formatRows([['program', 'seconds', 'longest standstill', 'remark'], ...rows])].join('\n');
console.log(body);
if (values.write) await writeResults({ page: 'endurance over TLS', title: 'Endurance over TLS: requests that last as long as the broadcast', machine: describeMachine(), body });
// Who pulls begins when the stream is live, some seconds after it began.
if (runs.some((run) => run.seconds < seconds - 15 || (run.longestStandstillSeconds ?? 0) > stallSeconds)) process.exitCode = 1;

/** Its body until that ends, and the longest time in which nothing came. */
async function curl(t: Teardown, url: string, version: string): Promise<Endured> {
  const child = startOwned(t, 'curl', ['-ksSN', version, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const startMs = performance.now();
  const times: number[] = [];
  let bytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    times.push(performance.now());
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const what = `curl, ${url.slice(url.lastIndexOf('/') + 1)}, ${version.slice(2)}`;
  return { what, seconds: ((times.at(-1) ?? startMs) - startMs) / 1000, longestStandstillSeconds: longestGapSeconds(times), remark: `${inMegabytes(bytes)}; exit code ${String(code)}` };
}

/** VLC writes every 15th picture; when they were written tells how long it played, and whether it stood still. */
async function vlc(t: Teardown, url: string, cert: string, over: Promise<unknown>): Promise<Endured> {
  // VLC trusts what lies in a folder that it is shown.
  const trusted = await temporaryDirectory(t, 'onair-trusted');
  await copyFile(cert, join(trusted, 'localhost.pem'));
  await chmod(trusted, 0o755);
  const directory = await startVlc(t, url.replace('127.0.0.1', 'localhost'), { every: 15, options: [`--gnutls-dir-trust=${trusted}`] });
  await over;
  const times = (await Promise.all((await picturesOfVlc(directory)).map(async (name) => (await stat(join(directory, name))).mtimeMs))).toSorted((a, b) => a - b);
  return { what: 'VLC, stream.mp4', seconds: times.length / 2, longestStandstillSeconds: longestGapSeconds(times), remark: `every 15th picture: ${String(times.length)}` };
}

function longestGapSeconds(timesMs: readonly number[]): number {
  return timesMs.slice(1).reduce((longest, time, index) => Math.max(longest, (time - (timesMs[index] ?? time)) / 1000), 0);
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
