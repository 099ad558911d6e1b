import t, { type Test } from 'tap';

import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { HlsViewer } from '../helpers/hls-viewer.js';
import { decode } from '../helpers/pictures-and-sound.js';
import { violations } from '../helpers/playlist-rules.js';
import { findProgram, run, skipWithout } from '../helpers/programs.js';
import { TestPublisher } from '../helpers/publisher.js';
import { startServer } from '../helpers/server.js';

const missing = skipWithout(findProgram('ffmpeg'), 'ffmpeg');
t.setTimeout(90_000);
t.jobs = 2;

const rate = 25;
const seconds = 15;

/** Numbered pictures with a tone, in H.264 and AAC, which are both copied. */
async function record(filter: string, keyframes: readonly string[]): Promise<Buffer> {
  const row = `nullsrc=s=16x1:r=${rate},geq=lum='255*mod(floor(N/pow(2\\,X))\\,2)':cb=128:cr=128,scale=320:20:flags=neighbor`;
  const picture = `testsrc2=s=320x180:r=${rate}[card];${row}[row];[card][row]overlay=format=yuv444,${filter},format=yuv420p`;
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-b:v', '500k', '-sc_threshold', '0', '-vsync', 'passthrough', ...keyframes];
  const input = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=440:r=48000', '-t', String(seconds)];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-nostdin', ...input, ...x264, '-c:a', 'aac', '-f', 'matroska', '-cluster_time_limit', '100', 'pipe:1']);
  return stdout;
}

const sources = {
  'whose keyframes move from 2 s to 8 s apart': () => record('null', ['-g', '1000', '-force_key_frames', '0,2,4,12']),
  'that stands still for 1.8 s while sound goes on, and goes on without a keyframe': () => record("select='not(between(t,5.2,7))'", ['-g', '50']),
};

for (const [name, source] of Object.entries(sources)) {
  t.test(`a copied picture ${name} keeps the target duration, begins every segment with a keyframe, and loses no picture`, { skip: missing }, async (t) => {
    const server = await startServer(t);
    const bytes = await source();
    const publisher = new TestPublisher(t, server.publishUrl('cam'));
    await publisher.message('ready');
    const viewer = new HlsViewer(server.hlsUrl('cam'));
    const slices = seconds * 10;
    const size = Math.ceil(bytes.length / slices);
    await publisher.sendPaced(Array.from({ length: slices }, (_, index) => ({ atMs: index * 100, data: bytes.subarray(index * size, (index + 1) * size) })));
    t.match(await publisher.message('recording'), { tracks: [{ kind: 'video', action: 'copy' }, { kind: 'audio', action: 'copy' }] });
    t.equal((await publisher.end()).code, 1000);
    await viewer.ended;

    t.strictSame(violations(viewer.playlists), []);
    t.strictSame([...new Set(viewer.playlists.map(({ targetDurationSeconds }) => targetDurationSeconds))], [2]);
    const timelines = await viewer.timelines();
    t.ok(timelines.length > 1, `${timelines.length} timelines`);
    const numbers: number[] = [];
    for (const timeline of timelines) {
      await beginsWithKeyframes(t, viewer, timeline.mapUri);
      numbers.push(...(await decode(t, timeline.bytes)).pictures.map(({ number }) => number));
    }
    t.strictSame(numbers, (await decode(t, bytes)).pictures.map(({ number }) => number));
  });
}

async function beginsWithKeyframes(t: Test, viewer: HlsViewer, mapUri: string): Promise<void> {
  const base = await viewer.mediaUrl;
  const load = async (uri: string): Promise<Buffer> => Buffer.from(await (await fetch(new URL(uri, base))).arrayBuffer());
  const lead = readInitSegment(await load(mapUri)).tracks.find(({ kind }) => kind === 'video')?.trackId;
  const segments = viewer.playlists.at(-1)?.segments.filter((segment) => segment.mapUri === mapUri) ?? [];
  for (const { uri = '' } of segments) {
    const runs = new FragmentReader().push(await load(uri)).flatMap((event) => (event.type === 'fragment' ? event.fragment.runs : []));
    const first = runs.find(({ trackId, sampleCount }) => trackId === lead && sampleCount > 0);
    t.not(first?.startsWithSync, false, `${uri} begins with a keyframe, if it shows anything`);
  }
}
