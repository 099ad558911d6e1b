import type { NamedOutput } from '../fmp4/named-outputs.js';
import type { TrackFacts } from '../protocol/live-stream-info.js';
import { readAudioSpecificConfig } from '../source/aac.js';
import type { SourceHeader, SourceTrack } from '../source/source-events.js';
import { unsaidOrder } from './group-watch.js';
import { defaultEncodeLimits, maxDecodedPixels, paceFilter, type EncodeLimits } from './encode-limits.js';
import { isAnamorphic, shapeFilters, shownSize, shownSizeWithin } from './picture-shape.js';

/** What ffmpeg is asked to do with one recording. */
export interface TranscodePlan {
  /** ffmpeg's name of the demuxer. */
  readonly inputFormat: string;
  /** What happens to each track, and why. Empty: the recording holds nothing that can be shown. */
  readonly tracks: readonly TrackFacts[];
  /** What comes out, all in one MP4: the source first, then the other renditions. Empty where no MP4 comes out. */
  readonly outputs: readonly NamedOutput[];
  /** Renditions that there are none of, in words for whoever sends them. */
  readonly leftOut?: readonly string[] | undefined;
  readonly inputOptions: readonly string[];
  readonly outputOptions: readonly string[];
  /** Time in the output at which the first frame stands; what a decoder needs before it comes earlier. */
  readonly outputStartSeconds: number;
  /** Others go first where there is not enough of the machine. */
  readonly inBackground?: boolean | undefined;
}

export interface TranscodeWishes {
  readonly segmentSeconds: number;
  /** Why video must be encoded even if it could be copied. */
  readonly forceVideoEncode?: string | undefined;
  readonly ffmpegMajor: number;
  /** How large and how fast a picture that is encoded may be. */
  readonly encodeLimits?: EncodeLimits | undefined;
  /** Time of the first frame that will be written, on the recording's own clock; it comes out at `outputStartSeconds`. */
  readonly startSeconds?: number | undefined;
  /** Why what precedes `startSeconds` is decoded and left out: only an encoder can begin between two keyframes. */
  readonly leaveOutBefore?: string | undefined;
}

interface TrackPlan {
  readonly facts: TrackFacts;
  readonly options: readonly string[];
}

/** What a broadcast calls the output that holds what its publisher sends first of all. */
export const sourceOutput = 'source';

/**
 * Decides for each track whether it is copied, and says how ffmpeg is told. The first picture and the first sound are the source. Further
 * pictures that are renditions get an output each, with the same sound, as long as they and the source are copied: what is encoded
 * has keyframes where the others have none.
 */
export function planTranscode({ tracks }: SourceHeader, wishes: TranscodeWishes): TranscodePlan {
  const pictures = tracks.filter(({ kind }) => kind === 'video');
  const audio = tracks.find(({ kind }) => kind === 'audio');
  const isCopied = (track: SourceTrack | undefined): boolean => track !== undefined && reasonToEncodeVideo(track, wishes.forceVideoEncode) === undefined;
  const further = pictures.slice(1).filter((track) => track.rendition !== undefined);
  const renditions = isCopied(pictures[0]) ? further.filter(isCopied) : [];
  const shown = [...pictures.slice(0, 1), ...renditions].map((track, index, { length }) => {
    const plan = planVideo(track, wishes);
    return { ...plan, map: `0:v:${pictures.indexOf(track)}`, options: length > 1 ? ofPicture(index, plan.options) : plan.options };
  });
  const sound = audio ? [{ ...planAudio(audio, wishes), map: '0:a:0' }] : [];
  // The source's tracks come first, so that they have the same ids whatever is beside them.
  const source = [...shown.slice(0, 1), ...sound];
  const plans = [...source, ...shown.slice(1)];
  return {
    inputFormat: 'matroska',
    tracks: plans.map(({ facts }) => facts),
    outputs: [
      { name: sourceOutput, trackIds: source.map((_, index) => index + 1) },
      ...renditions.map(({ rendition = '' }, index) => ({ name: rendition, trackIds: [source.length + index + 1, ...sound.map(() => source.length)] })),
    ],
    leftOut: further.filter((track) => !renditions.includes(track)).map((track) => leftOutWords(track, isCopied(track) ? pictures[0] : track, wishes)),
    inputOptions: inputOptions(wishes, renditions),
    outputOptions: [...plans.flatMap(({ map, options }) => ['-map', map, ...options]), ...containerOptions(wishes.ffmpegMajor, renditions.length > 0)],
    outputStartSeconds,
  };
}

