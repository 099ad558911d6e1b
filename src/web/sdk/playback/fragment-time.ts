/** What the player must know of an init segment: ISO BMFF §8.3.2, §8.4.2, §8.4.3. */
export interface InitFacts {
  /** Track id → units a second. */
  readonly timescales: ReadonlyMap<number, number>;
  /** Handler types in order, e.g. `soun,vide`: a SourceBuffer can't change them. */
  readonly kinds: string;
}

const containers = new Set(['moov', 'trak', 'mdia', 'moof', 'traf']);

export function readInitFacts(bytes: Uint8Array): InitFacts {
  const timescales = new Map<number, number>();
  const kinds: string[] = [];
  let track = 0;
  for (const { type, body } of boxes(bytes)) {
    // Full boxes of version 1 carry 64-bit times before the field that is wanted.
    const long = body.byteLength > 0 && body.getUint8(0) === 1;
    if (type === 'tkhd') track = body.getUint32(long ? 20 : 12);
    if (type === 'mdhd') timescales.set(track, body.getUint32(long ? 20 : 12));
    if (type === 'hdlr') kinds.push(fourCharacters(body, 8));
  }
  return { timescales, kinds: kinds.sort().join(',') };
}

/** Earliest decode time (`tfdt`, ISO BMFF §8.8.12) in the message's fragments; undefined when there is none. */
export function firstDecodeSeconds(bytes: Uint8Array, init: InitFacts): number | undefined {
  let track = 0;
  let earliest: number | undefined;
  for (const { type, body } of boxes(bytes)) {
    if (type === 'tfhd') track = body.getUint32(4);
    if (type !== 'tfdt') continue;
    const time = body.getUint8(0) === 1 ? Number(body.getBigUint64(4)) : body.getUint32(4);
    const seconds = time / (init.timescales.get(track) ?? 1);
    earliest = Math.min(earliest ?? seconds, seconds);
  }
  return earliest;
}

interface Box {
  readonly type: string;
  readonly body: DataView;
}

function* boxes(bytes: Uint8Array): Generator<Box> {
  let offset = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (offset + 8 <= view.byteLength) {
    const size = view.getUint32(offset);
    const type = fourCharacters(view, offset + 4);
    const end = size < 8 ? view.byteLength : Math.min(offset + size, view.byteLength);
    const inside = bytes.subarray(offset + 8, end);
    if (containers.has(type)) yield* boxes(inside);
    else yield { type, body: new DataView(inside.buffer, inside.byteOffset, inside.byteLength) };
    offset = end;
  }
}

function fourCharacters(view: DataView, offset: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(offset + index)));
}
