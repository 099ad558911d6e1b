import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CutPoints } from '../../../src/web/sdk/cut-points.js';
import { MatroskaMuxer } from '../../../src/web/sdk/publishing/webcodecs/matroska.js';
import { SourceReader } from '../../../src/source/source-reader.js';
import type { SourceEvent } from '../../../src/source/source-events.js';

const fixture = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(import.meta.dirname, '../../fixtures', name)));

function cut(bytes: Uint8Array<ArrayBuffer>, sliceBytes: number): { readonly points: CutPoints; readonly places: number[] } {
  const points = new CutPoints();
  const places: number[] = [];
  for (let at = 0; at < bytes.length; at += sliceBytes) places.push(...points.push(bytes.slice(at, at + sliceBytes)));
  return { points, places };
}

type Frame = Extract<SourceEvent, { type: 'frame' }>;

/** Each frame in a line. */
function frames(bytes: Uint8Array): string[] {
  const reader = new SourceReader();
  const read = [...reader.push(bytes), ...reader.end()].filter((event): event is Frame => event.type === 'frame');
  return read.map((frame) => `${frame.kind} ${frame.keyframe ? 'key' : 'delta'} ${frame.decodeSeconds} ${createHash('sha256').update(frame.bytes).digest('base64')}`);
}

for (const name of ['chromium-h264.mkv', 'chromium-vp8.webm', 'chromium-vp9.webm', 'firefox-vp8.webm', 'chromium-h264.mp4']) {
  t.test(`${name}: the header and what follows a place is a recording that begins with a keyframe, and lacks nothing of what follows`, async (t) => {
    const bytes = fixture(name);
    const { points, places } = cut(bytes, 1000);
    const all = frames(bytes);
    t.ok(places.length >= 2, `${places.length} places`);
    t.strictSame(cut(bytes, 7).places, places, 'however it is sliced');
    t.equal(points.head?.length, places[0]);
    for (const place of places) {
      const left = frames(Buffer.concat([points.head ?? Buffer.alloc(0), bytes.subarray(place)]));
      t.match(left.find((line) => line.startsWith('video')), /^video key/, 'the first picture is one to begin with');
      t.equal(left.join('\n'), all.slice(-left.length).join('\n'), 'from there on it is the same');
    }
    t.equal(frames(Buffer.concat([points.head ?? Buffer.alloc(0), bytes.subarray(places[0])])).length, all.length, 'from the first place on it is all of it');
  });
}

t.test('what WebCodecs encodes: each keyframe of the source, whatever other pictures and sound are between', async (t) => {
  const muxer = new MatroskaMuxer([0, 1].map(() => ({ kind: 'video', width: 64, height: 36, configuration: new Uint8Array(8) })));
  const header = muxer.header();
  let length = header.length;
  const wanted: number[] = [];
  const points = new CutPoints();
  const places = [...points.push(header)];
  for (let picture = 0; picture < 60; picture++) {
    for (const track of [0, 1]) {
      const keyframe = picture % 20 === 0;
      if (keyframe && track === 0) wanted.push(length);
      const block = muxer.write({ track, timeUs: picture * 100_000, keyframe, bytes: new Uint8Array(300) });
      length += block.length;
      places.push(...points.push(block));
    }
  }
  t.strictSame(places, wanted);
  t.strictSame(points.head, header);
});

t.test('a container without such places has none, and so has what is broken or begins with too much', async (t) => {
  for (const bytes of [new TextEncoder().encode('OggS'.repeat(100)), new Uint8Array(5000).fill(0xff), new Uint8Array(5000), Uint8Array.from([0x1a, 0x45, 0xdf, 0xa3, 0x80, ...new Uint8Array(100)])]) {
    const { points, places } = cut(bytes, 100);
    t.strictSame(places, []);
    t.equal(points.head, undefined);
  }
  const muxer = new MatroskaMuxer([{ kind: 'video', width: 64, height: 36, configuration: new Uint8Array(1_100_000) }]);
  const points = new CutPoints();
  points.push(muxer.header());
  points.push(muxer.write({ track: 0, timeUs: 0, keyframe: true, bytes: new Uint8Array(3) }));
  t.equal(points.head, undefined);
});
