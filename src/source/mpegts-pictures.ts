import type { SourceTrack } from './source-events.js';

/** What the start codes of a picture tell, for codecs that are not looked at more closely elsewhere. */
export interface PictureFacts {
  readonly keyframe: boolean;
  readonly facts: Partial<SourceTrack> | undefined;
}

const startCode = Buffer.from([0, 0, 1]);
/** Start codes are looked for no further: what tells stands at the front. */
const searchedBytes = 4096;
const sequenceHeader = 0xb3;
const visualObjects = { sequence: 0xb0, firstLayer: 0x20, lastLayer: 0x2f } as const;

/** @param marked the transport stream calls it a random access point */
export function readPicture(codec: string, picture: Uint8Array, marked: boolean): PictureFacts {
  const bytes = Buffer.from(picture.buffer, picture.byteOffset, Math.min(picture.length, searchedBytes));
  let keyframe = marked;
  let facts: PictureFacts['facts'];
  for (let at = bytes.indexOf(startCode); at >= 0 && at + 3 < bytes.length; at = bytes.indexOf(startCode, at + 3)) {
    const code = bytes[at + 3] ?? 0;
    if (codec === 'hevc') {
      const type = (code >> 1) & 0x3f;
      keyframe ||= (type >= 16 && type <= 21) || type === 33;
    } else if (codec === 'mpeg4') keyframe ||= code === visualObjects.sequence || (code >= visualObjects.firstLayer && code <= visualObjects.lastLayer);
    else if (code === sequenceHeader) {
      keyframe = true;
      facts = readSequenceHeader(bytes.subarray(at + 4), codec);
    }
  }
  return { keyframe, facts };
}

/** ISO/IEC 13818-2 §6.2.2.1; the aspect ratio is that of the whole picture, table 6-3. */
function readSequenceHeader(bytes: Uint8Array, codec: string): PictureFacts['facts'] {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const width = (a << 4) | (b >> 4);
  const height = ((b & 0x0f) << 8) | c;
  if (width === 0 || height === 0) return undefined;
  const display = codec === 'mpeg2video' ? ({ 2: [4, 3], 3: [16, 9] } as Readonly<Record<number, readonly [number, number]>>)[d >> 4] : undefined;
  return { width, height, sampleAspect: display && [display[0] * height, display[1] * width] };
}
