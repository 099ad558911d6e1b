import type { ByteFeed } from './byte-feed.js';

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
const describedBytes = 16;

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
  return notMedia(feed);
}

function notMedia(feed: ByteFeed): { notMedia: string } {
  const bytes = feed.peek(describedBytes) ?? feed.peek(8) ?? feed.peek(4) ?? new Uint8Array(0);
  return { notMedia: `expected WebM, Matroska, fragmented MP4, MPEG-TS, FLV or Ogg, got ${describeBytes(bytes)}` };
}

/** Whether a message starts a recording of its own: an EBML or FLV magic or an `ftyp` box. */
export function beginsRecording(message: Uint8Array): boolean {
  return startsWith(message, ebmlMagic) || startsWith(message, flvMagic) || startsWith(message.subarray(4), ftyp);
}

const signatures: readonly (readonly [magic: readonly number[], name: string])[] = [
  [[0xff, 0xd8, 0xff], 'a JPEG picture'],
  [[0x89, ...ascii('PNG')], 'a PNG picture'],
  [ascii('GIF8'), 'a GIF picture'],
  [ascii('%PDF'), 'a PDF document'],
  [ascii('PK\u0003\u0004'), 'a ZIP archive'],
  [[0x1f, 0x8b], 'gzip data'],
  [ascii('ID3'), 'an MP3 file'],
  [ascii('fLaC'), 'a FLAC file'],
];

/** Names what these first bytes are, for a person who sent them by mistake. */
export function describeBytes(bytes: Uint8Array): string {
  const known = signatures.find(([magic]) => startsWith(bytes, magic));
  if (known !== undefined) return known[1];
  if (startsWith(bytes, ascii('RIFF'))) return 'a RIFF file (WAV, AVI or WebP)';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (/^[\t\n\r\x20-\x7e]+$/.test(text)) {
    const kind = /^\s*[{["]/.test(text) ? 'JSON text' : /^\s*</.test(text) ? 'HTML or XML text' : 'text';
    return `${kind} (${JSON.stringify(text.slice(0, describedBytes))})`;
  }
  const shown = bytes.subarray(0, 4);
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return shown.length === 0 ? 'nothing' : `bytes that begin ${hex}`;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
