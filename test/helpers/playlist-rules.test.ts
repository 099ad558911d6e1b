import t from 'tap';

import { readMediaPlaylist } from './playlist-reader.js';
import { multivariantViolations, violations } from './playlist-rules.js';

const dateOf = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();

const partsOf = (sequenceNumber: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `#EXT-X-PART:DURATION=0.33333,URI="${String(sequenceNumber)}.${String(index)}.m4s"${index === 0 ? ',INDEPENDENT=YES' : ''}`);

/** A low-latency playlist with nothing to complain of: eight segments of 2 s from a sequence number on, and an open one. */
function goodPlaylist(first = 10): string {
  const segments = Array.from({ length: 8 }, (_, index) => first + index).flatMap((number, index) => [
    `#EXT-X-PROGRAM-DATE-TIME:${dateOf(number * 2)}`,
    ...(index > 5 ? partsOf(number, 6) : []),
    '#EXTINF:2.00000,',
    `${String(number)}.m4s`,
  ]);
  return [
    ...['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:2', '#EXT-X-PART-INF:PART-TARGET=0.334'],
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002,HOLD-BACK=6',
    ...[`#EXT-X-MEDIA-SEQUENCE:${String(first)}`, '#EXT-X-DISCONTINUITY-SEQUENCE:0', '#EXT-X-INDEPENDENT-SEGMENTS', '#EXT-X-MAP:URI="init-0.mp4"'],
    ...segments,
    `#EXT-X-PROGRAM-DATE-TIME:${dateOf((first + 8) * 2)}`,
    ...partsOf(first + 8, 3),
    `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${String(first + 8)}.3.m4s"`,
    '',
  ].join('\n');
}

const complaints = (...texts: string[]): string[] => violations(texts.map((text) => readMediaPlaylist(text)));

t.test('a good playlist and its successor break no rule', async (t) => {
  t.strictSame(complaints(goodPlaylist()), []);
  t.strictSame(complaints(goodPlaylist(10), goodPlaylist(11)), []);
});

const faults: Record<string, (text: string) => string> = {
  '§4.4.1.2 version': (text) => text.replace('VERSION:6', 'VERSION:10'),
  '§4.4.3.1 target duration': (text) => text.replace('#EXTINF:2.00000', '#EXTINF:2.60000'),
  '§4.4.3.3 discontinuity sequence': (text) => text.replace('#EXT-X-DISCONTINUITY-SEQUENCE:0\n', ''),
  '§4.4.4.5 init segment': (text) => text.replace('#EXT-X-MAP:URI="init-0.mp4"\n', ''),
  '§4.4.4.6 program date time': (text) => text.replace(dateOf(24), dateOf(24.2)),
  '§4.4.3.4 end': (text) => `${text}#EXT-X-ENDLIST\n`,
  '§4.4.3.7 part information': (text) => text.replace('CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.002,', ''),
  '§4.4.4.9 part durations': (text) => text.replace('0.33333,URI="16.1.m4s"', '0.20000,URI="16.1.m4s"'),
  '§4.4.4.9 sum of parts': (text) => text.replace('#EXT-X-PART:DURATION=0.33333,URI="17.5.m4s"\n', ''),
  '§6.2.2 old parts': (text) => text.replace('#EXTINF:2.00000,\n10.m4s', `${partsOf(10, 6).join('\n')}\n#EXTINF:2.00000,\n10.m4s`),
  '§6.2.2 window': (text) => text.replace('HOLD-BACK=6', 'HOLD-BACK=17'),
  '§4.4.3.8 hold back': (text) => text.replace('HOLD-BACK=6', 'HOLD-BACK=5'),
  '§4.4.5.3 preload hint': (text) => text.replace(/#EXT-X-PRELOAD-HINT.*\n/, ''),
};

for (const [rule, spoil] of Object.entries(faults)) {
  t.test(`a playlist that breaks ${rule} is found out`, async (t) => {
    const spoilt = spoil(goodPlaylist());
    t.not(spoilt, goodPlaylist(), 'the playlist was changed');
    t.ok(complaints(spoilt).some((complaint) => complaint.includes(rule)), complaints(spoilt).join('\n'));
  });
}

const changes: Record<string, (text: string) => string> = {
  '§6.2.1 frozen values': (text) => text.replace('PART-HOLD-BACK=1.002', 'PART-HOLD-BACK=1.1'),
  '§6.2.2 media sequence': () => goodPlaylist(9),
  '§6.2.1 nothing is repaired': (text) => text.replace('#EXTINF:2.00000,\n12.m4s', '#EXTINF:1.99000,\n12.m4s'),
  '§4.4.3.3 discontinuities counted': (text) => text.replace('DISCONTINUITY-SEQUENCE:0', 'DISCONTINUITY-SEQUENCE:1'),
  'was 13 and became 12': (text) => text.replace('\n12.m4s', '\n13.m4s'),
};

for (const [rule, change] of Object.entries(changes)) {
  t.test(`a successor that breaks "${rule}" is found out`, async (t) => {
    const found = complaints(goodPlaylist(10), change(goodPlaylist(11)));
    t.ok(found.some((complaint) => complaint.includes(rule)), found.join('\n'));
  });
}

t.test('a window cut too short is found out', async (t) => {
  const short = goodPlaylist(11).replace(/#EXT-X-PROGRAM-DATE-TIME:.*\n#EXTINF:2.00000,\n1[1-4]\.m4s\n/g, '').replace('MEDIA-SEQUENCE:11', 'MEDIA-SEQUENCE:15');
  t.match(complaints(goodPlaylist(10), short).join('\n'), /§6\.2\.2 window/);
});

t.test('a multivariant playlist is judged by what its variants say', async (t) => {
  const variant = (attributes: string): string[] => [...multivariantViolations(`#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:${attributes}\nx/media.m3u8\n`)];
  const good = 'BANDWIDTH=900000,AVERAGE-BANDWIDTH=800000,CODECS="avc1.42c01e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000';
  t.strictSame(variant(good), []);
  for (const spoilt of [good.replace('900000', '700000'), good.replace('avc1.42c01e', 'avc1'), good.replace(',RESOLUTION=640x360', ''), good.replace('30.000', '30')]) {
    t.not(variant(spoilt).length, 0, spoilt);
  }
});
