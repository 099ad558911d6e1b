import { adtsHeadBytes, readAdtsHeader } from './aac.js';
import type { SourceTrack } from './source-events.js';

/** One frame of sound found in an elementary stream. */
export interface SoundFrame {
  readonly timeSeconds: number;
  readonly bytes: Uint8Array;
  readonly facts: Pick<SourceTrack, 'sampleRate' | 'channels' | 'configuration'>;
}

interface FrameHead {
  readonly frameBytes: number;
  /** What is not handed on. */
  readonly headBytes: number;
  readonly seconds: number;
  readonly facts: SoundFrame['facts'];
}

/** Reads the head of a frame where one begins; `headBytes` are surely there. */
interface Syntax {
  /** What every frame begins with. */
  readonly firstByte: number;
  readonly headBytes: number;
  readonly read: (bytes: Uint8Array) => FrameHead | undefined;
}

/** Without a frame for so long, what was kept is no sound. */
const maxKeptBytes = 64 * 1024;

/**
 * Cuts the sound of a transport stream into its frames, which need not begin where packets do. A frame gets the time of the
 * packet that it begins in, or follows the one before.
 */
export class SoundSplitter {
  readonly #syntax: Syntax | undefined;
  #kept: Uint8Array = new Uint8Array(0);
  #timeSeconds = 0;
  /** Begins a packet's own bytes, behind what was kept. */
  #packetAt = 0;
  #packetSeconds: number | undefined;

  /** @param codec as the transport stream names it */
  constructor(codec: string) {
    this.#syntax = syntaxes[codec];
  }

