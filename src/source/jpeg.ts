export interface JpegFacts {
  readonly width: number;
  readonly height: number;
}

const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;

/** More segments and fill bytes stand before no picture. */
const maxMarkers = 10_000;

/** Whether these bytes begin as a JPEG picture does: a start of image, and the marker that follows it. */
export function beginsJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === startOfImage && bytes[2] === 0xff;
}

/**
 * Size of a whole JPEG picture, or why it is none, in words. Walks the marker segments up to the scan (ITU-T T.81, annex B);
 * what is inside the scan is the decoder's.
 */
export function readJpeg(bytes: Uint8Array): JpegFacts | { readonly notJpeg: string } {
  if (!beginsJpeg(bytes)) return { notJpeg: 'it does not begin as one' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let size: JpegFacts | undefined;
  let at = 2;
  for (let count = 0; at + 4 <= bytes.length; count++) {
    if (count > maxMarkers) return { notJpeg: `there are more than ${maxMarkers} markers before the picture` };
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || marker === endOfImage) break;
    if (marker === 0xff || isBare(marker)) {
      at += marker === 0xff ? 1 : 2; // fill bytes, B.1.1.2
      continue;
    }
    if (marker === startOfScan) {
      if (!size) return { notJpeg: 'it does not say how large it is' };
      return endsImage(bytes) ? size : { notJpeg: 'its end is missing; send each picture whole, in one message' };
    }
    if (isFrame(marker) && at + 9 <= bytes.length) size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    if (size?.width === 0 || size?.height === 0) return { notJpeg: 'it has no width or no height' };
    at += 2 + view.getUint16(at + 2);
  }
  return { notJpeg: 'it breaks off before the picture; send each picture whole, in one message' };
}

/** TEM and RSTn: markers without a segment. */
function isBare(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

/** SOFn: 0xc4, 0xc8 and 0xcc are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Some encoders pad what they made. */
const longestPaddingBytes = 1024;

function endsImage(bytes: Uint8Array): boolean {
  const first = Math.max(2, bytes.length - longestPaddingBytes);
  for (let at = bytes.length - 2; at >= first; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === endOfImage) return true;
  }
  return false;
}
