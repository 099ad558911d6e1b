import t from 'tap';
import { planTranscode, type TranscodeWishes } from '../../src/live/ffmpeg-options.js';
import type { SourceHeader, SourceTrack } from '../../src/source/source-reader.js';

const h264: SourceTrack = { id: 1, kind: 'video', codec: 'h264', width: 1280, height: 720, profile: 66, level: 31 };
const vp8: SourceTrack = { id: 1, kind: 'video', codec: 'vp8', width: 641, height: 361 };
const opus: SourceTrack = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48000, channels: 2 };
/** @param channelConfiguration as its AudioSpecificConfig says */
const aacOf = (channelConfiguration: number, objectType = 2): SourceTrack => ({ ...opus, codec: 'aac', configuration: Buffer.from([(objectType << 3) | 1, 0x80 | (channelConfiguration << 3)]) });
const aac = aacOf(2);
const wishes: TranscodeWishes = { segmentSeconds: 2, ffmpegMajor: 7 };
const header = (...tracks: SourceTrack[]): SourceHeader => ({ container: 'webm', tracks });

t.test('a track is copied if every device can play it, and transcoded otherwise, with a reason in words', async (t) => {
  const table: [SourceTrack, Partial<TranscodeWishes>, string][] = [
    [h264, {}, 'copy: H.264 plays everywhere: copied'],
    [{ ...h264, profile: 100 }, {}, 'copy: H.264 plays everywhere: copied'],
    [{ id: 1, kind: 'video', codec: 'h264' }, {}, 'copy: H.264 plays everywhere: copied'],
    [{ ...h264, interlaced: true }, {}, 'transcode: Its pictures are interlaced, which players show with combs: transcoded to H.264, its fields made pictures'],
    [{ ...h264, bitDepth: 10 }, {}, 'transcode: Not every device can play H.264 of 10 bits: transcoded to H.264'],
    [{ ...h264, profile: 110 }, {}, 'transcode: Not every device can play H.264 of profile 110: transcoded to H.264'],
    [{ ...h264, profile: 244 }, {}, 'transcode: Not every device can play H.264 of profile 244: transcoded to H.264'],
    [h264, { forceVideoEncode: 'Keyframes come 9 s apart' }, 'transcode: Keyframes come 9 s apart: transcoded to H.264'],
    [vp8, {}, 'transcode: Not every device can play VP8: transcoded to H.264'],
    [vp8, { forceVideoEncode: 'x' }, 'transcode: Not every device can play VP8: transcoded to H.264'],
    [{ ...vp8, codec: 'av1' }, {}, 'transcode: Not every device can play AV1: transcoded to H.264'],
    [aac, {}, 'copy: AAC plays everywhere: copied'],
    [aacOf(1), {}, 'copy: AAC plays everywhere: copied'],
    [aacOf(6), {}, 'copy: AAC plays everywhere: copied'],
    [aacOf(2, 5), {}, 'copy: AAC plays everywhere: copied'],
    [aacOf(0), {}, 'transcode: Not every device can play AAC of channel configuration 0: transcoded to AAC'],
    [aacOf(3), {}, 'transcode: Not every device can play AAC of channel configuration 3: transcoded to AAC'],
    [aacOf(2, 1), {}, 'transcode: Not every device can play AAC of object type 1: transcoded to AAC'],
    [{ ...opus, codec: 'aac' }, {}, 'transcode: Its AAC does not say how it is to be decoded: transcoded to AAC'],
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
      '-movflags empty_moov+default_base_moof+skip_trailer+frag_discont -frag_duration 1 -use_editlist 0 -output_ts_offset 10 -avoid_negative_ts make_non_negative -video_track_timescale 90000 ' +
      '-max_interleave_delta 1000000 -max_muxing_queue_size 1024 -map_metadata -1 -f mp4',
  );
});

t.test('what is encoded keeps its timing, gets even sides, a bounded rate and a keyframe each second, so that segments are made of whole groups', async (t) => {
  const options = planTranscode(header(vp8, opus), { ...wishes, segmentSeconds: 3 }).outputOptions.join(' ');
  t.match(options, '-c:v libx264 -preset superfast -tune zerolatency -threads 2 -profile:v main -pix_fmt yuv420p');
  t.match(options, 'scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:(ow-iw)/2:(oh-ih)/2,setsar=1');
  t.match(options, '-maxrate 1500000 -bufsize 1500000');
  t.match(options, '-force_key_frames expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1-0.001))');
  const odd = planTranscode(header(vp8, opus), { ...wishes, segmentSeconds: 1.5 }).outputOptions.join(' ');
  t.match(odd, 'gte(t,prev_forced_t+0.75-0.001)');
  t.match(options, '-fps_mode passthrough -enc_time_base 1:90000');
  t.match(options, '-c:a aac -q:a 1.1 -aac_is 0 -ar 48000 -ac 2');
  const hd = planTranscode(header({ ...vp8, width: 1920, height: 1080 }), wishes).outputOptions.join(' ');
  t.match(hd, '-maxrate 6000000');
});

