import { elementId } from './matroska-tracks.js';
import type { JpegFacts } from './jpeg.js';

/** Two pictures of one moment are this far apart: players take no two frames at one time. */
const shortestStepMs = 1;
/** After a longer standstill a recording begins anew: nothing of the time between is to be played. */
const longestStandstillMs = 5000;

const trackNumber = 1;
const keyframe = 0x80;

/** Elements that only a writer needs, RFC 9559 §5.1. */
const writtenId = {
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  trackUid: 0x73c5,
  flagLacing: 0x9c,
} as const;

/** Makes a recording of single JPEG pictures: Matroska with the track `V_MJPEG`, a cluster a picture, at the times of their arrival. */
export class PictureRecorder {
  #size: JpegFacts | undefined;
  #startMs = 0;
  #lastMs = 0;

  /**
   * One picture as the next bytes of the recording. They begin with a header of their own where another recording begins:
   * at first, when the size has changed, after a standstill.
   * @param atMs when it came, on a clock that never goes back
   */
  add(jpeg: Uint8Array, size: JpegFacts, atMs: number): Buffer {
    const goesOn = this.#size?.width === size.width && this.#size.height === size.height && atMs - this.#startMs - this.#lastMs <= longestStandstillMs;
    if (goesOn) {
      this.#lastMs = Math.max(this.#lastMs + shortestStepMs, Math.round(atMs - this.#startMs));
      return cluster(jpeg, this.#lastMs);
    }
    this.#size = size;
    this.#startMs = atMs;
    this.#lastMs = 0;
    return Buffer.concat([header(size), cluster(jpeg, 0)]);
  }

  /** The next picture begins a recording. */
  reset(): void {
    this.#size = undefined;
  }
}

function header({ width, height }: JpegFacts): Buffer {
  return Buffer.concat([
    element(
      elementId.ebml,
      element(writtenId.ebmlVersion, unsigned(1)),
      element(writtenId.ebmlReadVersion, unsigned(1)),
      element(elementId.docType, Buffer.from('matroska')),
      element(writtenId.docTypeVersion, unsigned(4)),
      element(writtenId.docTypeReadVersion, unsigned(2)),
    ),
    // A live segment has no end: its size is unknown (RFC 8794 §6.2).
    unsigned(elementId.segment),
    Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    element(
      elementId.info,
      element(elementId.timestampScale, unsigned(1_000_000)),
      element(writtenId.muxingApp, Buffer.from('onair')),
      element(writtenId.writingApp, Buffer.from('onair')),
    ),
    element(
      elementId.tracks,
      element(
        elementId.trackEntry,
        element(elementId.trackNumber, unsigned(trackNumber)),
        element(writtenId.trackUid, unsigned(trackNumber)),
        element(elementId.trackType, unsigned(1)),
        element(writtenId.flagLacing, unsigned(0)),
        element(elementId.codecId, Buffer.from('V_MJPEG')),
        element(elementId.video, element(elementId.pixelWidth, unsigned(width)), element(elementId.pixelHeight, unsigned(height))),
      ),
    ),
  ]);
}

function cluster(jpeg: Uint8Array, timeMs: number): Buffer {
  const block = element(elementId.simpleBlock, Buffer.from([0x80 | trackNumber, 0, 0, keyframe]), jpeg);
  return element(elementId.cluster, element(elementId.timestamp, unsigned(timeMs)), block);
}

/** @param id with its own length marker */
function element(id: number, ...data: readonly Uint8Array[]): Buffer {
  const length = data.reduce((sum, { length: bytes }) => sum + bytes, 0);
  return Buffer.concat([unsigned(id), sizeBytes(length), ...data]);
}

/** Eight bytes, whatever the size: the first one marks that length (RFC 8794 §4). */
function sizeBytes(size: number): Buffer {
  const bytes = Buffer.from([0x01, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeUIntBE(size, 2, 6);
  return bytes;
}

/** As few bytes as hold the value, one at least. */
function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? 5 : first);
}