export function copiesPicture({ tracks }: TranscodePlan): boolean {
  return tracks.some(({ kind, action }) => kind === 'video' && action === 'copy');
}

function leftOutWords({ id, width, height }: SourceTrack, encoded: SourceTrack | undefined, { forceVideoEncode }: TranscodeWishes): string {
  const why = (encoded && reasonToEncodeVideo(encoded, forceVideoEncode)) ?? 'It can’t be copied';
  return `The picture track ${id}${width && height ? ` (${width} × ${height})` : ''} is left out. ${why}: what is encoded here has keyframes of its own, between which no player can change over.`;
}

/** Options, by name and value, of one of several pictures in the output; what is said of all of them alike stays as it is. */
function ofPicture(index: number, options: readonly string[]): string[] {
  return options.map((option, at) => {
    if (at % 2 === 1 || option === '-vsync') return option;
    return option === '-vf' ? `-filter:v:${index}` : `${option.replace(/:v$/, '')}:v:${index}`;
  });
}

/** profile_idc of Baseline, Main, Extended and High: 8 bits, 4:2:0, which every decoder can play. */
const playableProfiles: ReadonlySet<number> = new Set([66, 77, 88, 100]);

function planVideo(track: SourceTrack, wishes: TranscodeWishes): TrackPlan {
  const whyEncode = reasonToEncodeVideo(track, wishes.forceVideoEncode ?? wishes.leaveOutBefore);
  if (whyEncode === undefined) {
    const reason = 'H.264 plays everywhere: copied';
    return { facts: { kind: 'video', sourceCodec: track.codec, action: 'copy', reason }, options: ['-c:v', 'copy', ...aspectOptions(track)] };
  }
  const reason = `${whyEncode}: transcoded to H.264${reshaped(track, wishes)}`;
  return {
    facts: { kind: 'video', sourceCodec: track.codec, action: 'transcode', reason },
    options: encodeVideoOptions(track, wishes),
  };
}

/** What only the container says of its pixels is written where every player looks, also one of FLV: into the parameter sets. */
function aspectOptions({ sampleAspect, aspectIsOutside }: SourceTrack): string[] {
  return sampleAspect && aspectIsOutside ? ['-bsf:v', `h264_metadata=sample_aspect_ratio=${sampleAspect.join('/')}`] : [];
}

function reasonToEncodeVideo(track: SourceTrack, forced: string | undefined): string | undefined {
  const { codec, profile, bitDepth = 8, chromaFormat = 1, interlaced, rotation = 0 } = track;
  if (codec !== 'h264') return `Not every device can play ${displayName(codec)}`;
  if (profile !== undefined && !playableProfiles.has(profile)) return `Not every device can play H.264 of profile ${profile}`;
  if (bitDepth !== 8) return `Not every device can play H.264 of ${bitDepth} bits`;
  if (chromaFormat !== 1) return 'Not every device can play H.264 of another chroma format than 4:2:0';
  if (interlaced) return 'Its pictures are interlaced, which players show with combs';
  if (rotation !== 0) return `It is to be turned by ${rotation}°, which not every player does`;
  return forced;
}

