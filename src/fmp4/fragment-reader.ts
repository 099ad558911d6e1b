import { BoxReader, type BoxReaderOptions } from './box-reader.js';
import { readTrackRuns, type Fragment } from './fragment.js';
import { readInitSegment, type InitSegment } from './init-segment.js';

export type FragmentReaderEvent =
  | { readonly type: 'init'; readonly init: InitSegment }
  | { readonly type: 'fragment'; readonly fragment: Fragment };

/** Turns fragmented MP4 in chunks of any size into its init segment and its fragments. */
export class FragmentReader {
  readonly #boxes: BoxReader;
  #ftyp: Buffer | undefined;
  #moof: Buffer | undefined;

  constructor(options?: BoxReaderOptions) {
    this.#boxes = new BoxReader(options);
  }

  /** @throws {RangeError} when the bytes are not fragmented MP4 */
  push(chunk: Buffer): FragmentReaderEvent[] {
    const events: FragmentReaderEvent[] = [];
    for (const box of this.#boxes.push(chunk)) {
      switch (box.type) {
        case 'ftyp':
          this.#ftyp = box.bytes;
          break;
        case 'moov':
          events.push({ type: 'init', init: readInitSegment(Buffer.concat([this.#ftyp ?? Buffer.alloc(0), box.bytes])) });
          break;
        case 'moof':
          this.#moof = box.bytes;
          break;
        case 'mdat':
          if (!this.#moof) throw new RangeError('expected a moof box before an mdat box, got none');
          events.push({ type: 'fragment', fragment: joinFragment(this.#moof, box.bytes) });
          this.#moof = undefined;
          break;
        // styp, sidx, prft and the like say nothing that a live viewer needs.
        default:
      }
    }
    return events;
  }
}

function joinFragment(moof: Buffer, mdat: Buffer): Fragment {
  return { bytes: joinAdjacent(moof, mdat), runs: readTrackRuns(moof) };
}

/** One view over both when they lie side by side in memory, as they mostly do; a copy otherwise. */
function joinAdjacent(first: Buffer, second: Buffer): Buffer {
  if (first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset) {
    return Buffer.from(first.buffer, first.byteOffset, first.length + second.length);
  }
  return Buffer.concat([first, second]);
}
