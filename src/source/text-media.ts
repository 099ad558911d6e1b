import { beginsRecording } from './container-sniffer.js';
import { describeBytes } from './foreign-bytes.js';

/** What a text message held: a picture, a piece of a recording, or what is wrong with it, in words. */
export type TextMedia =
  | { readonly picture: Buffer }
  | { readonly recording: Buffer }
  | { readonly malformed: string }
  | { readonly unsupported: string };

const scheme = /^data:/i;
/** Media types name codecs on both sides of a comma, which `FileReader` does not put in quotes. */
const base64Head = /^data:([^]{0,200}?);base64,/i;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const shownCharacters = 60;
/** Holds what any container begins with. */
const beginningCharacters = 24;

/** What is longer is not looked at. */
const maxWrappedCharacters = 65_536;

/** What to do instead of whatever a page does with a recorder's chunks. */
export const sendChunks = 'send each chunk as it is: socket.send(event.data)';

/** Reads text messages that hold media: pages that put their chunks through `FileReader` or `btoa` send such. */
export class TextMediaReader {
  #isRecording = false;

  /** undefined: it is no media, but what a publisher says. */
  read(text: string): TextMedia | undefined {
    if (scheme.test(text)) return readDataUrl(text);
    if (!base64.test(text)) return undefined;
    // Any word is base64: a recording must have begun like one.
    this.#isRecording ||= text.length >= beginningCharacters && isRecording(Buffer.from(text.slice(0, beginningCharacters), 'base64'));
    return this.#isRecording ? { recording: Buffer.from(text, 'base64') } : undefined;
  }
}

/** What a page did to the recorder's chunks that can't be undone, in words; undefined: nothing of that kind. */
export function describeWrapped(text: string): string | undefined {
  if (/^\[object \w+\]$/.test(text)) return `the word ${JSON.stringify(text)}, which is what a chunk becomes as text`;
  const values = text.length > maxWrappedCharacters ? undefined : valuesIn(text);
  if (values?.length === 0) return '{}, which is all that JSON keeps of a chunk';
  return isLong(values) || values?.some(isLong) ? `media wrapped in JSON, ${excerpt(text)}` : undefined;
}

/** Reads `data:image/jpeg;base64,…` and `data:video/webm;codecs=…;base64,…`, RFC 2397; whether the bytes are what they are called is not looked at. */
function readDataUrl(text: string): TextMedia {
  const [whole = '', parameters = ''] = base64Head.exec(text) ?? [];
  const expected = `expected "data:image/jpeg;base64," and a picture, got ${JSON.stringify(excerpt(text))}`;
  if (whole === '') return { malformed: text === 'data:,' ? `${expected}: a canvas without width or height gives that` : expected };
  const data = text.slice(whole.length);
  if (data === '' && !/^image\//i.test(parameters)) return { recording: Buffer.alloc(0) };
  if (!base64.test(data) || data.length % 4 === 1) return { malformed: `${expected}, which is no base64` };
  const bytes = Buffer.from(data, 'base64');
  const mediaType = parameters.split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType === 'image/jpeg' || mediaType === 'image/jpg') return { picture: bytes };
  if (!mediaType.startsWith('image/') && (/^(video|audio)\/|^application\/octet-stream$/.test(mediaType) || isRecording(bytes))) return { recording: bytes };
  return { unsupported: `expected JPEG pictures or a recording, got ${describeBytes(bytes.subarray(0, 16))} as ${mediaType || 'no media type'}; ask the canvas for toDataURL('image/jpeg')` };
}

function isRecording(bytes: Buffer): boolean {
  return beginsRecording(bytes) || bytes.toString('latin1', 0, 4) === 'OggS';
}

function valuesIn(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? Object.values(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Media as base64, or as a list of numbers. */
function isLong(value: unknown): boolean {
  if (Array.isArray(value) && value.length > shownCharacters) return value.every((each) => typeof each === 'number');
  if (typeof value === 'string') return value.length > shownCharacters && base64.test(value.slice(0, shownCharacters));
  return typeof value === 'object' && value !== null && Object.keys(value).length > 4;
}

function excerpt(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
