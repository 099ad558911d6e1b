import type { VideoTrack } from '../fmp4/init-segment.js';
import type { TranscodePlan } from './ffmpeg-options.js';

/** A rendition as it is asked for. */
export interface RungWish {
  /** Of the shorter side: upright or lying. */
  readonly lines: number;
  readonly bitsPerSecond: number;
}

/** A rendition of a certain source. */
export interface Rung extends RungWish {
  /** How its addresses name it, `480p`. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** What encodes: `libx264`, or the hardware of the machine. */
export type H264Encoder = 'libx264' | 'h264_nvenc' | 'h264_vaapi' | 'h264_qsv' | 'h264_videotoolbox' | 'h264_v4l2m2m';

/** From the one that is wished for to the one that costs least. */
export type LadderPreset = 'superfast' | 'ultrafast';

export interface LadderPlanOptions {
  readonly rungs: readonly Rung[];
  readonly hasSound: boolean;
  readonly encoder: H264Encoder;
  readonly preset: LadderPreset;
  readonly ffmpegMajor: number;
  /** By rung: pictures up to this media time are there already. */
  readonly after: ReadonlyMap<string, number>;
}

const usualRungs: readonly RungWish[] = [
  { lines: 720, bitsPerSecond: 2_500_000 },
  { lines: 480, bitsPerSecond: 1_000_000 },
  { lines: 360, bitsPerSecond: 500_000 },
];
/** Nearly the source's size is not worth an encoder. */
const largestShareOfLines = 0.8;
/** Nor is nearly its bit rate. */
const largestShareOfBits = 0.6;

/** @param text as in a setting: `480:1000k,360:500k`; undefined for `auto` */
export function readLadder(text: string): RungWish[] | undefined {
  if (text === 'auto') return undefined;
  return text.split(',').map((rung) => {
    const [lines = 0, kilobits = 0] = rung.replace('k', '').split(':').map(Number);
    return { lines, bitsPerSecond: kilobits * 1000 };
  });
}

/** The profile and level that all renditions are encoded in: enough for 1920 × 1088 at 30 a second. */
export const ladderCodec = 'avc1.4d4028';
const ladderLevel = '4.0';

/** Pictures in one rendition and the source that are nearer to each other are the same. */
const samePictureSeconds = 0.0005;

/**
 * The renditions that a source is worth, highest first: never up, and much lighter than itself.
 * @param wished undefined: as usual, by the size of the source
 * @param bitsPerSecond of the source, as measured
 */
export function rungsOf({ width, height }: Pick<VideoTrack, 'width' | 'height'>, bitsPerSecond: number, wished: readonly RungWish[] | undefined): Rung[] {
  const shorter = Math.min(width, height);
  const largest = wished ? shorter - 1 : shorter * largestShareOfLines;
  const even = (side: number): number => Math.max(2, 2 * Math.round(side * 0.5));
  return (wished ?? usualRungs)
    .filter(({ lines, bitsPerSecond: rate }) => lines <= largest && rate <= bitsPerSecond * largestShareOfBits)
    .toSorted((one, other) => other.lines - one.lines)
    .map(({ lines, bitsPerSecond: rate }) => ({ id: `${lines}p`, lines, bitsPerSecond: rate, width: even((width * lines) / shorter), height: even((height * lines) / shorter) }));
}

/**
 * One ffmpeg for all of them, fed with the broadcast's own fragments. Times are those of the broadcast, and keyframes are where the source has
 * them; the sound goes through as it is. See docs/decisions/0017-ladder-by-the-server.md.
 */
export function planLadder({ rungs, hasSound, encoder, preset, ffmpegMajor, after }: LadderPlanOptions): TranscodePlan {
  const split = `[0:v:0]split=${rungs.length}${rungs.map((_, index) => `[in${index}]`).join('')}`;
  const scaled = rungs.map(({ id, width, height }, index) => {
    const seen = after.get(id);
    const select = seen === undefined ? '' : `select=gt(t\\,${(seen + samePictureSeconds).toFixed(6)}),`;
    return `[in${index}]${select}${scaleFilter(encoder, width, height)}[out${index}]`;
  });
  const sound = rungs.length + 1;
  return {
    inputFormat: 'mp4',
    tracks: [],
    outputs: rungs.map(({ id }, index) => ({ name: id, trackIds: [index + 1, ...(hasSound ? [sound] : [])] })),
    // The source goes first, whatever this costs.
    inBackground: true,
    inputOptions: ['-hide_banner', '-nostats', '-loglevel', 'warning', '-probesize', '8192', '-analyzeduration', '0', '-copyts', '-threads', '1', ...deviceOptions(encoder)],
    outputOptions: [
      ...['-filter_complex', [split, ...scaled].join(';')],
      ...rungs.flatMap((_, index) => ['-map', `[out${index}]`]),
      ...(hasSound ? ['-map', '0:a:0', '-c:a', 'copy'] : []),
      ...['-c:v', encoder, ...encoderOptions(encoder, preset), '-g', '600', '-force_key_frames', 'source'],
      ...(ffmpegMajor >= 6 ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']),
      ...['-enc_time_base', '1:90000'],
      ...rungs.flatMap(({ bitsPerSecond }, index) => [`-b:v:${index}`, String(bitsPerSecond), `-maxrate:v:${index}`, String(bitsPerSecond), `-bufsize:v:${index}`, String(bitsPerSecond / 2)]),
      ...['-movflags', 'empty_moov+default_base_moof+skip_trailer+frag_discont+separate_moof', '-frag_duration', '1', '-use_editlist', '0'],
      ...['-video_track_timescale', '90000', '-avoid_negative_ts', 'disabled', '-max_muxing_queue_size', '1024', '-map_metadata', '-1', '-f', 'mp4'],
    ],
    outputStartSeconds: 0,
  };
}

/** An ffmpeg that encodes ten pictures and shows whether an encoder works here. */
export function probeArguments(encoder: H264Encoder): string[] {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=30'];
  return ['-hide_banner', '-nostats', '-loglevel', 'error', ...deviceOptions(encoder), ...source, '-frames:v', '10', '-vf', scaleFilter(encoder, 320, 240), '-c:v', encoder, ...encoderOptions(encoder, 'superfast'), '-b:v', '500000', '-f', 'null', '-'];
}

function deviceOptions(encoder: H264Encoder): string[] {
  return encoder === 'h264_vaapi' ? ['-vaapi_device', '/dev/dri/renderD128'] : [];
}

function scaleFilter(encoder: H264Encoder, width: number, height: number): string {
  const size = `${width}:${height}`;
  return encoder === 'h264_vaapi' ? `format=nv12,hwupload,scale_vaapi=${size},setsar=1` : `scale=${size},setsar=1,format=${encoder === 'h264_qsv' ? 'nv12' : 'yuv420p'}`;
}

function encoderOptions(encoder: H264Encoder, preset: LadderPreset): string[] {
  const common = ['-profile:v', 'main', '-level:v', ladderLevel];
  switch (encoder) {
    case 'libx264':
      // Only for the rate control: else ffmpeg 4.x takes the clock for 90,000 pictures a second.
      return ['-preset', preset, '-tune', 'zerolatency', '-threads:v', '1', ...common, '-sc_threshold', '0', '-x264-params', 'fps=30'];
    case 'h264_nvenc':
      return ['-preset', 'p2', '-tune', 'ull', '-zerolatency', '1', '-forced-idr', '1', '-bf', '0', ...common];
    case 'h264_vaapi':
    case 'h264_qsv':
      return ['-bf', '0', ...common];
    case 'h264_videotoolbox':
      return ['-realtime', '1', '-bf', '0', ...common];
    case 'h264_v4l2m2m':
      return [];
  }
}
