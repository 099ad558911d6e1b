import type { ByteFeed } from './byte-feed.js';
import type { ContainerReader, Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { packetBytes, privateData, readPacket, readPesStart, readProgramMap, readProgramMapPid, syncByte, type Packet, type ProgramStream } from './mpegts-packets.js';
import { readPicture } from './mpegts-pictures.js';
import { PesAssembler, type PesPacket } from './pes-assembler.js';
import { soundCodecOf, SoundSplitter, type SoundFrame } from './sound-splitter.js';
import { opusConfiguration, splitOpusUnits } from './opus.js';
import type { SourceEvent, SourceTrack } from './source-events.js';

const ticksPerSecond = 90_000;
/** 33 bits wrap every 26.5 hours. */
const wrapTicks = 2 ** 33;
/** Nothing that looks like packets for so long: this is no transport stream any more. */
const maxUnsyncedBytes = 64 * 1024;

/** So many packets of a private stream without a sound that we know: it is something else. */
const maxUnknownPackets = 20;

interface Stream extends ProgramStream {
  readonly assembler: PesAssembler;
  sound: SoundSplitter | undefined;
  /** What its packets tell where the map does not. */
  found: string | undefined;
  unknownPackets: number;
  track: SourceTrack | undefined;
}

/** Reads the first program of one MPEG transport stream, ISO/IEC 13818-1, in packets of any of its three lengths. */
export class MpegTsReader implements ContainerReader {
  readonly #headerLimit: number;
  /** From one packet to the next: 188, 192 with a time in front, 204 with a check behind. */
  readonly #stride: number;
  #mapPid: number | undefined;
  /** Of the program's present map, by PID. */
  #streams = new Map<number, Stream>();
  #sawFrame = false;
  #unsyncedBytes = 0;
  #clockTicks: number | undefined;

  /**
   * @param options.headerLimit offset that what stands before the first sound or picture must not reach
   * @param options.stride from one packet to the next, in bytes
   */
  constructor(options: { readonly headerLimit: number; readonly stride: number }) {
    this.#headerLimit = options.headerLimit;
    this.#stride = options.stride;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    const begin = feed.peek(8);
    if (begin === undefined) return 'more';
    if (beginsRecording(begin)) return 'recording';
    if (!this.#sawFrame && feed.offset >= this.#headerLimit) return { notMedia: 'expected MPEG-TS with a program of picture or sound, got none' };
    if (begin[0] !== syncByte) return this.#resync(feed);
    const bytes = feed.take(packetBytes);
    if (bytes === undefined) return 'more';
    this.#unsyncedBytes = 0;
    this.#packet(feed.offset - packetBytes, readPacket(bytes), events);
    feed.skip(this.#stride - packetBytes);
    return 'again';
  }

  finish(events: SourceEvent[]): void {
    for (const stream of this.#streams.values()) this.#emit(stream, stream.assembler.finish(), events);
  }

  /** Torn out of a larger stream, or cut: the next packet is looked for. */
  #resync(feed: ByteFeed): Step {
    const skipped = feed.distanceTo(syncByte);
    feed.skip(skipped);
    this.#unsyncedBytes += skipped;
    if (this.#unsyncedBytes <= maxUnsyncedBytes) return 'again';
    return this.#sawFrame ? 'lost' : { notMedia: 'expected MPEG-TS with a program of picture or sound, got none' };
  }

  #packet(offset: number, packet: Packet, events: SourceEvent[]): void {
    const { pid, begins, payload } = packet;
    if (pid === 0) {
      if (begins) this.#mapPid = readProgramMapPid(payload) ?? this.#mapPid;
      return;
    }
    if (pid === this.#mapPid) {
      if (begins) this.#map(payload, events);
      return;
    }
    const stream = this.#streams.get(pid);
    if (!stream) return;
    const start = begins ? readPesStart(payload) : undefined;
    // A packet without a time goes on with the one before it.
    if (start && (start.presentationTicks !== undefined || stream.kind === 'audio')) this.#emit(stream, stream.assembler.begin(start, offset, packet.randomAccess), events);
    else stream.assembler.add(start?.payload ?? payload);
    this.#emit(stream, stream.assembler.whole(), events);
  }

  /** Programs change: what is new is announced, what is gone is forgotten. */
  #map(payload: Uint8Array, events: SourceEvent[]): void {
    const found = readProgramMap(payload);
    if (!found) return;
    const isSame = this.#streams.size === found.length && found.every(({ pid, codec }) => this.#streams.get(pid)?.codec === codec);
    if (isSame && this.#streams.size > 0) return;
    const streams = new Map<number, Stream>();
    for (const stream of found) {
      const known = this.#streams.get(stream.pid);
      const isKnown = known?.codec === stream.codec;
      streams.set(stream.pid, isKnown ? known : { ...stream, assembler: new PesAssembler(), sound: stream.kind === 'audio' ? new SoundSplitter(stream.codec) : undefined, found: undefined, unknownPackets: 0, track: undefined });
    }
    for (const [pid, stream] of this.#streams) if (streams.get(pid) !== stream) this.#emit(stream, stream.assembler.finish(), events);
    this.#streams = streams;
    const tracks = [...streams.values()].filter(({ codec, track }) => track !== undefined || codec !== privateData).map(({ pid, kind, codec, track }) => track ?? { id: pid, kind, codec });
    const maySound = [...streams.values()].some(({ codec, track, unknownPackets }) => codec === privateData && !track && unknownPackets <= maxUnknownPackets);
    events.push({ type: 'header', header: { container: 'mpegts', tracks, awaited: maySound ? ['audio'] : [] } });
  }

  #emit(stream: Stream, packet: PesPacket | undefined, events: SourceEvent[]): void {
    if (!packet) return;
    if (stream.codec === privateData && !this.#findOut(stream, packet, events)) return;
    if (stream.sound) this.#emitSound(stream, stream.sound, packet, events);
    else this.#emitPicture(stream, packet, events);
  }

  /** Whether it is known what a private stream is. */
  #findOut(stream: Stream, { bytes }: PesPacket, events: SourceEvent[]): boolean {
    if (stream.found !== undefined) return true;
    if (stream.unknownPackets > maxUnknownPackets) return false;
    stream.found = soundCodecOf(bytes);
    if (stream.found !== undefined) stream.sound = new SoundSplitter(stream.found);
    else if (++stream.unknownPackets > maxUnknownPackets) events.push({ type: 'notice', code: 'passed-over', message: `A private stream of the MPEG-TS program (PID ${stream.pid}) is passed over: expected AAC, AC-3 or MPEG sound in it.` });
    return stream.found !== undefined;
  }

  #emitPicture(stream: Stream, { start, offset, randomAccess, bytes }: PesPacket, events: SourceEvent[]): void {
    const { pid, codec } = stream;
    if (start.presentationTicks === undefined) return;
    const isH264 = codec === 'h264';
    const { keyframe, facts } = isH264 ? { keyframe: randomAccess, facts: undefined } : readPicture(codec, bytes, randomAccess);
    this.#describe(stream, { id: pid, kind: 'video', codec, ...stream.track, ...facts }, events);
    const decodeSeconds = this.#unwrap(start.decodeTicks ?? start.presentationTicks);
    const timeSeconds = this.#unwrap(start.presentationTicks);
    this.#frame({ type: 'frame', offset, track: pid, kind: 'video', timeSeconds, decodeSeconds: Math.min(decodeSeconds, timeSeconds), keyframe, bytes }, events);
  }

  #emitSound(stream: Stream, splitter: SoundSplitter, { start, offset, bytes }: PesPacket, events: SourceEvent[]): void {
    const { pid, channels, codec: told, found: codec = told } = stream;
    const timeSeconds = start.presentationTicks === undefined ? undefined : this.#unwrap(start.presentationTicks);
    const frames: SoundFrame[] =
      codec === 'opus'
        ? splitOpusUnits(bytes, timeSeconds ?? 0).map((frame) => ({ ...frame, facts: { sampleRate: 48_000, channels: channels ?? 2, configuration: opusConfiguration(channels ?? 2) } }))
        : splitter.push(bytes, timeSeconds);
    for (const frame of frames) {
      this.#describe(stream, { id: pid, kind: 'audio', codec, ...frame.facts }, events);
      this.#frame({ type: 'frame', offset, track: pid, kind: 'audio', timeSeconds: frame.timeSeconds, decodeSeconds: frame.timeSeconds, keyframe: true, bytes: frame.bytes }, events);
    }
  }

  #describe(stream: Stream, track: SourceTrack, events: SourceEvent[]): void {
    if (stream.track && sameTrack(stream.track, track)) return;
    stream.track = track;
    events.push({ type: 'track', track });
  }

  #frame(frame: Extract<SourceEvent, { type: 'frame' }>, events: SourceEvent[]): void {
    this.#sawFrame = true;
    events.push(frame);
  }

  /** All streams are on one clock: a step is never more than half of what 33 bits tell. */
  #unwrap(ticks: number): number {
    const last = this.#clockTicks ?? ticks;
    const step = ((((ticks - last) % wrapTicks) + wrapTicks + wrapTicks / 2) % wrapTicks) - wrapTicks / 2;
    this.#clockTicks = last + step;
    return this.#clockTicks / ticksPerSecond;
  }
}

function sameTrack(one: SourceTrack, other: SourceTrack): boolean {
  const sameConfiguration = one.configuration === other.configuration || (one.configuration !== undefined && other.configuration !== undefined && Buffer.from(one.configuration).equals(other.configuration));
  const sameAspect = one.sampleAspect?.join() === other.sampleAspect?.join();
  return sameConfiguration && sameAspect && one.width === other.width && one.height === other.height && one.sampleRate === other.sampleRate && one.channels === other.channels;
}
