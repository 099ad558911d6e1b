const containers = new Set(['moov', 'mvex', 'moof']);

/**
 * An init segment or fragment in which everything but its picture counts as free space (ISO/IEC 14496-12 §8.1.2), so that a buffer for pictures alone takes
 * it. Nothing moves: offsets in it stay right.
 * @param trackId of the picture
 */
export function pictureAlone(bytes: Uint8Array<ArrayBuffer>, trackId: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  for (const { type, at, body } of boxes(copy)) {
    const isOther = (type === 'trak' && trackOf(body) !== trackId) || (type === 'trex' && body.getUint32(4) !== trackId) || (type === 'traf' && fragmentTrackOf(body) !== trackId);
    if (isOther) copy.set([0x66, 0x72, 0x65, 0x65], at + 4);
  }
  return copy;
}

/** The track of an init segment that is a picture; undefined where none is. */
export function pictureTrack(init: Uint8Array<ArrayBuffer>): number | undefined {
  for (const { type, body } of boxes(init)) if (type === 'trak' && handlerOf(body) === 'vide') return trackOf(body);
  return undefined;
}

interface Box {
  readonly type: string;
  /** Of its first byte, in all. */
  readonly at: number;
  readonly body: DataView;
}

function* boxes(bytes: Uint8Array<ArrayBuffer>, from = 0, to = bytes.length): Generator<Box> {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    const type = fourCharacters(view, at + 4);
    const end = size < 8 ? to : Math.min(to, at + size);
    if (containers.has(type)) yield* boxes(bytes, at + 8, end);
    else yield { type, at, body: new DataView(bytes.buffer, bytes.byteOffset + at + 8, end - at - 8) };
    at = end;
  }
}

function* inside(body: DataView): Generator<{ readonly type: string; readonly body: DataView }> {
  for (let at = 0; at + 8 <= body.byteLength; ) {
    const size = Math.max(8, body.getUint32(at));
    const end = Math.min(body.byteLength, at + size);
    yield { type: fourCharacters(body, at + 4), body: new DataView(body.buffer, body.byteOffset + at + 8, end - at - 8) };
    at = end;
  }
}

function child(body: DataView, wanted: string): DataView | undefined {
  for (const { type, body: found } of inside(body)) if (type === wanted) return found;
  return undefined;
}

/** ISO/IEC 14496-12 §8.3.2: behind two times, of 64 bits in version 1. */
function trackOf(trak: DataView): number | undefined {
  const header = child(trak, 'tkhd');
  return header?.getUint32(header.getUint8(0) === 1 ? 20 : 12);
}

function handlerOf(trak: DataView): string | undefined {
  const media = child(trak, 'mdia');
  const handler = media && child(media, 'hdlr');
  return handler && fourCharacters(handler, 8);
}

function fragmentTrackOf(traf: DataView): number | undefined {
  return child(traf, 'tfhd')?.getUint32(4);
}

function fourCharacters(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
}
