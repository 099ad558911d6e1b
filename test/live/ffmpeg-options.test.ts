import t from 'tap';
import { planTranscode, type TranscodeWishes } from '../../src/live/ffmpeg-options.js';
import type { SourceHeader, SourceTrack } from '../../src/source/source-reader.js';

const h264: SourceTrack = { id: 1, kind: 'video', codec: 'h264', width: 1280, height: 720, profile: 66, level: 31 };
const vp8: SourceTrack = { id: 1, kind: 'video', codec: 'vp8', width: 641, height: 361 };
const opus: SourceTrack = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48000, channels: 2 };
const aac: SourceTrack = { ...opus, codec: 'aac' };
const wishes: TranscodeWishes = { segmentSeconds: 2, ffmpegMajor: 7 };
const header = (...tracks: SourceTrack[]): SourceHeader => ({ container: 'webm', tracks });

t.test('a track is copied if every device can play it, and transcoded otherwise, with a reason in words', async (t) => {
  const table: [SourceTrack, Partial<TranscodeWishes>, string][] = [
    [h264, {}, 'copy: H.264 plays everywhere: copied'],
    [{ ...h264, profile: 100 }, {}, 'copy: H.264 plays everywhere: copied'],
    [{ id: 1, kind: 'video', codec: 'h264' }, {}, 'copy: H.264 plays everywhere: copied'],
    [{ ...h264, profile: 110 }, {}, 'transcode: Not every device can play H.264 of profile 110: transcoded to H.264'],
    [{ ...h264, profile: 244 }, {}, 'transcode: Not every device can play H.264 of profile 244: transcoded to H.264'],
    [h264, { forceVideoEncode: 'Keyframes come 9 s apart' }, 'transcode: Keyframes come 9 s apart: transcoded to H.264'],
    [vp8, {}, 'transcode: Not every device can play VP8: transcoded to H.264'],
    [vp8, { forceVideoEncode: 'x' }, 'transcode: Not every device can play VP8: transcoded to H.264'],
    [{ ...vp8, codec: 'av1' }, {}, 'transcode: Not every device can play AV1: transcoded to H.264'],
    [aac, {}, 'copy: AAC plays everywhere: copied'],
    [opus, {}, 'transcode: Not every device can play Opus: transcoded to AAC'],
  ];
  for (const [track, wish, expected] of table) {
    const [facts] = planTranscode(header(track), { ...wishes, ...wish }).tracks;
    t.equal(`${facts?.action}: ${facts?.reason}`, expected);
    t.match(facts, { kind: track.kind, sourceCodec: track.codec });
  }
});

t.test('what is copied is said in one short command line', async (t) => {
  const plan = planTranscode({ container: 'matroska', tracks: [h264, aac] }, wishes);
  t.equal(plan.inputFormat, 'matroska');
  t.equal(plan.inputOptions.join(' '), '-hide_banner -nostats -loglevel warning -probesize 32 -analyzeduration 0 -threads 1 -max_pixels 67108864');
  t.equal(
    plan.outputOptions.join(' '),
    '-map 0:v:0 -c:v copy -map 0:a:0 -c:a copy ' +
      '-movflags empty_moov+default_base_moof+skip_trailer -frag_duration 1 -use_editlist 0 -video_track_timescale 90000 ' +
      '-max_interleave_delta 1000000 -max_muxing_queue_size 1024 -map_metadata -1 -f mp4',
  );
});

t.test('what is encoded keeps its timing, gets even sides, a bounded rate and a keyframe a segment', async (t) => {
  const options = planTranscode(header(vp8, opus), { ...wishes, segmentSeconds: 3 }).outputOptions.join(' ');
  t.match(options, '-c:v libx264 -preset superfast -tune zerolatency -threads 2 -profile:v main -pix_fmt yuv420p');
  t.match(options, 'scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:(ow-iw)/2:(oh-ih)/2,setsar=1');
  t.match(options, '-maxrate 1500000 -bufsize 1500000');
  t.match(options, '-force_key_frames expr:gte(t,n_forced*3)');
  t.match(options, '-fps_mode passthrough -enc_time_base 1:90000');
  t.match(options, '-c:a aac -q:a 1.1 -aac_is 0 -ar 48000 -ac 2');
  const hd = planTranscode(header({ ...vp8, width: 1920, height: 1080 }), wishes).outputOptions.join(' ');
  t.match(hd, '-maxrate 6000000');
});

