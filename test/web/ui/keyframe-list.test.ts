import t from 'tap';
import { readKeyframes, readKeyframeVariant } from '../../../src/web/ui/keyframe-list.js';

const base = 'https://h/recordings/a/index.m3u8';

t.test('of several keyframe playlists the smallest is taken; without one there are no pictures', async (t) => {
  const text = '#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=900,CODECS="avc1.64001f",URI="big.m3u8"\n#EXT-X-I-FRAME-STREAM-INF:AVERAGE-BANDWIDTH=1,BANDWIDTH=80,CODECS="avc1.42c01f",URI="small.m3u8?a=1"\n';
  t.strictSame(readKeyframeVariant(text, base), { url: 'https://h/recordings/a/small.m3u8?a=1', codecs: 'avc1.42c01f' });
  t.equal(readKeyframeVariant('#EXTM3U\n', base), undefined);
});

const list = (date: string): string => `#EXTM3U
#EXT-X-MAP:URI="0.mp4"
#EXT-X-PROGRAM-DATE-TIME:${date}
#EXTINF:2.000,
#EXT-X-BYTERANGE:500@0
0.m4s
#EXT-X-GAP
#EXTINF:2.000,
1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="1.mp4"
#EXTINF:1.500,
#EXT-X-BYTERANGE:600@40
2.m4s
`;

t.test('keyframes are ranges of segments, each with the init segment before it; a gap has none, and takes its time', async (t) => {
  const keyframes = readKeyframes(list('2026-01-01T00:00:00.000Z'), base, false);
  t.strictSame(keyframes, [
    { seconds: 0, url: 'https://h/recordings/a/0.m4s', start: 0, byteLength: 500, mapUrl: 'https://h/recordings/a/0.mp4' },
    { seconds: 4, url: 'https://h/recordings/a/2.m4s', start: 40, byteLength: 600, mapUrl: 'https://h/recordings/a/1.mp4' },
  ]);
  t.strictSame(readKeyframes(list('1970-01-01T00:10:00.000Z'), base, true).map(({ seconds }) => seconds), [600, 604], 'live by date');
});
