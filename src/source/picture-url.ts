import { describeBytes } from './container-sniffer.js';

/** What a text message with a picture held, or what is wrong with it, in words. */
export type PictureUrl = { readonly bytes: Buffer } | { readonly malformed: string } | { readonly unsupported: string };

const scheme = /^data:/i;
const head = /^data:([^,]{0,200}),/i;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const shownCharacters = 60;

/** Whether a text message is meant to be a picture, as `canvas.toDataURL` gives it. */
export function isPictureUrl(text: string): boolean {
  return scheme.test(text);
}

/** Reads `data:image/jpeg;base64,…`, RFC 2397; whether the bytes are a JPEG picture is not looked at. */
export function readPictureUrl(text: string): PictureUrl {
  const [whole = '', parameters = ''] = head.exec(text) ?? [];
  const [mediaType = '', ...rest] = parameters.toLowerCase().split(';').map((part) => part.trim());
  const expected = `expected "data:image/jpeg;base64," and a picture, got ${JSON.stringify(excerpt(text))}`;
  if (whole === '' || rest.at(-1) !== 'base64') return { malformed: whole === 'data:,' ? `${expected}: a canvas without width or height gives that` : expected };
  const data = text.slice(whole.length);
  if (!base64.test(data) || data.length % 4 === 1) return { malformed: `${expected}, which is no base64` };
  const bytes = Buffer.from(data, 'base64');
  if (mediaType === 'image/jpeg' || mediaType === 'image/jpg') return { bytes };
  return { unsupported: `expected JPEG pictures, got ${describeBytes(bytes.subarray(0, 16))} as ${mediaType || 'no media type'}; ask the canvas for toDataURL('image/jpeg')` };
}

function excerpt(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
