import t from 'tap';
import { manifestLine, readManifest, sumsOf, type ManifestLine } from '../../src/hls/manifest.js';

const start: ManifestLine = { type: 'start', version: 1, stream: 'cam', broadcast: 'run', startedAt: '2026-01-02T03:04:05.000Z', targetDurationSeconds: 2, server: 'host-1' };
const init: ManifestLine = { type: 'init', uri: 'init-0.mp4', codecs: 'avc1.42c01f', picture: { codec: 'avc1.42c01f', width: 640, height: 360 } };
const segment = (mediaSequence: number, more = {}): ManifestLine => ({
  ...{ type: 'segment', mediaSequence, uri: `${mediaSequence}.m4s`, mapUri: 'init-0.mp4', discontinuity: false, programDateTimeMs: 1000 * mediaSequence, durationSeconds: 2, byteLength: 100, keyframe: { start: 0, byteLength: 10 } },
  ...more,
});
const written = (...lines: ManifestLine[]): string => lines.map(manifestLine).join('');

t.test('what was appended is read again, in order', async (t) => {
  const lines = [start, init, segment(3), segment(4, { gap: true }), { type: 'description', title: 'A show' } as const, { type: 'end', durationSeconds: 4, byteLength: 100 } as const];
  const manifest = readManifest(written(...lines));
  t.strictSame([manifest.start, manifest.inits.get('init-0.mp4'), ...manifest.segments, manifest.description, manifest.end], lines);
  t.strictSame(sumsOf(manifest), { durationSeconds: 4, missingSeconds: 2, byteLength: 100, width: 640, height: 360 }, 'a gap lasts and weighs nothing');
});

t.test('a manifest that was broken off anywhere says what was whole until there', async (t) => {
  const whole = written(start, init, segment(0), segment(1), segment(2));
  const ends = [...whole.matchAll(/\n/g)].map(({ index }) => index);
  for (let length = 0; length <= whole.length; length++) {
    const { segments, start: begun } = readManifest(whole.slice(0, length));
    // A line is there with its last brace; the line break adds nothing.
    const lines = ends.filter((end) => end <= length).length;
    t.equal(segments.length, Math.max(0, lines - 2), `${length} of ${whole.length}`);
    t.equal(begun !== undefined, lines > 0);
  }
});

t.test('what a full disk took of a line costs that line alone, and no segment is listed twice or out of order', async (t) => {
  const half = manifestLine(segment(1)).slice(0, 40);
  const text = `${written(start, init, segment(0))}${half}\n${written(segment(1), segment(2), segment(1), segment(2), segment(3))}null\n7\n"x"\n`;
  t.strictSame(readManifest(text).segments.map(({ uri }) => uri), ['0.m4s', '1.m4s', '2.m4s', '3.m4s']);
});

t.test('a name that is none of ours is not believed: it would become a path', async (t) => {
  for (const uri of ['../../etc/passwd', '/etc/passwd', '0.m4s/../x', '', 'manifest.jsonl', 7, null]) {
    t.strictSame(readManifest(written(start, segment(0, { uri }), segment(1, { mapUri: uri }))).segments, [], String(uri));
  }
});
