import type { ByteFeed } from './byte-feed.js';
import { describeForeign, isForeign } from './foreign-bytes.js';

/** `ebml`: WebM or Matroska. */
export type ContainerFamily = 'ebml' | 'mp4' | 'flv' | 'ogg';

const ebmlMagic = [0x1a, 0x45, 0xdf, 0xa3];
const ftyp = ascii('ftyp');
const flvMagic = ascii('FLV\u0001');
/** What stands before the sync byte of each packet, and from one packet to the next: plain, with a time in front (Blu-ray), with a check behind. */
const transportForms = [
  { lead: 0, stride: 188 },
  { lead: 4, stride: 192 },
  { lead: 0, stride: 204 },
] as const;
const syncByte = 0x47;
/** So many packets at their distance are no chance. */
const joinedPackets = 4;
const longestStride = 204;
const describedBytes = 24;

/** Of a transport stream: from one packet to the next; packets of 192 bytes begin with a time, which is passed over. */
export interface TransportForm {
  readonly lead: number;
  readonly stride: number;
}

/** The family of container that begins here, `more` while that is open, or what came instead, in words. */
export function sniffContainer(feed: ByteFeed): ContainerFamily | TransportForm | 'more' | { readonly notMedia: string } {
  const magic = feed.peek(4);
  if (magic === undefined) return 'more';
  if (startsWith(magic, ebmlMagic)) return 'ebml';
  if (startsWith(magic, flvMagic)) return 'flv';
  if (startsWith(magic, ascii('OggS'))) return 'ogg';
  // A small box: its size, then its type.
  if (magic[0] === 0 && magic[1] === 0) {
    const box = feed.peek(8);
    if (box === undefined) return 'more';
    if (startsWith(box.subarray(4), ftyp)) return 'mp4';
  }
  if (!startsWith(magic, ascii('GIF8'))) {
    // ISO 13818-1 §2.4.3.2: every packet is 188 bytes long and begins with the sync byte.
    for (const form of transportForms) {
      if (form.lead < 4 && magic[form.lead] !== syncByte) continue;
      const first = feed.peek(form.lead + 1);
      if (first === undefined) return 'more';
      if (first[form.lead] !== syncByte) continue;
      const packets = feed.peek(form.lead + form.stride + 1);
      if (packets === undefined) return 'more';
      if (packets[form.lead + form.stride] === syncByte) return form;
    }
  }
  const bytes = feed.peek(describedBytes) ?? feed.peek(8) ?? magic;
  return (isForeign(bytes) ? undefined : joinedTransport(feed)) ?? notMedia(feed);
}

/** A transport stream that was joined in the middle of a packet; undefined where there is none. */
function joinedTransport(feed: ByteFeed): TransportForm | 'more' | undefined {
  const bytes = feed.peek(joinedPackets * longestStride);
  if (bytes === undefined) return 'more';
  for (const { stride } of transportForms) {
    for (let lead = 0; lead < stride; lead++) {
      if (Array.from({ length: joinedPackets }, (_, index) => bytes[lead + index * stride]).every((byte) => byte === syncByte)) return { lead, stride };
    }
  }
  return undefined;
}

function notMedia(feed: ByteFeed): { notMedia: string } {
  const bytes = feed.peek(describedBytes) ?? feed.peek(8) ?? feed.peek(4) ?? new Uint8Array(0);
  return { notMedia: `expected WebM, Matroska, fragmented MP4, MPEG-TS, FLV or Ogg, got ${describeForeign(bytes)}` };
}

/** Whether a message starts a recording of its own: an EBML or FLV magic or an `ftyp` box. */
export function beginsRecording(message: Uint8Array): boolean {
  return startsWith(message, ebmlMagic) || startsWith(message, flvMagic) || startsWith(message.subarray(4), ftyp);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
