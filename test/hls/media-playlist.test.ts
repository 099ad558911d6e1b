import t from 'tap';
import { writeMediaPlaylist, type MediaPlaylistSnapshot, type PartEntry, type SegmentEntry } from '../../src/hls/media-playlist.js';
import { writeMultivariantPlaylist } from '../../src/hls/multivariant-playlist.js';
import { mergeDelta } from '../helpers/merge-delta.js';

const timing = { targetDurationSeconds: 2, partTargetSeconds: 0.5 };
const start = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function parts(mediaSequence: number, count = 4): PartEntry[] {
  return Array.from({ length: count }, (_none, part) => ({ uri: `${mediaSequence}.${part}.m4s`, durationSeconds: 0.5, independent: part === 0 }));
}

function segment(mediaSequence: number, more: Partial<SegmentEntry> = {}): SegmentEntry {
  return {
    mediaSequence,
    uri: `${mediaSequence}.m4s`,
    mapUri: 'init-0.mp4',
    discontinuity: false,
    programDateTimeMs: start + mediaSequence * 2000,
    parts: parts(mediaSequence),
    durationSeconds: 2,
    ...more,
  };
}

function open(mediaSequence: number, partCount: number): SegmentEntry {
  const { durationSeconds: _unknown, ...rest } = segment(mediaSequence, { parts: parts(mediaSequence, partCount) });
  return rest;
}

function snapshot(segments: readonly SegmentEntry[], more: Partial<MediaPlaylistSnapshot> = {}): MediaPlaylistSnapshot {
  return { timing, discontinuitySequence: 0, segments, ended: false, preloadHintUri: 'next.m4s', ...more };
}

t.test('a live playlist lists segments, the parts near its edge, the open segment and the part to come', async (t) => {
  const segments = [3, 4, 5, 6, 7].map((mediaSequence) => segment(mediaSequence));
  t.equal(
    writeMediaPlaylist(snapshot([...segments, open(8, 2)], { preloadHintUri: '8.2.m4s' })),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,PART-HOLD-BACK=1.5,HOLD-BACK=6
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:11.678Z
#EXTINF:2,
3.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:13.678Z
#EXTINF:2,
4.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:15.678Z
#EXTINF:2,
5.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:17.678Z
#EXT-X-PART:DURATION=0.5,URI="6.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="6.1.m4s"
#EXT-X-PART:DURATION=0.5,URI="6.2.m4s"
#EXT-X-PART:DURATION=0.5,URI="6.3.m4s"
#EXTINF:2,
6.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:19.678Z
#EXT-X-PART:DURATION=0.5,URI="7.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="7.1.m4s"
#EXT-X-PART:DURATION=0.5,URI="7.2.m4s"
#EXT-X-PART:DURATION=0.5,URI="7.3.m4s"
#EXTINF:2,
7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:21.678Z
#EXT-X-PART:DURATION=0.5,URI="8.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="8.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="8.2.m4s"
`,
  );
});

t.test('an ended playlist has neither parts nor a hint, and says so last', async (t) => {
  const discontinuity = segment(4, { discontinuity: true, mapUri: 'init-1.mp4', durationSeconds: 1.23456789, programDateTimeMs: start + 9000.6 });
  t.equal(
    writeMediaPlaylist(snapshot([segment(3), discontinuity], { ended: true, discontinuitySequence: 2 })),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,PART-HOLD-BACK=1.5,HOLD-BACK=6
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:11.678Z
#EXTINF:2,
3.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:14.679Z
#EXTINF:1.23457,
4.m4s
#EXT-X-ENDLIST
`,
  );
});

t.test('what describes a segment stands before its first part, and a discontinuity repeats its init segment', async (t) => {
  const text = writeMediaPlaylist(snapshot([segment(0), segment(1, { discontinuity: true })]));
  t.match(text, `#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-0.mp4"\n#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.678Z\n#EXT-X-PART:DURATION=0.5,URI="1.0.m4s"`);
});

t.test('a delta leaves out only what is older than the skip boundary, counted from the last whole segment', async (t) => {
  const segments = Array.from({ length: 10 }, (_none, index) => segment(index));
  const delta = writeMediaPlaylist(snapshot([...segments, open(10, 3)]), { delta: true });
  t.match(delta, '#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-PROGRAM-DATE-TIME:');
  t.notMatch(delta, '#EXT-X-MAP', 'the init segment in force is known');
  t.notMatch(delta, '\n2.m4s');
  t.match(delta, '\n3.m4s');
});

t.test('a delta of a short playlist, of an ended one, or of one with a discontinuity in it, is the whole playlist', async (t) => {
  const short = snapshot([segment(0), segment(1)]);
  t.equal(writeMediaPlaylist(short, { delta: true }), writeMediaPlaylist(short));
  const ended = snapshot(Array.from({ length: 12 }, (_none, index) => segment(index)), { ended: true });
  t.equal(writeMediaPlaylist(ended, { delta: true }), writeMediaPlaylist(ended));
  for (const at of [0, 9]) {
    const joined = snapshot([...Array.from({ length: 12 }, (_none, index) => segment(index, { discontinuity: index === at })), open(12, 2)]);
    t.equal(writeMediaPlaylist(joined, { delta: true }), writeMediaPlaylist(joined), `in segment ${at}`);
  }
});

t.test('a delta merged into the playlist before it is the whole playlist, line by line', async (t) => {
  const all = Array.from({ length: 30 }, (_none, index) =>
    segment(index, {
      discontinuity: index === 6 || index === 13 || index === 14,
      mapUri: index < 6 ? 'init-0.mp4' : index < 14 ? 'init-1.mp4' : 'init-2.mp4',
      durationSeconds: index % 3 === 0 ? 1.7 : 2,
    }),
  );
  for (let first = 0; first < 18; first++) {
    const discontinuitySequence = all.slice(0, first).filter(({ discontinuity }) => discontinuity).length;
    const at = (count: number, openParts: number): MediaPlaylistSnapshot =>
      snapshot([...all.slice(first, first + count), open(first + count, openParts)], { discontinuitySequence });
    const before = writeMediaPlaylist(at(10, 1));
    const later = at(11, 2);
    t.equal(mergeDelta(before, writeMediaPlaylist(later, { delta: true })), writeMediaPlaylist(later), `from segment ${first}`);
  }
});

t.test('the multivariant playlist tells all that a player chooses by', async (t) => {
  t.equal(
    writeMultivariantPlaylist([{
      mediaPlaylistUri: 'run1/media.m3u8',
      codecs: 'avc1.42c01f,mp4a.40.2',
      peakBitsPerSecond: 2_600_000.2,
      averageBitsPerSecond: 2_345_678,
      resolution: { width: 1280, height: 720 },
      frameRate: 29.97,
    }]),
    `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2600001,AVERAGE-BANDWIDTH=2345678,CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970
run1/media.m3u8
`,
  );
  t.equal(
    writeMultivariantPlaylist([{ mediaPlaylistUri: 'run1/media.m3u8', codecs: 'mp4a.40.2', peakBitsPerSecond: 130_000, averageBitsPerSecond: 128_000 }]),
    `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2"
run1/media.m3u8
`,
    'sound only',
  );
});
