import t from 'tap';
import { manifestLine, readManifest, sumsOf, type Manifest, type ManifestLine } from '../../src/hls/manifest.js';
import { isKeptMedia, keptName } from '../../src/hls/media-address.js';
import { readPlaylistName, writeRecordingText } from '../../src/hls/recording-playlists.js';
import { readMediaPlaylist } from '../helpers/playlist-reader.js';

const picture = (width: number, height: number) => ({ codec: 'avc1.64001f', width, height });

/** @param there the numbers of what is kept of each rendition; the best has all ten */
function manifestWith(there: Record<string, readonly number[]>): Manifest {
  const segment = (number: number, rendition?: string): ManifestLine => ({
    ...{ type: 'segment', rendition, uri: keptName(rendition, `${number}.m4s`), mapUri: keptName(rendition, 'init-0.mp4'), mediaSequence: number, durationSeconds: 2 },
    ...{ byteLength: rendition === undefined ? 1000 : 400, discontinuity: number === 5, programDateTimeMs: number * 2000, keyframe: { start: 0, byteLength: 100 } },
  });
  const best = Array.from({ length: 10 }, (_none, number) => segment(number));
  const sizes: Record<string, readonly [number, number]> = { '360p': [640, 360], '480p': [854, 480] };
  const others = Object.entries(there).flatMap(([rendition, numbers]): ManifestLine[] => [
    { type: 'init', uri: keptName(rendition, 'init-0.mp4'), codecs: 'avc1.64001e,mp4a.40.2', picture: picture(...(sizes[rendition] ?? [320, 180])) },
    ...numbers.map((number) => segment(number, rendition)),
  ]);
  const lines: ManifestLine[] = [
    { type: 'start', version: 1, stream: 'cam', broadcast: 'run', startedAt: '2026-01-02T03:04:05.000Z', targetDurationSeconds: 2, server: 'test-1' },
    { type: 'init', uri: 'init-0.mp4', codecs: 'avc1.64001f,mp4a.40.2', picture: picture(1280, 720) },
    ...others.slice(0, 3), ...best, ...others.slice(3),
  ];
  return readManifest(lines.map(manifestLine).join(''));
}

const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

t.test('a recording of several renditions lists them, the largest first, each with its own bit rate, codecs, size and keyframes', (t) => {
  const text = writeRecordingText(manifestWith({ '360p': all, '480p': all }), { kind: 'multivariant' }, true) ?? '';
  const variants = [...text.matchAll(/^#EXT-X-STREAM-INF:(.*)\n(.*)$/gm)].map(([, attributes, uri]) => `${uri ?? ''} ${attributes ?? ''}`);
  t.strictSame(variants, [
    'media.m3u8 BANDWIDTH=4000,AVERAGE-BANDWIDTH=4000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720',
    '480p_media.m3u8 BANDWIDTH=1600,AVERAGE-BANDWIDTH=1600,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=854x480',
    '360p_media.m3u8 BANDWIDTH=1600,AVERAGE-BANDWIDTH=1600,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360',
  ]);
  t.strictSame([...text.matchAll(/I-FRAME-STREAM-INF.*RESOLUTION=([^,]+),URI="([^"]+)"/g)].map(([, size, uri]) => `${size ?? ''} ${uri ?? ''}`), ['1280x720 iframes.m3u8', '854x480 480p_iframes.m3u8', '640x360 360p_iframes.m3u8']);
  t.end();
});

t.test('the playlists of all renditions have the same numbers, durations and discontinuities; what one lacks is a gap', (t) => {
  const manifest = manifestWith({ '360p': all.filter((number) => number !== 0 && number !== 5), '480p': all });
  const small = readMediaPlaylist(writeRecordingText(manifest, { kind: 'media', rendition: '360p' }, true) ?? '');
  t.strictSame(small.segments.map(({ durationSeconds, isDiscontinuity }) => [durationSeconds, isDiscontinuity]), Array.from({ length: 10 }, (_none, number) => [2, number === 5]));
  t.strictSame(small.segments.filter(({ isGap }) => isGap).map(({ uri }) => uri), ['360p_0.m4s', '360p_5.m4s']);
  t.ok(small.lines.includes('#EXT-X-MAP:URI="360p_init-0.mp4"'));
  t.equal(writeRecordingText(manifest, { kind: 'media', rendition: '720p' }, true), undefined);
  t.end();
});

t.test('one that lacks more than a tenth is not offered, and what all of them weigh is what the recording weighs', (t) => {
  const manifest = manifestWith({ '360p': all.slice(0, 8), '480p': all.slice(0, 9) });
  t.notMatch(writeRecordingText(manifest, { kind: 'multivariant' }, true), '360p');
  t.match(writeRecordingText(manifest, { kind: 'multivariant' }, true), '480p_media.m3u8');
  t.match(sumsOf(manifest), { durationSeconds: 20, byteLength: 10 * 1000 + 17 * 400, width: 1280, height: 720 });
  t.end();
});

t.test('names that are none of ours stand for nothing', (t) => {
  t.strictSame(readPlaylistName('480p_media.m3u8'), { kind: 'media', rendition: '480p' });
  t.strictSame(readPlaylistName('index.m3u8'), { kind: 'multivariant', rendition: undefined });
  for (const name of ['480p_index.m3u8', '_media.m3u8', '../media.m3u8', 'a_b_media.m3u8', 'media.m3u8x', `${'a'.repeat(33)}_media.m3u8`]) t.equal(readPlaylistName(name), undefined, name);
  for (const name of ['480p_0.m4s', '0.m4s', '480p_init-1.mp4']) t.ok(isKeptMedia(name), name);
  for (const name of ['../0.m4s', '480p_../0.m4s', '/0.m4s', 'a_b_0.m4s', '480p_manifest.jsonl', '..%2f_0.m4s']) t.notOk(isKeptMedia(name), name);
  t.end();
});
