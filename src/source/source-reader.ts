import type { SourceEvent } from './source-events.js';

export type { Container, SourceEvent, SourceHeader, SourceTrack } from './source-events.js';

/** Tells what a publisher's byte stream holds, however it is sliced. Never throws on garbage. */
export class SourceReader {
  constructor(_options: { readonly maxHeaderBytes?: number } = {}) {}

  /** Events in the order of the bytes. Keeps no reference to `bytes`. */
  push(_bytes: Uint8Array): SourceEvent[] {
    return [];
  }
}

/** Whether a message starts a recording of its own: an EBML magic or an `ftyp` box. */
export function beginsRecording(message: Uint8Array): boolean {
  const word = (at: number): number => new DataView(message.buffer, message.byteOffset).getUint32(at);
  return (message.length >= 4 && word(0) === 0x1a45dfa3) || (message.length >= 8 && word(4) === 0x66747970);
}