t.test('where the recording is entered becomes 0 of the output, if it can be known', async (t) => {
  const known = planTranscode(header(vp8), { ...wishes, startSeconds: 3.0676333 }).inputOptions.join(' ');
  t.match(known, '-copyts -itsoffset -3.067633');
  const unknown = planTranscode({ container: 'ogg', tracks: undefined }, { ...wishes, startSeconds: 3 }).inputOptions;
  t.notOk(unknown.includes('-copyts'));
});

t.test('only what exists is mapped', async (t) => {
  const maps = (source: SourceHeader): string[] => {
    const { outputOptions } = planTranscode(source, wishes);
    return outputOptions.filter((_, index) => outputOptions[index - 1] === '-map');
  };
  t.same(maps(header(vp8)), ['0:v:0']);
  t.same(maps(header(opus)), ['0:a:0']);
  t.same(maps(header(opus, vp8)), ['0:v:0', '0:a:0']);
  t.same(maps({ container: 'mpegts', tracks: undefined }), ['0:v:0?', '0:a:0?']);
  t.same(planTranscode(header(), wishes).tracks, []);
});

t.test('a container that only ffmpeg can look into is encoded whole, with time to probe', async (t) => {
  const plan = planTranscode({ container: 'ogg', tracks: undefined }, wishes);
  t.equal(plan.inputFormat, 'ogg');
  t.match(plan.inputOptions.join(' '), '-probesize 500000');
  t.same(plan.tracks.map(({ action }) => action), ['transcode', 'transcode']);
  t.match(plan.tracks[0]?.reason, 'known only after it was decoded');
});

t.test('AAC of a transport stream is copied with what MP4 wants of it', async (t) => {
  const plan = planTranscode({ container: 'mpegts', tracks: [h264, aac] }, { ...wishes, startSeconds: 1.4 });
  t.match(plan.inputOptions.join(' '), '-probesize 2000000 -analyzeduration 1000000 -copyts -itsoffset -1.400000');
  t.match(plan.outputOptions.join(' '), '-bsf:a aac_adtstoasc -movflags empty_moov+default_base_moof+skip_trailer+delay_moov');
  const encoded = planTranscode({ container: 'mpegts', tracks: [h264, { ...aac, codec: 'aac_latm' }] }, wishes).outputOptions.join(' ');
  t.notMatch(encoded, /aac_adtstoasc|delay_moov/);
});

t.test('FLV is copied like any container, and probed for a frame of each track', async (t) => {
  const plan = planTranscode({ container: 'flv', tracks: [h264, aac] }, { ...wishes, startSeconds: 2 });
  t.same(plan.tracks.map(({ action }) => action), ['copy', 'copy']);
  t.match(plan.inputOptions.join(' '), '-probesize 2000000 -analyzeduration 100000 -copyts -itsoffset -2.000000');
});

t.test('an old ffmpeg is only asked for what it knows', async (t) => {
  const old = planTranscode(header(vp8, opus), { ...wishes, ffmpegMajor: 4 }).outputOptions.join(' ');
  t.match(old, '-vsync passthrough');
  t.notMatch(old, '-fps_mode');
  t.notMatch(old, '-max_interleave_delta');
});

t.test('frames that claim to last for seconds are given a duration that players can believe, where ffmpeg can', async (t) => {
  const options = (ffmpegMajor: number, claimedFrameSeconds?: number): string =>
    planTranscode({ container: 'webm', tracks: [{ ...vp8, ...(claimedFrameSeconds !== undefined && { claimedFrameSeconds }) }] }, { ...wishes, ffmpegMajor }).outputOptions.join(' ');
  t.match(options(5, 4), '-bsf:v setts=duration=');
  t.notMatch(options(4, 4), 'setts');
  t.notMatch(options(5), 'setts');
});
