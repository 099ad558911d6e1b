import { children, float, text, unsigned } from './ebml.js';
import { codecOf } from './matroska-codecs.js';
import { maxTracks, type SoundFacts, type SourceTrack, type VideoFacts } from './source-events.js';

/** Element ids of RFC 9559 that matter to a live stream. */
export const elementId = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  codecDelay: 0x56aa,
  contentEncodings: 0x6d80,
  contentEncoding: 0x6240,
  contentEncodingScope: 0x5032,
  contentEncodingType: 0x5033,
  contentCompression: 0x5034,
  contentCompressionAlgorithm: 0x4254,
  contentCompressionSettings: 0x4255,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  displayWidth: 0x54b0,
  displayHeight: 0x54ba,
  displayUnit: 0x54b2,
  projection: 0x7670,
  projectionType: 0x7671,
  projectionPoseRoll: 0x7675,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  bitDepth: 0x6264,
  cues: 0x1c53bb6b,
  tags: 0x1254c367,
  chapters: 0x1043a770,
  attachments: 0x1941a469,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
  referenceBlock: 0xfb,
} as const;

/** A track and what only its container needs to know of it. */
export interface MatroskaTrack {
  readonly track: SourceTrack;
  /** How long each frame lasts; undefined: not said. */
  readonly frameSeconds: number | undefined;
  /** What was taken off the beginning of every frame. */
  readonly strippedHead: Uint8Array | undefined;
}

/** The video and audio tracks of a complete Tracks element, RFC 9559 §5.1.4; undefined where there are too many of any kind. */
export function readTracks(data: Uint8Array): MatroskaTrack[] | undefined {
  const tracks: MatroskaTrack[] = [];
  let entries = 0;
  for (const { id, data: entry } of children(data)) {
    if (id === elementId.trackEntry && ++entries > maxTracks) return undefined;
    const track = id === elementId.trackEntry ? readTrack(entry) : undefined;
    if (track !== undefined) tracks.push(track);
  }
  return tracks;
}

/** TimestampScale of a complete Info element: nanoseconds a tick; 1 ms when absent. */
export function readTickNanoseconds(data: Uint8Array): number {
  return numberIn(data, elementId.timestampScale) ?? 1_000_000;
}

/** Compressed in a way that no live recorder uses. */
const unreadable = 'unreadable';

function readTrack(entry: Uint8Array): MatroskaTrack | undefined {
  let number = 0;
  let type = 0;
  let codecId = '';
  let configuration: Uint8Array | undefined;
  let codecDelayNs: number | undefined;
  let frameSeconds: number | undefined;
  let facts: (VideoFacts & SoundFacts) | undefined;
  let encodings: { readonly strippedHead: Uint8Array | typeof unreadable | undefined } | undefined;
  for (const { id, data } of children(entry)) {
    if (id === elementId.trackNumber) number = unsigned(data);
    else if (id === elementId.trackType) type = unsigned(data);
    else if (id === elementId.codecId) codecId = text(data);
    else if (id === elementId.codecPrivate && data.length > 0) configuration = data.slice();
    else if (id === elementId.codecDelay) codecDelayNs = unsigned(data) || undefined;
    else if (id === elementId.defaultDuration) frameSeconds = unsigned(data) / 1e9;
    else if (id === elementId.contentEncodings) encodings ??= { strippedHead: readEncodings(data) };
    else if (id === elementId.video) facts ??= readVideo(data);
    else if (id === elementId.audio) facts ??= readAudio(data);
  }
  const strippedHead = encodings?.strippedHead;
  if ((type !== 1 && type !== 2) || strippedHead === unreadable) return undefined;
  const track = { id: number, kind: type === 1 ? ('video' as const) : ('audio' as const), codec: codecOf(codecId), ...facts, configuration, codecDelayNs, matroskaCodec: codecId };
  return { track, frameSeconds, strippedHead };
}

function readVideo(video: Uint8Array): VideoFacts {
  const [width, height, displayWidth, displayHeight, unit] = [elementId.pixelWidth, elementId.pixelHeight, elementId.displayWidth, elementId.displayHeight, elementId.displayUnit].map((id) => numberIn(video, id));
  // In pixels, or as an aspect ratio: either way only their ratio counts.
  const isRatio = (unit ?? 0) === 0 || unit === 3;
  const aspect = isRatio && width && height && displayWidth && displayHeight ? ([displayWidth * height, displayHeight * width] as const) : undefined;
  return { width, height, sampleAspect: aspect && aspect[0] !== aspect[1] ? aspect : undefined, rotation: rotationIn(video) };
}

/** RFC 9559 §5.1.4.1.28.41: a flat picture is rolled, counterclockwise. Only quarter turns are known to players. */
function rotationIn(video: Uint8Array): VideoFacts['rotation'] {
  for (const { id, data: projection } of children(video)) {
    if (id !== elementId.projection || (numberIn(projection, elementId.projectionType) ?? 0) !== 0) continue;
    const roll = [...children(projection)].find((child) => child.id === elementId.projectionPoseRoll);
    const clockwise = roll && (((-float(roll.data) % 360) + 360) % 360);
    return clockwise === 90 || clockwise === 180 || clockwise === 270 ? clockwise : undefined;
  }
  return undefined;
}

/** With the defaults of RFC 9559 §5.1.4.1.29. */
function readAudio(audio: Uint8Array): SoundFacts {
  let sampleRate = 8000;
  for (const { id, data } of children(audio)) {
    if (id === elementId.samplingFrequency) sampleRate = float(data);
  }
  return { sampleRate, channels: numberIn(audio, elementId.channels) ?? 1, sampleBits: numberIn(audio, elementId.bitDepth) };
}

/** §5.1.4.1.31: what mkvmerge takes off every frame; undefined: nothing. */
function readEncodings(encodings: Uint8Array): Uint8Array | typeof unreadable | undefined {
  const headerStripping = 3;
  let stripped: Uint8Array | undefined;
  for (const { id, data: encoding } of children(encodings)) {
    if (id !== elementId.contentEncoding) continue;
    const compression = [...children(encoding)].find((child) => child.id === elementId.contentCompression)?.data;
    const algorithm = compression && (numberIn(compression, elementId.contentCompressionAlgorithm) ?? 0);
    if (algorithm !== headerStripping || stripped !== undefined) return unreadable;
    stripped = [...children(compression!)].find((child) => child.id === elementId.contentCompressionSettings)?.data.slice();
  }
  return stripped;
}

function numberIn(parent: Uint8Array, wanted: number): number | undefined {
  for (const { id, data } of children(parent)) {
    if (id === wanted) return unsigned(data);
  }
  return undefined;
}