  /** @param timeSeconds of the first frame that begins in the packet; undefined where it says nothing */
  push(packet: Uint8Array, timeSeconds: number | undefined): SoundFrame[] {
    const syntax = this.#syntax;
    if (!syntax) return timeSeconds === undefined ? [] : [{ timeSeconds, bytes: packet, facts: {} }];
    const bytes = this.#kept.length === 0 ? packet : Buffer.concat([this.#kept, packet]);
    this.#packetAt = this.#kept.length;
    this.#packetSeconds = timeSeconds;
    const frames: SoundFrame[] = [];
    let at = 0;
    while (at + syntax.headBytes <= bytes.length) {
      const head = syntax.read(bytes.subarray(at));
      if (!head) {
        const next = bytes.indexOf(syntax.firstByte, at + 1);
        at = next < 0 ? bytes.length : next;
        continue;
      }
      if (at + head.frameBytes > bytes.length) break;
      frames.push({ timeSeconds: this.#timeAt(at, head.seconds), bytes: bytes.subarray(at + head.headBytes, at + head.frameBytes), facts: head.facts });
      at += head.frameBytes;
    }
    this.#kept = bytes.length - at > maxKeptBytes ? new Uint8Array(0) : Uint8Array.from(bytes.subarray(at));
    return frames;
  }

  #timeAt(at: number, seconds: number): number {
    if (at >= this.#packetAt && this.#packetSeconds !== undefined) {
      this.#timeSeconds = this.#packetSeconds;
      this.#packetSeconds = undefined;
    }
    const timeSeconds = this.#timeSeconds;
    this.#timeSeconds += seconds;
    return timeSeconds;
  }
}

/** What the sound is whose packets begin like this; undefined where it does not show. */
export function soundCodecOf(packet: Uint8Array): string | undefined {
  for (const codec of ['aac', 'aac_latm', 'ac3', 'mp3']) {
    const syntax = syntaxes[codec];
    if (!syntax || packet.length < syntax.headBytes) continue;
    const head = syntax.read(packet);
    // Two bytes are soon alike: where another frame follows, it must begin like one.
    if (!head || packet.length < head.frameBytes + syntax.headBytes) {
      if (head && packet.length >= head.frameBytes) return codec;
      continue;
    }
    if (syntax.read(packet.subarray(head.frameBytes))) return codec;
  }
  return undefined;
}

function readAdts(bytes: Uint8Array): FrameHead | undefined {
  const header = readAdtsHeader(bytes);
  if (!header) return undefined;
  const { headBytes, frameBytes, sampleRate, samples, config } = header;
  const channels = [undefined, 1, 2, 3, 4, 5, 6, 8][(config[1]! >> 3) & 7];
  return { headBytes, frameBytes, seconds: samples / sampleRate, facts: { sampleRate, channels, configuration: config } };
}

const mpegRates = [44_100, 48_000, 32_000];
/** kbit/s by layer of MPEG-1, then layers II and III of MPEG-2, ISO/IEC 11172-3 §2.4.2.3, 13818-3. */
const mpeg1Rates: Readonly<Record<number, readonly number[]>> = {
  1: [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
};
const mpeg2Rates: Readonly<Record<number, readonly number[]>> = {
  1: [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

function readMpegSound(bytes: Uint8Array): FrameHead | undefined {
  const [sync = 0, second = 0, third = 0, fourth = 0] = bytes;
  if (sync !== 0xff || (second & 0xe0) !== 0xe0) return undefined;
  const version = (second >> 3) & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const layer = 4 - ((second >> 1) & 3);
  const rates = version === 3 ? mpeg1Rates[layer] : mpeg2Rates[Math.min(layer, 2)];
  const kilobits = rates?.[(third >> 4) - 1];
  const baseRate = mpegRates[(third >> 2) & 3];
  if (version === 1 || layer === 4 || kilobits === undefined || baseRate === undefined) return undefined;
  const sampleRate = baseRate / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const samples = layer === 1 ? 384 : layer === 3 && version !== 3 ? 576 : 1152;
  const padding = (third >> 1) & 1;
  const frameBytes = layer === 1 ? (Math.floor((12_000 * kilobits) / sampleRate) + padding) * 4 : Math.floor((samples * 125 * kilobits) / sampleRate) + padding;
  return { headBytes: 0, frameBytes, seconds: samples / sampleRate, facts: { sampleRate, channels: fourth >> 6 === 3 ? 1 : 2 } };
}

const ac3Rates = [48_000, 44_100, 32_000];
const ac3Kilobits = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

/** ETSI TS 102 366 §4.4.1 and §E.1.3.1. */
function readAc3(bytes: Uint8Array): FrameHead | undefined {
  const [sync = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = bytes;
  if (sync !== 0x0b || second !== 0x77) return undefined;
  const isEnhanced = sixth >> 3 > 10;
  if (isEnhanced) {
    const code = fifth >> 6;
    const sampleRate = code === 3 ? (ac3Rates[(fifth >> 4) & 3] ?? 0) / 2 : ac3Rates[code];
    const blocks = code === 3 ? 6 : ([1, 2, 3, 6][(fifth >> 4) & 3] ?? 6);
    const frameBytes = ((((third & 7) << 8) | fourth) + 1) * 2;
    return sampleRate ? { headBytes: 0, frameBytes, seconds: (blocks * 256) / sampleRate, facts: { sampleRate } } : undefined;
  }
  const sampleRate = ac3Rates[fifth >> 6];
  const kilobits = ac3Kilobits[(fifth & 0x3f) >> 1];
  if (sampleRate === undefined || kilobits === undefined) return undefined;
  const words = sampleRate === 44_100 ? Math.floor((kilobits * 96_000) / 44_100) + (fifth & 1) : (kilobits * 96_000) / sampleRate;
  return { headBytes: 0, frameBytes: words * 2, seconds: 1536 / sampleRate, facts: { sampleRate } };
}

/** AudioSyncStream, ISO/IEC 14496-3 §1.7.2: its frames say nothing of how long they last. */
function readLatm(bytes: Uint8Array): FrameHead | undefined {
  const [sync = 0, second = 0, third = 0] = bytes;
  if (sync !== 0x56 || (second & 0xe0) !== 0xe0) return undefined;
  return { headBytes: 0, frameBytes: 3 + (((second & 0x1f) << 8) | third), seconds: 1024 / 48_000, facts: {} };
}

const mpegSound: Syntax = { firstByte: 0xff, headBytes: 4, read: readMpegSound };
const syntaxes: Readonly<Record<string, Syntax>> = {
  aac: { firstByte: 0xff, headBytes: adtsHeadBytes, read: readAdts },
  aac_latm: { firstByte: 0x56, headBytes: 3, read: readLatm },
  mp2: mpegSound,
  mp3: mpegSound,
  ac3: { firstByte: 0x0b, headBytes: 6, read: readAc3 },
  eac3: { firstByte: 0x0b, headBytes: 6, read: readAc3 },
};
