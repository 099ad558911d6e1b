/** The first bytes of an element or a box. */
interface Read {
  readonly id: number;
  readonly length: number;
  /** How many bytes that are of no interest follow. */
  readonly skip: number;
  /** What it says, as far as that is of interest. */
  readonly data: readonly number[];
}

/** @returns undefined: more bytes are needed; null: it is not of this grammar */
type Reader = (bytes: readonly number[]) => Read | undefined | null;

/** Headers are not longer: a server takes no more either. */
const maxHeadBytes = 1024 * 1024;
const ids = {
  ...{ ebml: 0x1a45dfa3, segment: 0x18538067, tracks: 0x1654ae6b, track: 0xae, trackNumber: 0xd7, trackType: 0x83 },
  ...{ cluster: 0x1f43b675, simpleBlock: 0xa3, blockGroup: 0xa0, block: 0xa1, reference: 0xfb },
  moof: 0x6d6f6f66,
} as const;
/** What is gone into, whatever length it says; all others are passed over. */
const parents: ReadonlySet<number> = new Set([ids.segment, ids.tracks, ids.track, ids.cluster, ids.blockGroup]);
/** How many bytes of which elements are of interest. Of blocks: track number, in one byte where it is below 127; two bytes of time; flags. RFC 9559 §10. */
const wantedBytes: Readonly<Record<number, number>> = { [ids.trackNumber]: 8, [ids.trackType]: 8, [ids.simpleBlock]: 4, [ids.block]: 4 };

/**
 * Finds where a recording can be cut, so that its header and what follows the cut are a recording, too: at clusters of Matroska and WebM whose
 * first picture is a keyframe (RFC 9559), and at fragments of MP4. Any other container has no such place. Work and memory are bounded by the bytes that come.
 */
export class CutPoints {
  #read: Reader | undefined;
  /** Of an element or a box that has not come to its end. */
  #pending: number[] = [];
  #skip = 0;
  #at = 0;
  #trackNumber = 0;
  /** The source's, where there are several; undefined: sound alone. */
  #picture: number | undefined;
  /** Where a cluster began of which no picture has come. */
  #cluster: number | undefined;
  /** Where one began whose first picture is a keyframe, unless it is said to refer to another one. */
  #likely: number | undefined;
  #headParts: Uint8Array<ArrayBuffer>[] = [];
  #head: Uint8Array<ArrayBuffer> | undefined;
  #failed = false;

  /** What stands before the first place; undefined before that was found. */
  get head(): Uint8Array<ArrayBuffer> | undefined {
    return this.#head;
  }

  /** @returns the places that were found with these bytes, counted from the recording's first byte */
  push(bytes: Uint8Array<ArrayBuffer>): number[] {
    const found: number[] = [];
    const beganAt = this.#at;
    for (let index = 0; index < bytes.length && !this.#failed; ) {
      const skipped = Math.min(this.#skip, bytes.length - index);
      this.#skip -= skipped;
      index += skipped;
      this.#at = beganAt + index;
      if (index === bytes.length) break;
      this.#pending.push(bytes[index] ?? 0);
      index++;
      this.#step(found);
    }
    this.#at = beganAt + bytes.length;
    this.#keepHead(bytes, found[0]);
    return found;
  }

  #step(found: number[]): void {
    this.#read ??= readerOf(this.#pending);
    const read = this.#read?.(this.#pending);
    if (read === undefined) return;
    if (read === null) return this.#fail();
    const begunAt = this.#at + 1 - read.length;
    this.#pending = [];
    this.#skip = read.skip;
    this.#note(read, begunAt, found);
  }

  #note({ id, data }: Read, begunAt: number, found: number[]): void {
    const beginsAnother = id === ids.blockGroup || id === ids.simpleBlock || id === ids.cluster;
    if (beginsAnother && this.#likely !== undefined) found.push(this.#likely);
    if (beginsAnother || id === ids.reference) this.#likely = undefined;
    if (id === ids.moof) found.push(begunAt);
    if (id === ids.cluster) this.#cluster = begunAt;
    if (id === ids.trackNumber) this.#trackNumber = number(data);
    if (id === ids.trackType && number(data) === 1) this.#picture ??= this.#trackNumber;
    const [first = 0, , , flags] = data;
    const track = first & 0x7f;
    if (flags === undefined || (id !== ids.simpleBlock && id !== ids.block) || track !== (this.#picture ?? track)) return;
    if (id === ids.block) this.#likely = this.#cluster;
    else if ((flags & 0x80) !== 0 && this.#cluster !== undefined) found.push(this.#cluster);
    this.#cluster = undefined;
  }

  #keepHead(bytes: Uint8Array<ArrayBuffer>, first: number | undefined): void {
    if (this.#failed || this.#head !== undefined) return;
    this.#headParts.push(bytes);
    const length = first ?? this.#at;
    if (length > maxHeadBytes) return this.#fail();
    if (first === undefined) return;
    const head = new Uint8Array(first);
    let at = 0;
    for (const part of this.#headParts) {
      head.set(part.subarray(0, first - at), at);
      at += Math.min(part.length, first - at);
    }
    this.#head = head;
    this.#headParts = [];
  }

  #fail(): void {
    this.#failed = true;
    this.#headParts = [];
    this.#pending = [];
  }
}

function readerOf(bytes: readonly number[]): Reader | undefined {
  if (bytes.length < 4) return undefined;
  return number(bytes) === ids.ebml ? readElement : readBox;
}

const readElement: Reader = (bytes) => {
  const idLength = Math.clz32(bytes[0] ?? 0) - 23;
  if (idLength > 4) return null;
  const first = bytes[idLength];
  if (first === undefined) return undefined;
  const sizeLength = Math.clz32(first) - 23;
  if (sizeLength > 8) return null;
  const length = idLength + sizeLength;
  if (bytes.length < length) return undefined;
  const id = number(bytes.slice(0, idLength));
  if (parents.has(id)) return { id, length, skip: 0, data: [] };
  const size = number([first & (0xff >> sizeLength), ...bytes.slice(idLength + 1, length)]);
  if (size === 2 ** (7 * sizeLength) - 1) return null;
  const wanted = Math.min(size, wantedBytes[id] ?? 0);
  return bytes.length < length + wanted ? undefined : { id, length: length + wanted, skip: size - wanted, data: bytes.slice(length, length + wanted) };
};

const readBox: Reader = (bytes) => {
  if (bytes.length < 8) return undefined;
  const type = String.fromCharCode(...bytes.slice(4, 8));
  if (!/^[a-z0-9]{4}$/i.test(type)) return null;
  const short = number(bytes.slice(0, 4));
  if (short === 1 && bytes.length < 16) return undefined;
  const [size, length] = short === 1 ? [number(bytes.slice(8, 16)), 16] : [short, 8];
  return size < length ? null : { id: type === 'moof' ? ids.moof : 0, length, skip: size - length, data: [] };
};

function number(bytes: readonly number[]): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