t.test('where the recording is entered becomes 0 of the output, if it can be known', async (t) => {
  const known = planTranscode(header(vp8), { ...wishes, startSeconds: 3.0676333 }).inputOptions.join(' ');
  t.match(known, '-copyts -itsoffset -3.067633');
});

t.test('only what exists is mapped', async (t) => {
  const maps = (source: SourceHeader): string[] => {
    const { outputOptions } = planTranscode(source, wishes);
    return outputOptions.filter((_, index) => outputOptions[index - 1] === '-map');
  };
  t.same(maps(header(vp8)), ['0:v:0']);
  t.same(maps(header(opus)), ['0:a:0']);
  t.same(maps(header(opus, vp8)), ['0:v:0', '0:a:0']);
  t.same(planTranscode(header(), wishes).tracks, []);
});

t.test('whatever the container, ffmpeg is given Matroska that it need not probe', async (t) => {
  for (const container of ['webm', 'matroska', 'mp4', 'mpegts', 'flv', 'ogg', 'jpeg'] as const) {
    const plan = planTranscode({ container, tracks: [h264, aac] }, { ...wishes, startSeconds: 1.4 });
    t.equal(plan.inputFormat, 'matroska');
    t.match(plan.inputOptions.join(' '), '-probesize 32 -analyzeduration 0 -copyts -itsoffset -1.400000');
    t.same(plan.tracks.map(({ action }) => action), ['copy', 'copy']);
  }
});

t.test('an old ffmpeg is only asked for what it knows', async (t) => {
  const old = planTranscode(header(vp8, opus), { ...wishes, ffmpegMajor: 4 }).outputOptions.join(' ');
  t.match(old, '-vsync passthrough');
  t.notMatch(old, '-fps_mode');
  t.notMatch(old, '-max_interleave_delta');
});

const small: SourceTrack = { ...h264, id: 3, width: 640, height: 360, rendition: 'picture-2' };
const smaller: SourceTrack = { ...h264, id: 4, width: 320, height: 180, rendition: 'picture-3' };

t.test('each further picture that is a rendition is an output of its own with the same sound, and the source stays what it is alone', async (t) => {
  const plan = planTranscode({ container: 'matroska', tracks: [h264, small, smaller, opus] }, wishes);
  t.strictSame(plan.outputs, [
    { name: 'source', trackIds: [1, 2] },
    { name: 'picture-2', trackIds: [3, 2] },
    { name: 'picture-3', trackIds: [4, 2] },
  ]);
  const said = plan.outputOptions.join(' ');
  t.match(said, '-map 0:v:0 -c:v:0 copy -map 0:a:0 -c:a aac');
  t.match(said, '-map 0:v:1 -c:v:1 copy -map 0:v:2 -c:v:2 copy -movflags');
  t.match(said, '+separate_moof');
  t.strictSame(planTranscode(header(h264, small), wishes).outputs, [{ name: 'source', trackIds: [1] }, { name: 'picture-2', trackIds: [2] }], 'without sound');
});

t.test('a plan with one output is what it was before there were several', async (t) => {
  const alone = planTranscode(header(h264, opus), wishes);
  t.strictSame(alone.outputs, [{ name: 'source', trackIds: [1, 2] }]);
  t.notMatch(alone.outputOptions.join(' '), 'separate_moof');
  const unnamed = { ...small, rendition: undefined };
  t.strictSame(planTranscode(header(h264, unnamed, opus), wishes), alone, 'a second picture that is no rendition is not there');
});

t.test('where the source or a rendition can not be copied, there is no such output: its keyframes would be elsewhere', async (t) => {
  const names = (tracks: SourceTrack[], wish: Partial<TranscodeWishes> = {}): string[] => planTranscode(header(...tracks), { ...wishes, ...wish }).outputs.map(({ name }) => name);
  t.strictSame(names([h264, { ...small, profile: 244 }, smaller]), ['source', 'picture-3']);
  t.strictSame(names([vp8, small, smaller]), ['source']);
  t.strictSame(names([h264, small], { forceVideoEncode: 'Keyframes come 9 s apart' }), ['source']);
  t.strictSame(planTranscode(header(h264, { ...small, profile: 244 }, smaller), wishes).outputOptions.filter((_, index, all) => all[index - 1] === '-map'), ['0:v:0', '0:v:2'], 'the others keep their places');
});

t.test('the rest of a group is encoded in all outputs alike, each by options of its own', async (t) => {
  const said = planTranscode(header(h264, small, opus), { ...wishes, leaveOutBefore: 'ffmpeg was restarted between two keyframes' }).outputOptions.join(' ');
  for (const picture of [0, 1]) t.match(said, new RegExp(`-c:v:${picture} libx264 .*-filter:v:${picture} select=.*-force_key_frames:v:${picture} `));
  t.notMatch(said, /-(vf|c:v|crf|g|preset) /, 'nothing is said of the picture as if there were one');
});
