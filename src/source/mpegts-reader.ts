import type { ByteFeed } from './byte-feed.js';
import type { ContainerReader, Step } from './container-reader.js';
import { beginsRecording } from './container-sniffer.js';
import { packetBytes, readPacket, readPesStart, readPicture, readProgramMap, readProgramMapPid, syncByte, type Packet, type ProgramStream } from './mpegts-packets.js';
import type { SourceEvent, SourceTrack } from './source-events.js';

/** A stream that the program announces and that is silent for so long is not waited for; muxers hold sound back for a second. */
const missingStreamSeconds = 2;
/** Where there is no picture, any sound can be begun with: so often is enough. */
const audioAccessSeconds = 0.5;
/** After so many bytes without a packet it is no transport stream any more. */
const maxUnsyncedBytes = 65_536;

type MediaEvent = Extract<SourceEvent, { type: 'frame' | 'random-access' }>;

/** Walks the first program of one MPEG transport stream, ISO/IEC 13818-1. Times are decode times; a frame of sound is a PES packet. */
export class MpegTsReader implements ContainerReader {
  readonly #headerLimit: number;
  #mapPid: number | undefined;
  #streams: readonly ProgramStream[] | undefined;
  /** What came of the program's streams, by PID. */
  readonly #tracks = new Map<number, SourceTrack>();
  #headerEnd = 0;
  #unsyncedBytes = 0;
  #headerTold = false;
  /** What came before the header was complete. */
  #early: MediaEvent[] = [];
  #firstSeconds: number | undefined;
  #lastAccessSeconds = -Infinity;

  /** @param options.headerLimit offset that the header must not reach */
  constructor(options: { readonly headerLimit: number }) {
    this.#headerLimit = options.headerLimit;
  }

  step(feed: ByteFeed, events: SourceEvent[]): Step {
    const begin = feed.peek(8);
    if (begin === undefined) return 'more';
    if (beginsRecording(begin)) return 'recording';
    if (!this.#headerTold && feed.offset >= this.#headerLimit) {
      if (this.#early.length === 0) return { notMedia: 'expected MPEG-TS with a program of picture or sound, got none' };
      this.#tellHeader(events);
    }
    // Torn out of a larger stream, or cut: the next packet is looked for.
    if (begin[0] !== syncByte) return this.#skipToSync(feed);
    const bytes = feed.peek(packetBytes);
    if (bytes === undefined) return 'more';
    this.#unsyncedBytes = 0;
    this.#packet(feed.offset, readPacket(bytes), events);
    feed.skip(packetBytes);
    return 'again';
  }

  #skipToSync(feed: ByteFeed): Step {
    const skipped = feed.distanceTo(syncByte);
    this.#unsyncedBytes += skipped;
    feed.skip(skipped);
    if (this.#unsyncedBytes <= maxUnsyncedBytes) return 'again';
    return this.#headerTold ? 'lost' : { notMedia: `expected MPEG-TS, got ${this.#unsyncedBytes} bytes without a packet` };
  }

  #packet(offset: number, packet: Packet, events: SourceEvent[]): void {
    if (!packet.begins) {
      if (!this.#headerTold) this.#lookForParameters(packet);
    } else if (packet.pid === 0) this.#mapPid ??= readProgramMapPid(packet.payload);
    else if (packet.pid === this.#mapPid) this.#map(offset, packet);
    else {
      const stream = this.#streams?.find(({ pid }) => pid === packet.pid);
      if (stream) this.#frame(offset, stream, packet, events);
    }
  }

  #map(offset: number, { payload }: Packet): void {
    if (this.#streams) return;
    this.#streams = readProgramMap(payload);
    if (this.#streams) this.#headerEnd = offset + packetBytes;
  }

  /** They may stand behind what else comes before the first picture. */
  #lookForParameters({ pid, payload }: Packet): void {
    const track = this.#tracks.get(pid);
    if (track?.codec !== 'h264' || track.profile !== undefined) return;
    this.#tracks.set(pid, { ...track, ...readPicture('h264', payload).facts });
  }

  #frame(offset: number, { pid, kind, codec }: ProgramStream, { payload, randomAccess }: Packet, events: SourceEvent[]): void {
    const pes = readPesStart(payload);
    if (!pes) return;
    const { timeSeconds } = pes;
    const picture = kind === 'video' ? readPicture(codec, pes.payload) : undefined;
    const known = this.#tracks.get(pid);
    if (!this.#headerTold && (!known || (picture?.facts && known.profile === undefined))) {
      this.#tracks.set(pid, { id: pid, kind, codec, ...picture?.facts });
    }
    this.#firstSeconds ??= timeSeconds;
    const waitedLongEnough = Math.abs(timeSeconds - this.#firstSeconds) > missingStreamSeconds || offset >= this.#headerLimit;
    if (!this.#headerTold && (this.#isComplete || waitedLongEnough)) this.#tellHeader(events);
    if (this.#headerTold && !this.#tracks.has(pid)) return;

    const keyframe = kind === 'audio' || randomAccess || picture?.keyframe === true;
    const told = this.#headerTold ? events : this.#early;
    // Only the muxer, or the parameter sets themselves, tell that a picture can be begun with.
    const isAccess = kind === 'video' ? randomAccess || (codec !== 'h264' ? keyframe : picture?.facts !== undefined) : this.#beginsSound(timeSeconds);
    if (isAccess) told.push({ type: 'random-access', offset, timeSeconds });
    told.push({ type: 'frame', offset, kind, timeSeconds, keyframe });
  }

  get #isComplete(): boolean {
    const isKnown = ({ pid, codec }: ProgramStream): boolean => {
      const track = this.#tracks.get(pid);
      return track !== undefined && (codec !== 'h264' || track.profile !== undefined);
    };
    return this.#streams?.every(isKnown) === true;
  }

  #tellHeader(events: SourceEvent[]): void {
    this.#headerTold = true;
    const tracks = (this.#streams ?? []).flatMap(({ pid }) => this.#tracks.get(pid) ?? []);
    events.push({ type: 'header', header: { container: 'mpegts', tracks }, endOffset: this.#headerEnd });
    for (const event of this.#early) events.push(event);
    this.#early = [];
  }

  #beginsSound(timeSeconds: number): boolean {
    if (this.#streams?.some(({ kind }) => kind === 'video')) return false;
    if (timeSeconds >= this.#lastAccessSeconds && timeSeconds - this.#lastAccessSeconds < audioAccessSeconds) return false;
    this.#lastAccessSeconds = timeSeconds;
    return true;
  }
}
