import { BitReader } from './bit-reader.js';

const samplingFrequencies = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const escapedFrequency = 15;
const escapedObjectType = 31;
/** By channelConfiguration, ISO/IEC 14496-3 table 1.19. */
const channelCounts = [0, 1, 2, 3, 4, 5, 6, 8];

export interface AacFacts {
  /** audioObjectType: 2 is AAC LC, 5 with SBR, 29 with parametric stereo. */
  readonly objectType: number;
  readonly sampleRate: number | undefined;
  /** 0: the channels are described in the stream itself. */
  readonly channelConfiguration: number;
  /** undefined where only the stream itself says. */
  readonly channels: number | undefined;
}

/** AudioSpecificConfig, ISO/IEC 14496-3 §1.6.2.1; undefined where it makes no sense. */
export function readAudioSpecificConfig(config: Uint8Array): AacFacts | undefined {
  if (config.length < 2) return undefined;
  const reader = new BitReader(config.subarray(0, 64));
  const objectType = readObjectType(reader);
  const sampleRate = readFrequency(reader);
  const channelConfiguration = reader.bits(4);
  return { objectType, sampleRate, channelConfiguration, channels: channelConfiguration === 0 ? undefined : channelCounts[channelConfiguration] };
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === escapedObjectType ? 32 + reader.bits(6) : type;
}

function readFrequency(reader: BitReader): number | undefined {
  const index = reader.bits(4);
  return index === escapedFrequency ? reader.bits(24) : samplingFrequencies[index];
}

/** One frame's header, ISO/IEC 14496-3 §1.A.2. */
export interface AdtsHeader {
  readonly headBytes: number;
  /** With its header. */
  readonly frameBytes: number;
  readonly sampleRate: number;
  /** How many samples a channel it holds. */
  readonly samples: number;
  readonly config: Buffer;
}

export const adtsHeadBytes = 7;

/** undefined where no ADTS frame begins. */
export function readAdtsHeader(bytes: Uint8Array): AdtsHeader | undefined {
  const [sync = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0, seventh = 0] = bytes;
  if (bytes.length < adtsHeadBytes || sync !== 0xff || (second & 0xf6) !== 0xf0) return undefined;
  const frequencyIndex = (third >> 2) & 0x0f;
  const sampleRate = samplingFrequencies[frequencyIndex];
  const headBytes = second & 1 ? 7 : 9;
  const frameBytes = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
  if (sampleRate === undefined || frameBytes <= headBytes) return undefined;
  const objectType = (third >> 6) + 1;
  const channelConfiguration = ((third & 1) << 2) | (fourth >> 6);
  const config = Buffer.from([(objectType << 3) | (frequencyIndex >> 1), ((frequencyIndex & 1) << 7) | (channelConfiguration << 3)]);
  return { headBytes, frameBytes, sampleRate, samples: 1024 * ((seventh & 3) + 1), config };
}
