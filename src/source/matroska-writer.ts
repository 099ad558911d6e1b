import { elementId } from './matroska-tracks.js';
import { matroskaCodec } from './matroska-codecs.js';
import { plausible } from './plausible-facts.js';
import type { Frame, SourceTrack } from './source-events.js';

/** Elements that only a writer needs, RFC 9559 §5.1. */
const writtenId = {
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  trackUid: 0x73c5,
  flagLacing: 0x9c,
} as const;

/** TimestampScale: a tick is a microsecond, so that neither 90 kHz nor 48 kHz loses one. */
const nanosecondsPerTick = 1000;
const ticksPerSecond = 1_000_000;
/** A block's time is 16 bits, signed, from its cluster's on. */
const maxBlockTicks = 0x7fff;
/** Larger numbers are not counted exactly. */
const maxTicks = Number.MAX_SAFE_INTEGER;
const keyframeFlag = 0x80;

/** What becomes of a track in the one grammar that ffmpeg is given. */
export interface WrittenTrack extends SourceTrack {
  /** TrackNumber: 1 to 126. */
  readonly number: number;
}

/** Writes frames as one live Matroska recording, RFC 9559: a header that says all there is to know, then clusters. */
export class MatroskaWriter {
  readonly #tracks: readonly WrittenTrack[];
  readonly #numbers: ReadonlyMap<number, number>;
  /** EBML header, segment, tracks: what stands before the first frame. */
  readonly header: Buffer;

  constructor(tracks: readonly SourceTrack[]) {
    this.#tracks = tracks.slice(0, 126).map((track, index) => ({ ...plausible(track), number: index + 1 }));
    this.#numbers = new Map(this.#tracks.map(({ id, number }) => [id, number]));
    this.header = headerOf(this.#tracks);
  }

  /** The frames in their order, as whole clusters; those of unknown tracks, and those with nothing in them, are left out. */
  write(frames: readonly Frame[]): Buffer {
    const clusters = this.#clustersOf(frames);
    const clusterBytes = clusters.reduce((sum, { blocks }) => sum + clusterHeadBytes + blocks.reduce((bytes, { frame }) => bytes + blockHeadBytes + frame.bytes.length, 0), 0);
    // One piece for all: a buffer for each of many tiny frames costs more than they do.
    const out = Buffer.allocUnsafe(clusterBytes);
    let at = 0;
    for (const { ticks, blocks } of clusters) {
      const contentBytes = blocks.reduce((bytes, { frame }) => bytes + blockHeadBytes + frame.bytes.length, timestampBytes);
      at = writeHead(out, at, elementId.cluster, 4, contentBytes);
      at = writeHead(out, at, elementId.timestamp, 1, 8);
      at = writeUint32(out, at, Math.floor(ticks / 2 ** 32));
      at = writeUint32(out, at, ticks % 2 ** 32);
      for (const { number, frame } of blocks) {
        at = writeHead(out, at, elementId.simpleBlock, 1, 4 + frame.bytes.length);
        const sinceCluster = ticksOf(frame.timeSeconds) - ticks;
        out[at++] = 0x80 | number;
        out[at++] = sinceCluster >> 8;
        out[at++] = sinceCluster;
        out[at++] = frame.keyframe ? keyframeFlag : 0;
        out.set(frame.bytes, at);
        at += frame.bytes.length;
      }
    }
    return out;
  }

  /** A cluster ends where a block's time can't be told from its beginning any more. */
  #clustersOf(frames: readonly Frame[]): Cluster[] {
    const clusters: Cluster[] = [];
    let cluster: Cluster | undefined;
    for (const frame of frames) {
      const number = this.#numbers.get(frame.track);
      if (number === undefined || frame.bytes.length === 0) continue;
      const ticks = ticksOf(frame.timeSeconds);
      if (!cluster || Math.abs(ticks - cluster.ticks) > maxBlockTicks) clusters.push((cluster = { ticks, blocks: [] }));
      cluster.blocks.push({ number, frame });
    }
    return clusters;
  }
}

interface Cluster {
  readonly ticks: number;
  readonly blocks: { readonly number: number; readonly frame: Frame }[];
}

/** An id, and a size in eight bytes. */
const blockHeadBytes = 1 + 8 + 4;
const timestampBytes = 1 + 8 + 8;
const clusterHeadBytes = 4 + 8 + timestampBytes;

/**
 * Byte by byte: of tiny frames there are very many, and a call that checks its arguments for each number costs more than they do.
 * @param size less than 4 GiB
 * @returns where the content begins
 */
