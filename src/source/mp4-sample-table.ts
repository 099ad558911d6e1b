import type { Mp4Sample } from './mp4-fragment.js';
import { findBody } from '../isobmff/boxes.js';
import { uint32, uint64 } from '../isobmff/numbers.js';
import type { Mp4Track } from './mp4-tracks.js';

const maxPcmBytes = 64;
const samplesAPiece = 1024;

/** A list of runs, each with a count: walked with a cursor, so that what it claims costs nothing before it is used. */
class Runs {
  readonly #table: Uint8Array | undefined;
  readonly #entryBytes: number;
  #entry = 0;
  #left: number;

  /** @param table body of a box whose entries begin with a count, behind version, flags and the number of entries */
  constructor(table: Uint8Array | undefined, entryBytes: number) {
    this.#table = table;
    this.#entryBytes = entryBytes;
    this.#left = this.#field(0);
  }

  /** The value of the present run; moves on by one. */
  next(): number {
    const last = table(this.#table);
    while (this.#left <= 0 && this.#entry < last - 1) this.#left = this.#fieldOf(++this.#entry, 0);
    this.#left--;
    return this.#fieldOf(this.#entry, 1);
  }

  #field(index: number): number {
    return this.#fieldOf(0, index);
  }

  #fieldOf(entry: number, field: number): number {
    return this.#table ? uint32(this.#table, 8 + entry * this.#entryBytes + field * 4) : 0;
  }
}

/** How many entries a box holds: what it claims, as far as its bytes go. */
function table(body: Uint8Array | undefined, entryBytes = 8): number {
  return body ? Math.min(uint32(body, 4), Math.floor((body.length - 8) / entryBytes)) : 0;
}

/** Gives the samples of one track of a finished file, one after the other, ISO/IEC 14496-12 §8.6 and §8.7. */
export class SampleTable {
  readonly #track: Mp4Track;
  readonly #sizes: Uint8Array;
  readonly #fixedSize: number;
  readonly #chunkOffsets: Uint8Array;
  readonly #longOffsets: boolean;
  readonly #sampleToChunk: Uint8Array;
  readonly #syncSamples: Uint8Array | undefined;
  readonly #durations: Runs;
  readonly #compositions: Runs | undefined;
  #sample = 0;
  #chunk = -1;
  #chunkRun = 0;
  #leftInChunk = 0;
  #offset = 0;
  #syncAt = 0;
  #decodeTime = 0;

  constructor(track: Mp4Track) {
    const box = (type: string): Uint8Array | undefined => findBody(track.sampleTable, [type]);
    this.#track = track;
    this.#sizes = box('stsz') ?? new Uint8Array(0);
    this.#fixedSize = uint32(this.#sizes, 4);
    this.#longOffsets = box('stco') === undefined;
    this.#chunkOffsets = box('stco') ?? box('co64') ?? new Uint8Array(0);
    this.#sampleToChunk = box('stsc') ?? new Uint8Array(0);
    this.#syncSamples = box('stss');
    this.#durations = new Runs(box('stts'), 8);
    const ctts = box('ctts');
    this.#compositions = ctts && new Runs(ctts, 8);
  }

  /** The next one; undefined after the last that makes sense. */
  next(): Mp4Sample | undefined {
    const isLast = this.#fixedSize === 0 ? 12 + this.#sample * 4 + 4 > this.#sizes.length : this.#sample >= uint32(this.#sizes, 8);
    if (isLast) return undefined;
    if (this.#leftInChunk === 0 && !this.#nextChunk()) return undefined;
    // Uncompressed sound has a sample of a few bytes for each moment: they are taken by the piece.
    const count = this.#fixedSize > 0 && this.#fixedSize <= maxPcmBytes ? Math.min(this.#leftInChunk, samplesAPiece) : 1;
    const size = count * this.#fixedSize || uint32(this.#sizes, 12 + this.#sample * 4);
    const { timescale, startSeconds, kind } = this.#track;
    const composition = this.#compositions ? this.#compositions.next() | 0 : 0;
    const sample = {
      track: this.#track,
      description: Math.max(0, uint32(this.#sampleToChunk, 8 + this.#chunkRun * 12 + 8) - 1),
      offset: this.#offset,
      size,
      timeSeconds: (this.#decodeTime + composition) / timescale - startSeconds,
      decodeSeconds: this.#decodeTime / timescale - startSeconds,
      keyframe: kind === 'audio' || this.#isSync(this.#sample + 1),
    };
    for (let index = 0; index < count; index++) this.#decodeTime += this.#durations.next();
    this.#offset += size;
    this.#leftInChunk -= count;
    this.#sample += count;
    return sample;
  }

  #nextChunk(): boolean {
    this.#chunk++;
    const entryBytes = this.#longOffsets ? 8 : 4;
    if (this.#chunk >= table(this.#chunkOffsets, entryBytes)) return false;
    const at = 8 + this.#chunk * entryBytes;
    this.#offset = this.#longOffsets ? uint64(this.#chunkOffsets, at) : uint32(this.#chunkOffsets, at);
    const runs = table(this.#sampleToChunk, 12);
    const firstChunkOf = (run: number): number => uint32(this.#sampleToChunk, 8 + run * 12);
    while (this.#chunkRun + 1 < runs && firstChunkOf(this.#chunkRun + 1) <= this.#chunk + 1) this.#chunkRun++;
    this.#leftInChunk = uint32(this.#sampleToChunk, 8 + this.#chunkRun * 12 + 4);
    return this.#leftInChunk > 0;
  }

  #isSync(number: number): boolean {
    if (!this.#syncSamples) return true;
    const entries = table(this.#syncSamples, 4);
    while (this.#syncAt < entries && uint32(this.#syncSamples, 8 + this.#syncAt * 4) < number) this.#syncAt++;
    return this.#syncAt < entries && uint32(this.#syncSamples, 8 + this.#syncAt * 4) === number;
  }
}

/** The samples of all tracks in the order of their bytes. */
export function* samplesInOrder(tracks: readonly Mp4Track[]): Generator<Mp4Sample, void, undefined> {
  const heads = tracks.map((track) => new SampleTable(track)).map((table) => ({ table, sample: table.next() }));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.sample && (!first?.sample || head.sample.offset < first.sample.offset)) first = head;
    }
    if (!first?.sample) return;
    yield first.sample;
    first.sample = first.table.next();
  }
}
