import t from 'tap';
import { BoxReader } from '../../src/fmp4/box-reader.js';
import { readInitSegment } from '../../src/fmp4/init-segment.js';
import { audioTrack, box, initSegment, videoTrack } from '../helpers/media-builder.js';
import { findProgram, run, skipWithout } from '../helpers/programs.js';

const ffmpeg = findProgram('ffmpeg');

t.test('tracks are read with picture first, and their codecs as RFC 6381 names them', async (t) => {
  const init = readInitSegment(initSegment([audioTrack, videoTrack]));
  t.strictSame(init.tracks, [videoTrack, audioTrack]);
  t.equal(init.codecs, 'avc1.42c01f,mp4a.40.2');
  t.equal(readInitSegment(initSegment([audioTrack])).codecs, 'mp4a.40.2');
});

t.test('what can not be an init segment is refused in words', async (t) => {
  const expected = (message: RegExp): { name: string; message: RegExp } => ({ name: 'RangeError', message });
  t.throws(() => readInitSegment(box('ftyp')), expected(/expected an init segment with a moov box, got none/));
  t.throws(() => readInitSegment(box('moov')), expected(/expected an init segment with a video or audio track, got none/));
  t.throws(() => readInitSegment(initSegment([{ ...videoTrack, timescale: 0 }])), expected(/expected a timescale of 1 or more/));
});

t.test("ffmpeg's init segments give the profile, level, size and sound that were asked for", { skip: skipWithout(ffmpeg, 'ffmpeg') }, async (t) => {
  const cases = [
    [['-c:v', 'libx264', '-profile:v', 'baseline', '-level', '3.1', '-c:a', 'aac'], 'avc1.42c01f,mp4a.40.2'],
    [['-c:v', 'libx264', '-profile:v', 'main', '-level', '4.0', '-an'], 'avc1.4d4028'],
    [['-c:v', 'libx264', '-profile:v', 'high', '-level', '4.2', '-an'], 'avc1.64002a'],
    [['-vn', '-c:a', 'aac'], 'mp4a.40.2'],
  ] as const;
  for (const [options, codecs] of cases) {
    const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=322x180:r=30', '-f', 'lavfi', '-i', 'sine=440'];
    const output = ['-t', '0.2', '-pix_fmt', 'yuv420p', '-movflags', 'empty_moov+default_base_moof', '-f', 'mp4', 'pipe:1'];
    const { stdout } = await run('ffmpeg', ['-v', 'error', ...sources, ...options, ...output]);
    const head = new BoxReader().push(stdout).filter(({ type }) => type === 'ftyp' || type === 'moov');
    const init = readInitSegment(Buffer.concat(head.map(({ bytes }) => bytes)));
    t.equal(init.codecs, codecs);
    const [first] = init.tracks;
    if (first?.kind === 'video') t.strictSame([first.width, first.height], [322, 180]);
  }
});
