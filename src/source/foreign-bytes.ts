interface Kind {
  /** From the first byte on; undefined stands for any. */
  readonly magic: readonly (number | undefined)[];
  readonly name: string;
  /** What whoever sent it may do instead. */
  readonly advice?: string | undefined;
}

const wrapIt = 'let ffmpeg wrap it: ffmpeg -re -i FILE -c copy -f matroska -method PUT ADDRESS';
const encodeIt = 'let ffmpeg encode it: ffmpeg -re -i FILE -c:v libx264 -c:a aac -f mpegts -method PUT ADDRESS';
const fromTheStart = "send all that the recorder gives, its first chunk first: open the connection before recorder.start(), and start another recorder for another connection";
const onePicture = 'single pictures are sent by WebSocket, one JPEG in a message';

const any = undefined;
const kinds: readonly Kind[] = [
  { magic: [0xff, 0xd8, 0xff], name: 'a JPEG picture', advice: onePicture },
  { magic: [0x89, ...ascii('PNG')], name: 'a PNG picture', advice: onePicture },
  { magic: ascii('GIF8'), name: 'a GIF picture', advice: encodeIt },
  { magic: ascii('%PDF'), name: 'a PDF document' },
  { magic: [...ascii('PK'), 3, 4], name: 'a ZIP archive' },
  { magic: [0x1f, 0x8b], name: 'gzip data' },
  { magic: ascii('ID3'), name: 'an MP3 file', advice: wrapIt },
  { magic: ascii('fLaC'), name: 'a FLAC file', advice: wrapIt },
  { magic: ascii('RIFF'), name: 'a RIFF file (WAV, AVI or WebP)', advice: encodeIt },
  { magic: [0x30, 0x26, 0xb2, 0x75], name: 'a Windows Media file', advice: encodeIt },
  { magic: [0x1f, 0x43, 0xb6, 0x75], name: 'a WebM recording without its beginning', advice: fromTheStart },
  { magic: [any, any, any, any, ...ascii('moof')], name: 'an MP4 recording without its beginning', advice: fromTheStart },
  { magic: [any, any, any, any, ...ascii('mdat')], name: 'an MP4 recording without its beginning', advice: fromTheStart },
  { magic: [any, any, any, any, ...ascii('styp')], name: 'an MP4 segment without its init segment', advice: 'send the init segment first' },
  { magic: [0, 0, 0, 1], name: 'bare H.264 or HEVC without a container', advice: wrapIt },
  { magic: [0, 0, 1, 0xba], name: 'an MPEG program stream', advice: 'let ffmpeg wrap it: ffmpeg -re -i FILE -c copy -f mpegts -method PUT ADDRESS' },
];

const unknownKind: Kind = { magic: [], name: '', advice: `if they are a recording, ${fromTheStart}` };
/** The first byte, then the first bits of the second one. */
const soundSync = 0xff;

/** Names what these first bytes are, for a person who sent them by mistake. */
export function describeBytes(bytes: Uint8Array): string {
  const kind = kindOf(bytes);
  return kind === unknownKind ? `bytes that begin ${Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}` : kind.name;
}

/** Whether it is known what they are. */
export function isForeign(bytes: Uint8Array): boolean {
  return kindOf(bytes) !== unknownKind;
}

/** The same, with what to do instead. */
export function describeForeign(bytes: Uint8Array): string {
  const { advice } = kindOf(bytes);
  return advice === undefined ? describeBytes(bytes) : `${describeBytes(bytes)}: ${advice}`;
}

function kindOf(bytes: Uint8Array): Kind {
  const known = kinds.find(({ magic }) => bytes.length >= magic.length && magic.every((byte, index) => byte === any || byte === bytes[index]));
  if (known) return known;
  const [first = 0, second = 0] = bytes;
  if (first === soundSync && (second & 0xf6) === 0xf0) return { magic: [], name: 'bare AAC without a container', advice: wrapIt };
  if (first === soundSync && (second & 0xe0) === 0xe0) return { magic: [], name: 'an MP3 file', advice: wrapIt };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (bytes.length > 0 && /^[\t\n\r\x20-\x7e]+$/.test(text)) return textKind(text);
  return bytes.length === 0 ? { magic: [], name: 'nothing' } : unknownKind;
}

function textKind(text: string): Kind {
  const excerpt = JSON.stringify(text.slice(0, 16));
  const asIs = 'send the bytes of the recording themselves: a page, each chunk with socket.send(event.data)';
  if (text.startsWith('#EXTM3U')) return { magic: [], name: `an HLS playlist (${excerpt})`, advice: 'let ffmpeg fetch what it lists: ffmpeg -i PLAYLIST -c copy -f mpegts -method PUT ADDRESS' };
  if (text.startsWith('data:')) return { magic: [], name: `a data URL (${excerpt})`, advice: asIs };
  if (/^\s*[{["]/.test(text)) return { magic: [], name: `JSON text (${excerpt})`, advice: asIs };
  if (/^\s*</.test(text)) return { magic: [], name: `HTML or XML text (${excerpt})`, advice: 'is it the page around the recording, or an error of where it came from?' };
  if (/^(GkXf|AAAA|RkxW|T2dnUw)[A-Za-z0-9+/]*=*$/.test(text)) return { magic: [], name: `a recording as base64 (${excerpt})`, advice: asIs };
  return { magic: [], name: `text (${excerpt})`, advice: asIs };
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
