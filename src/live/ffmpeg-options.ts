import type { TrackFacts } from '../protocol/live-stream-info.js';
import type { Container, SourceHeader, SourceTrack } from '../source/source-events.js';
import { defaultEncodeLimits, encodedSize, maxDecodedPixels, paceFilter, sizeFilter, type EncodeLimits } from './encode-limits.js';

/** What ffmpeg is asked to do with one recording. */
export interface TranscodePlan {
  /** ffmpeg's name of the demuxer. */
  readonly inputFormat: string;
  /** What happens to each track, and why. Empty: the recording holds nothing that can be shown. */
  readonly tracks: readonly TrackFacts[];
  readonly inputOptions: readonly string[];
  readonly outputOptions: readonly string[];
}

export interface TranscodeWishes {
  readonly segmentSeconds: number;
  /** Why video must be encoded even if it could be copied. */
  readonly forceVideoEncode?: string;
  readonly ffmpegMajor: number;
  /** How large and how fast a picture that is encoded may be. */
  readonly encodeLimits?: EncodeLimits | undefined;
  /** Time of the first frame that will be written, on the recording's own clock; the output begins at 0. */
  readonly startSeconds?: number;
  /** Why what precedes `startSeconds` is decoded and left out: only an encoder can begin between two keyframes. */
  readonly leaveOutBefore?: string;
}

interface TrackPlan {
  readonly facts: TrackFacts;
  readonly map: string;
  readonly options: readonly string[];
}

/** Decides for each track whether it is copied, and says how ffmpeg is told. The first of each kind is taken. */
export function planTranscode(header: SourceHeader, wishes: TranscodeWishes): TranscodePlan {
  const plans =
    header.tracks === undefined
      ? [planVideo(unprobed('video', header.container), wishes), planAudio(unprobed('audio', header.container), wishes)]
      : planKnown(header.tracks, wishes);
  const copiesAdts = header.container === 'mpegts' && plans.some(({ facts }) => facts.kind === 'audio' && facts.action === 'copy');
  return {
    inputFormat: header.container === 'webm' || header.container === 'jpeg' ? 'matroska' : header.container,
    tracks: plans.map(({ facts }) => facts),
    inputOptions: inputOptions(header, wishes.startSeconds),
    outputOptions: [
      ...plans.flatMap(({ map, options }) => ['-map', header.tracks === undefined ? `${map}?` : map, ...options]),
      ...containerOptions(wishes.ffmpegMajor, copiesAdts),
    ],
  };
}

function planKnown(tracks: readonly SourceTrack[], wishes: TranscodeWishes): TrackPlan[] {
  const video = tracks.find(({ kind }) => kind === 'video');
  const audio = tracks.find(({ kind }) => kind === 'audio');
  return [...(video === undefined ? [] : [planVideo(video, wishes)]), ...(audio === undefined ? [] : [planAudio(audio, wishes)])];
}

/** Stands for a track that may or may not be there: only ffmpeg's probing finds out. */
function unprobed(kind: 'video' | 'audio', container: Container): SourceTrack {
  return { id: 0, kind, codec: `unknown in ${container}` };
}

/** profile_idc of Baseline, Main, Extended and High: 8 bits, 4:2:0, which every decoder can play. */
const playableProfiles: ReadonlySet<number> = new Set([66, 77, 88, 100]);

function planVideo(track: SourceTrack, wishes: TranscodeWishes): TrackPlan {
  const whyEncode = reasonToEncodeVideo(track, wishes.forceVideoEncode ?? wishes.leaveOutBefore);
  if (whyEncode === undefined) {
    const reason = 'H.264 plays everywhere: copied';
    return { facts: { kind: 'video', sourceCodec: track.codec, action: 'copy', reason }, map: '0:v:0', options: ['-c:v', 'copy', ...believableDurations(track, wishes)] };
  }
  const reason = `${whyEncode}: transcoded to H.264${smallerThan(track, wishes)}`;
  return {
    facts: { kind: 'video', sourceCodec: track.codec, action: 'transcode', reason },
    map: '0:v:0',
    options: [...encodeVideoOptions(track, wishes), ...believableDurations(track, wishes)],
  };
}