function encodeVideoOptions(track: SourceTrack, wishes: TranscodeWishes): string[] {
  const { segmentSeconds, ffmpegMajor, leaveOutBefore, encodeLimits = defaultEncodeLimits } = wishes;
  const bitsPerSecond = peakBitsPerSecond(track);
  const filters = [...(leaveOutBefore === undefined ? [] : ['select=gte(t\\,-0.002)']), paceFilter(encodeLimits), ...shapeFilters(track, encodeLimits)].join(',');
  return [
    ...['-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency', '-threads', '2'],
    ...['-profile:v', 'main', '-pix_fmt', 'yuv420p', '-vf', filters],
    ...['-crf', '23', '-maxrate', String(bitsPerSecond), '-bufsize', String(bitsPerSecond)],
    ...['-g', '600', '-sc_threshold', '0', '-force_key_frames', `expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+${keyframeSeconds(segmentSeconds)}-0.001))`],
    // A live recording has no frame rate, only timestamps: on a finer clock than theirs no picture is dropped or doubled.
    ...(ffmpegMajor >= 6 ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']),
    // Only for the rate control and the level: else ffmpeg 4.x takes the clock for 90,000 pictures a second.
    ...['-enc_time_base', '1:90000', '-x264-params', 'fps=30'],
  ];
}

/** About each second, so that a whole number of groups makes a segment: docs/decisions/0022-keyframes-each-second.md. */
function keyframeSeconds(segmentSeconds: number): number {
  return segmentSeconds / Math.ceil(segmentSeconds);
}

/** In words, what becomes of the picture's shape. */
function reshaped(track: SourceTrack, { encodeLimits = defaultEncodeLimits }: TranscodeWishes): string {
  const [shown, size] = [shownSize(track), shownSizeWithin(track, encodeLimits)];
  const { rotation = 0, interlaced } = track;
  const turned = rotation === 0 ? '' : `, turned by ${rotation}°`;
  const whole = interlaced ? ', its fields made pictures' : '';
  if (!shown || !size) return whole + turned;
  const square = isAnamorphic(track) ? `, in square pixels (${shown.width} × ${shown.height})` : '';
  const isSmaller = size.width + 1 < shown.width || size.height + 1 < shown.height;
  return `${whole}${turned}${square}${isSmaller ? `, scaled down to ${size.width} × ${size.height}` : ''}`;
}

/** What the encoder may use at most, by the size of the picture. */
function peakBitsPerSecond(track: SourceTrack): number {
  const { width, height } = shownSize(track) ?? { width: 1280, height: 720 };
  const pixels = width * height;
  if (pixels <= 640 * 480) return 1_500_000;
  if (pixels <= 1280 * 720) return 3_500_000;
  return pixels <= 1920 * 1088 ? 6_000_000 : 12_000_000;
}

/** channelConfiguration of mono, stereo and 5.1: what Chromium, Safari and Firefox all play. */
const playableChannels: ReadonlySet<number> = new Set([1, 2, 6]);
/** audioObjectType of AAC LC, and of HE-AAC, which is LC and more. */
const playableObjectTypes: ReadonlySet<number> = new Set([2, 5, 29]);

function planAudio(track: SourceTrack, { leaveOutBefore }: TranscodeWishes): TrackPlan {
  const whyEncode = reasonToEncodeAudio(track);
  if (whyEncode === undefined) {
    const reason = 'AAC plays everywhere: copied';
    return { facts: { kind: 'audio', sourceCodec: track.codec, action: 'copy', reason }, options: ['-c:a', 'copy'] };
  }
  // What lies before the start must not count as a gap that silence is put into.
  const begin = leaveOutBefore === undefined ? '' : 'aselect=gte(t\\,-0.1),';
  return {
    facts: { kind: 'audio', sourceCodec: track.codec, action: 'transcode', reason: `${whyEncode}: transcoded to AAC` },
    // Where sound is missing, silence is put: else all that follows would come too early for its pictures.
    options: [...encodeAudioOptions(track), '-af', `${begin}aresample=async=1:min_hard_comp=0.04:first_pts=0`],
  };
}

function reasonToEncodeAudio({ codec, configuration }: SourceTrack): string | undefined {
  if (codec !== 'aac') return `Not every device can play ${displayName(codec)}`;
  const config = configuration && readAudioSpecificConfig(configuration);
  if (!config) return 'Its AAC does not say how it is to be decoded';
  if (!playableObjectTypes.has(config.objectType)) return `Not every device can play AAC of object type ${config.objectType}`;
  return playableChannels.has(config.channelConfiguration) ? undefined : `Not every device can play AAC of channel configuration ${config.channelConfiguration}`;
}

/**
 * Mono stays mono: encoding it twice would nearly double what a copied stream costs. A quality costs the encoder less than
 * a bit rate, which it searches for; with one, intensity stereo is heard: docs/decisions/0006-sound-by-quality.md.
 */
function encodeAudioOptions({ channels = 2 }: SourceTrack): string[] {
  return ['-c:a', 'aac', '-q:a', '1.1', '-aac_is', '0', '-ar', '48000', '-ac', String(Math.min(channels, 2))];
}

/** A decoder that is not told how far pictures are out of order begins as if they were not, and loses some, unless it must be strict: then it expects the most. */
const strictOrder = ['-strict', '1'];

/** Our own writer's header tells all there is to know: docs/decisions/0008-frames-not-bytes.md. */
const headerTells = ['-probesize', '32', '-analyzeduration', '0'];
/**
 * But how far pictures are out of order ffmpeg believes only once it has decoded one, and with so little it decodes one of the first track alone: those of
 * the others were given times of their own, and some came late for their segment. It stops as soon as it has one of each.
 */
const firstPicturesTell = ['-probesize', '5000000', '-analyzeduration', '0', '-fpsprobesize', '0'];

function inputOptions({ startSeconds, forceVideoEncode }: TranscodeWishes, renditions: readonly SourceTrack[]): string[] {
  const probing = renditions.some(({ reorderedPictures = 0 }) => reorderedPictures > 0) ? firstPicturesTell : headerTells;
  const quiet = ['-hide_banner', '-nostats', '-loglevel', 'warning'];
  // With so little probing ffmpeg often misses where a take starts, and would begin hours late in the middle of one.
  const begin = startSeconds === undefined ? [] : ['-copyts', '-itsoffset', (-startSeconds).toFixed(6)];
  // One decoder thread: with more, ffmpeg holds back a picture a thread.
  return [...quiet, ...probing, ...begin, '-threads', '1', ...(forceVideoEncode === unsaidOrder ? strictOrder : []), '-max_pixels', String(maxDecodedPixels)];
}

/** More than any decoder wants before a first frame: times in the output are never negative, and so ffmpeg moves none of them. */
const outputStartSeconds = 10;

function containerOptions(ffmpegMajor: number, hasRenditions: boolean): string[] {
  return [
    // A fragment a frame by a duration of 1 µs: frag_every_frame moves timestamps by up to a frame's length (4.1, 5.1).
    // No cmaf: it starts every track at 0 and so parts sound from picture; no edit lists: the decode times say it all, with frag_discont
    // also those of each track's first frame.
    // Fragments are told apart by their track where there are several outputs: then each has one track alone.
    ...['-movflags', `empty_moov+default_base_moof+skip_trailer+frag_discont${hasRenditions ? '+separate_moof' : ''}`, '-frag_duration', '1', '-use_editlist', '0'],
    ...['-output_ts_offset', String(outputStartSeconds), '-avoid_negative_ts', 'make_non_negative'],
    ...['-video_track_timescale', '90000'],
    // A track that falls silent must not hold the other back for ffmpeg's own 10 s; 4.x loses timestamps over it.
    ...(ffmpegMajor >= 5 ? ['-max_interleave_delta', '1000000'] : []),
    ...['-max_muxing_queue_size', '1024', '-map_metadata', '-1', '-f', 'mp4'],
  ];
}

/** Of codecs by the name that a container gave them: any name at all. */
const displayNames: ReadonlyMap<string, string> = new Map([
  ['hevc', 'HEVC'],
  ['vp8', 'VP8'],
  ['vp9', 'VP9'],
  ['av1', 'AV1'],
  ['opus', 'Opus'],
  ['vorbis', 'Vorbis'],
  ['mp3', 'MP3'],
  ['flac', 'FLAC'],
  ['aac_latm', 'AAC in LATM'],
  ['mjpeg', 'JPEG pictures'],
]);

function displayName(codec: string): string {
  return displayNames.get(codec) ?? codec;
}
