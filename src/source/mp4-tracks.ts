import { readAudioSpecificConfig } from './aac.js';
import { boxBodies, boxType, findBody } from '../isobmff/boxes.js';
import { uint32, uint64 } from '../isobmff/numbers.js';
import { readSampleDescription, type SampleDescription } from './mp4-sample-description.js';
import { maxTracks, type SourceTrack, type VideoFacts } from './source-events.js';

/** What a movie fragment leaves unsaid about its samples. */
export interface SampleDefaults {
  readonly description: number;
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

export interface Mp4Track {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  readonly timescale: number;
  readonly defaults: SampleDefaults;
  /** What its samples may be, by the number that they name, less one. */
  readonly descriptions: readonly SourceTrack[];
  /** Taken off its times: where its presentation begins in its media, by its edit list. */
  readonly startSeconds: number;
  /** The body of its `stbl`: the samples of a file that is not fragmented. */
  readonly sampleTable: Uint8Array;
}

const noDefaults: SampleDefaults = { description: 1, duration: 0, size: 0, flags: 0 };

/** The video and audio tracks of a complete `moov` body; undefined where there are too many of any kind. */
export function readMovie(moov: Uint8Array): Mp4Track[] | undefined {
  const defaults = new Map<number, SampleDefaults>();
  const movieTimescale = timescaleOf(findBody(moov, ['mvhd']));
  for (const { type, body } of boxBodies(findBody(moov, ['mvex']) ?? new Uint8Array(0))) {
    if (type === 'trex') defaults.set(uint32(body, 4), { description: uint32(body, 8), duration: uint32(body, 12), size: uint32(body, 16), flags: uint32(body, 20) });
    if (defaults.size > maxTracks) break;
  }
  const tracks: Mp4Track[] = [];
  let entries = 0;
  for (const { type, body } of boxBodies(moov)) {
    if (type === 'trak' && ++entries > maxTracks) return undefined;
    const track = type === 'trak' ? readTrack(body, movieTimescale) : undefined;
    if (track !== undefined) tracks.push({ ...track, defaults: defaults.get(track.id) ?? noDefaults });
  }
  return inTheFuture(tracks);
}

function readTrack(trak: Uint8Array, movieTimescale: number): Omit<Mp4Track, 'defaults'> | undefined {
  const tkhd = findBody(trak, ['tkhd']);
  const mdhd = findBody(trak, ['mdia', 'mdhd']);
  const hdlr = findBody(trak, ['mdia', 'hdlr']);
  const sampleTable = findBody(trak, ['mdia', 'minf', 'stbl']);
  const stsd = sampleTable && findBody(sampleTable, ['stsd']);
  if (tkhd === undefined || mdhd === undefined || hdlr === undefined || stsd === undefined || sampleTable === undefined) return undefined;
  const handler = boxType(hdlr, 4);
  const kind = handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : undefined;
  if (kind === undefined) return undefined;
  // Version 1 of tkhd has 64-bit times before the field looked for, ISO/IEC 14496-12 §8.3.2.
  const id = uint32(tkhd, tkhd[0] === 1 ? 20 : 12);
  const timescale = timescaleOf(mdhd);
  const rotation = rotationOf(tkhd);
  const descriptions: SourceTrack[] = [];
  for (const entry of boxBodies(stsd.subarray(8))) {
    descriptions.push(trackOf(id, kind, readSampleDescription(kind, entry), rotation));
    if (descriptions.length >= maxTracks) break;
  }
  if (descriptions.length === 0) return undefined;
  return { id, kind, timescale, descriptions, startSeconds: startOf(findBody(trak, ['edts', 'elst']), timescale, movieTimescale), sampleTable: sampleTable.slice() };
}

function trackOf(id: number, kind: 'video' | 'audio', description: SampleDescription, rotation: VideoFacts['rotation']): SourceTrack {
  const aac = description.codec === 'aac' && description.configuration ? readAudioSpecificConfig(description.configuration) : undefined;
  // What the decoder is told is truer than what the sample entry says.
  const sound = aac && { sampleRate: aac.sampleRate ?? description.sampleRate, channels: aac.channels ?? description.channels };
  return { id, kind, ...description, ...sound, ...(kind === 'video' && { rotation }) };
}

/** Of mvhd and mdhd, whose version 1 has 64-bit times before it, §8.2.2 and §8.4.2. */
function timescaleOf(header: Uint8Array | undefined): number {
  return Math.max(1, header ? uint32(header, header[0] === 1 ? 20 : 12) : 1);
}

/** The first edit that shows media, §8.6.6: empty ones before it delay the presentation. */
function startOf(elst: Uint8Array | undefined, timescale: number, movieTimescale: number): number {
  if (!elst) return 0;
  const isLong = elst[0] === 1;
  const count = Math.min(uint32(elst, 4), 8);
  let delaySeconds = 0;
  for (let index = 0; index < count; index++) {
    const at = 8 + index * (isLong ? 20 : 12);
    if (at + (isLong ? 20 : 12) > elst.length) break;
    const duration = isLong ? uint64(elst, at) : uint32(elst, at);
    const isEmpty = isLong ? uint32(elst, at + 8) === 0xffffffff : uint32(elst, at + 4) === 0xffffffff;
    if (!isEmpty) return (isLong ? uint64(elst, at + 8) : uint32(elst, at + 4)) / timescale - delaySeconds;
    delaySeconds += duration / movieTimescale;
  }
  return -delaySeconds;
}

/** No sample before time 0: what lies before a presentation's beginning moves all tracks alike. */
function inTheFuture(tracks: readonly Mp4Track[]): Mp4Track[] {
  const latest = Math.max(0, ...tracks.map(({ startSeconds }) => startSeconds));
  return tracks.map((track) => ({ ...track, startSeconds: track.startSeconds - latest }));
}

/** Quarter turns in the matrix of a track header, §8.3.2; others are not shown by browsers either. */
function rotationOf(tkhd: Uint8Array): VideoFacts['rotation'] {
  const at = tkhd[0] === 1 ? 52 : 40;
  const [a, b, c, d] = [0, 4, 12, 16].map((offset) => Math.sign(uint32(tkhd, at + offset) | 0));
  if (a === 0 && b === 1 && c === -1 && d === 0) return 90;
  if (a === -1 && b === 0 && c === 0 && d === -1) return 180;
  return a === 0 && b === -1 && c === 1 && d === 0 ? 270 : undefined;
}