function writeHead(out: Buffer, at: number, id: number, idBytes: number, size: number): number {
  let next = at;
  for (let shift = 8 * (idBytes - 1); shift >= 0; shift -= 8) out[next++] = id >>> shift;
  out[next++] = 0x01;
  for (let zeros = 0; zeros < 3; zeros++) out[next++] = 0;
  return writeUint32(out, next, size);
}

/** @returns where what follows begins */
function writeUint32(out: Buffer, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}

function ticksOf(timeSeconds: number): number {
  return Math.max(0, Math.min(maxTicks, Math.round(timeSeconds * ticksPerSecond) || 0));
}

function headerOf(tracks: readonly WrittenTrack[]): Buffer {
  return Buffer.concat([
    element(
      elementId.ebml,
      element(writtenId.ebmlVersion, unsigned(1)),
      element(writtenId.ebmlReadVersion, unsigned(1)),
      element(elementId.docType, Buffer.from('matroska')),
      element(writtenId.docTypeVersion, unsigned(4)),
      element(writtenId.docTypeReadVersion, unsigned(2)),
    ),
    // A live segment has no end: its size is unknown (RFC 8794 §6.2).
    unsigned(elementId.segment),
    Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    element(
      elementId.info,
      element(elementId.timestampScale, unsigned(nanosecondsPerTick)),
      element(writtenId.muxingApp, Buffer.from('onair')),
      element(writtenId.writingApp, Buffer.from('onair')),
    ),
    element(elementId.tracks, ...tracks.map(trackEntry)),
  ]);
}

function trackEntry(track: WrittenTrack): Buffer {
  const { number, kind } = track;
  const { codecId, configuration } = matroskaCodec(track);
  return element(
    elementId.trackEntry,
    element(elementId.trackNumber, unsigned(number)),
    element(writtenId.trackUid, unsigned(number)),
    element(elementId.trackType, unsigned(kind === 'video' ? 1 : 2)),
    element(writtenId.flagLacing, unsigned(0)),
    element(elementId.codecId, Buffer.from(printable(codecId))),
    ...(configuration === undefined ? [] : [element(elementId.codecPrivate, configuration)]),
    ...(track.codecDelayNs === undefined ? [] : [element(elementId.codecDelay, unsigned(track.codecDelayNs))]),
    kind === 'video' ? videoElement(track) : audioElement(track),
  );
}

/** A CodecID is ASCII and not empty (RFC 8794 §7.4); a name that is not is no codec anyway. */
function printable(codecId: string): string {
  return codecId.replace(/[^\x20-\x7e]/g, '') || 'unknown';
}

/** DisplayUnit, RFC 9559 §5.1.4.1.28.14: display sizes are an aspect ratio, or not known, where the bitstream may say it. */
const displayUnit = { aspectRatio: 3, unknown: 4 } as const;

/** A size that is not known yet is written as one that can't be: only pictures that are decoded come without. */
function videoElement({ width, height, sampleAspect }: SourceTrack): Buffer {
  const shape =
    width && height && sampleAspect
      ? [element(elementId.displayWidth, unsigned(width * sampleAspect[0])), element(elementId.displayHeight, unsigned(height * sampleAspect[1])), element(elementId.displayUnit, unsigned(displayUnit.aspectRatio))]
      : [element(elementId.displayUnit, unsigned(displayUnit.unknown))];
  return element(elementId.video, element(elementId.pixelWidth, unsigned(width ?? 16)), element(elementId.pixelHeight, unsigned(height ?? 16)), ...shape);
}

function audioElement({ sampleRate = 48_000, channels = 2, sampleBits }: SourceTrack): Buffer {
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(sampleRate);
  return element(
    elementId.audio,
    element(elementId.samplingFrequency, rate),
    element(elementId.channels, unsigned(channels)),
    ...(sampleBits === undefined ? [] : [element(elementId.bitDepth, unsigned(sampleBits))]),
  );
}

/** @param id with its own length marker */
function element(id: number, ...data: readonly Uint8Array[]): Buffer {
  return Buffer.concat([head(id, lengthOf(data)), ...data]);
}

function head(id: number, length: number): Buffer {
  return Buffer.concat([unsigned(id), sizeBytes(length)]);
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Eight bytes, whatever the size: the first one marks that length (RFC 8794 §4). */
function sizeBytes(size: number): Buffer {
  const bytes = Buffer.from([0x01, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeUIntBE(size, 2, 6);
  return bytes;
}

/** As few bytes as hold the value, one at least. */
function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.max(0, Math.trunc(value))));
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? 7 : first);
}