/** A player takes a frame's duration for media it has: only the next frame's time is the truth. ffmpeg before 5 can't change it. */
function believableDurations({ claimedFrameSeconds }: SourceTrack, { ffmpegMajor }: TranscodeWishes): string[] {
  return claimedFrameSeconds === undefined || ffmpegMajor < 5 ? [] : ['-bsf:v', 'setts=duration=0.04/TB'];
}

function reasonToEncodeVideo(track: SourceTrack, forced: string | undefined): string | undefined {
  if (track.id === 0) return 'What this container holds is known only after it was decoded';
  if (track.codec !== 'h264') return `Not every device can play ${displayName(track.codec)}`;
  // Chromium's Matroska has no avcC: the parameter sets come with the pictures, and its encoders make 8-bit 4:2:0 only.
  if (track.profile !== undefined && !playableProfiles.has(track.profile)) {
    return `Not every device can play H.264 of profile ${track.profile}`;
  }
  return forced;
}

function encodeVideoOptions(track: SourceTrack, { segmentSeconds, ffmpegMajor, leaveOutBefore, encodeLimits = defaultEncodeLimits }: TranscodeWishes): string[] {
  const bitsPerSecond = peakBitsPerSecond(track);
  const filters = [...(leaveOutBefore === undefined ? [] : ['select=gte(t\\,-0.002)']), paceFilter(encodeLimits), sizeFilter(track, encodeLimits)].join(',');
  return [
    ...['-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency', '-threads', '2'],
    ...['-profile:v', 'main', '-pix_fmt', 'yuv420p', '-vf', filters],
    ...['-crf', '23', '-maxrate', String(bitsPerSecond), '-bufsize', String(bitsPerSecond)],
    ...['-g', '600', '-sc_threshold', '0', '-force_key_frames', `expr:gte(t,n_forced*${segmentSeconds})`],
    // A live recording has no frame rate, only timestamps: on a finer clock than theirs no picture is dropped or doubled.
    ...(ffmpegMajor >= 6 ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']),
    // Only for the rate control and the level: else ffmpeg 4.x takes the clock for 90,000 pictures a second.
    ...['-enc_time_base', '1:90000', '-x264-params', 'fps=30'],
  ];
}

/** In words, where the picture is larger than what is encoded. */
function smallerThan({ width, height }: SourceTrack, { encodeLimits = defaultEncodeLimits }: TranscodeWishes): string {
  if (!width || !height) return '';
  const size = encodedSize({ width, height }, encodeLimits);
  return size.width + 1 >= width && size.height + 1 >= height ? '' : `, scaled down to ${size.width} × ${size.height}`;
}

/** What the encoder may use at most, by the size of the picture. */
function peakBitsPerSecond({ width = 1280, height = 720 }: SourceTrack): number {
  const pixels = width * height;
  if (pixels <= 640 * 480) return 1_500_000;
  if (pixels <= 1280 * 720) return 3_500_000;
  return pixels <= 1920 * 1088 ? 6_000_000 : 12_000_000;
}

function planAudio(track: SourceTrack, { leaveOutBefore }: TranscodeWishes): TrackPlan {
  if (track.codec === 'aac' && leaveOutBefore === undefined) {
    const reason = 'AAC plays everywhere: copied';
    return { facts: { kind: 'audio', sourceCodec: track.codec, action: 'copy', reason }, map: '0:a:0', options: ['-c:a', 'copy'] };
  }
  const reason =
    track.id === 0
      ? 'What this container holds is known only after it was decoded: transcoded to AAC'
      : `${track.codec === 'aac' ? leaveOutBefore : `Not every device can play ${displayName(track.codec)}`}: transcoded to AAC`;
  // What lies before the start must not count as a gap that silence is put into.
  const begin = leaveOutBefore === undefined ? '' : 'aselect=gte(t\\,-0.1),';
  return {
    facts: { kind: 'audio', sourceCodec: track.codec, action: 'transcode', reason },
    map: '0:a:0',
    // Where sound is missing, silence is put: else all that follows would come too early for its pictures.
    options: [...encodeAudioOptions(track), '-af', `${begin}aresample=async=1:min_hard_comp=0.04:first_pts=0`],
  };
}

/**
 * Mono stays mono: encoding it twice would nearly double what a copied stream costs. A quality costs the encoder less than
 * a bit rate, which it searches for; with one, intensity stereo is heard: docs/decisions/0006-sound-by-quality.md.
 */
function encodeAudioOptions({ channels = 2 }: SourceTrack): string[] {
  return ['-c:a', 'aac', '-q:a', '1.1', '-aac_is', '0', '-ar', '48000', '-ac', String(Math.min(channels, 2))];
}

function inputOptions({ container, tracks }: SourceHeader, startSeconds: number | undefined): string[] {
  const quiet = ['-hide_banner', '-nostats', '-loglevel', 'warning'];
  // With so little probing ffmpeg often misses where the recording starts, and would begin hours late in the middle of one.
  const begin = tracks !== undefined && startSeconds !== undefined ? ['-copyts', '-itsoffset', (-startSeconds).toFixed(6)] : [];
  // One decoder thread: with more, ffmpeg holds back a picture a thread.
  return [...quiet, ...(needsKeyframe(container, tracks) ? probingForKeyframe : probing[container]), ...begin, '-threads', '1', '-max_pixels', String(maxDecodedPixels)];
}

/** Whether the picture's parameter sets come with its keyframes only: there may be sound before the first of them. */
function needsKeyframe(container: Container, tracks: readonly SourceTrack[] | undefined): boolean {
  return probing[container] === headerTells && tracks?.some(({ codec, profile }) => codec === 'h264' && profile === undefined) === true;
}

/** More than the sound of a burst, less than most keyframes. */
const probingForKeyframe = ['-probesize', '8192', '-analyzeduration', '0'];

const headerTells = ['-probesize', '32', '-analyzeduration', '0'];

/** As little as finds all tracks, measured for each container: docs/decisions/0002-ffmpeg-command-lines.md. */
const probing: Readonly<Record<Container, readonly string[]>> = {
  webm: headerTells,
  matroska: headerTells,
  jpeg: headerTells,
  mp4: headerTells,
  mpegts: ['-probesize', '2000000', '-analyzeduration', '1000000'],
  // A frame of each track: its header alone would make all sound 44.1 kHz.
  flv: ['-probesize', '2000000', '-analyzeduration', '100000'],
  ogg: ['-probesize', '500000', '-analyzeduration', '1000000'],
};

/** @param copiesAdts AAC of a transport stream: what its decoder must know stands in its frames, so the header waits for one */
function containerOptions(ffmpegMajor: number, copiesAdts: boolean): string[] {
  return [
    ...(copiesAdts ? ['-bsf:a', 'aac_adtstoasc'] : []),
    // A fragment a frame by a duration of 1 µs: frag_every_frame moves timestamps by up to a frame's length (4.1, 5.1).
    // No cmaf: it starts every track at 0 and so parts sound from picture; no edit lists: the decode times say it all.
    ...['-movflags', `empty_moov+default_base_moof+skip_trailer${copiesAdts ? '+delay_moov' : ''}`, '-frag_duration', '1', '-use_editlist', '0'],
    ...['-video_track_timescale', '90000'],
    // A track that falls silent must not hold the other back for ffmpeg's own 10 s; 4.x loses timestamps over it.
    ...(ffmpegMajor >= 5 ? ['-max_interleave_delta', '1000000'] : []),
    ...['-max_muxing_queue_size', '1024', '-map_metadata', '-1', '-f', 'mp4'],
  ];
}

const displayNames: Readonly<Record<string, string>> = {
  hevc: 'HEVC',
  vp8: 'VP8',
  vp9: 'VP9',
  av1: 'AV1',
  opus: 'Opus',
  vorbis: 'Vorbis',
  mp3: 'MP3',
  flac: 'FLAC',
  aac_latm: 'AAC in LATM',
  mjpeg: 'JPEG pictures',
};

function displayName(codec: string): string {
  return displayNames[codec] ?? codec;
}
