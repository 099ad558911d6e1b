import { flvTagType } from '../flv/flv-tag.js';
import { readAudioSpecificConfig } from './aac.js';
import { readAudioTag, readVideoTag, type MediaTag } from './flv-tags.js';
import type { SourceEvent, SourceTrack } from './source-events.js';

/** More on one tag's or message's account than this is no media. */
const maxTrackNumber = 255;

/** Makes tracks and frames of audio and video tags, as FLV files and RTMP messages have them. */
export class FlvTracks {
  readonly #tracks = new Map<number, SourceTrack>();
  /** The publisher's clock without its wraps. */
  #clockMs: number | undefined;

  /**
   * One tag's body.
   * @param timestamp ms, 32 bits that wrap
   * @param offset where it began, for `frame` events
   */
  read(type: number, timestamp: number, body: Uint8Array, offset: number): SourceEvent[] {
    // Some encoders mark pauses with empty messages.
    if (body.length < 2 || (type !== flvTagType.audio && type !== flvTagType.video)) return [];
    const tags = type === flvTagType.video ? readVideoTag(body) : readAudioTag(body);
    const events: SourceEvent[] = [];
    for (const tag of tags) {
      if (tag.holds === 'config') this.#configure(tag, events);
      else if (tag.holds === 'unknown') events.push({ type: 'notice', code: 'passed-over', message: `Enhanced ${tag.kind} packets of type ${tag.packetType} (${tag.codec}) are passed over: expected types 0 to 7.` });
      else if (tag.holds === 'frame' && tag.payload.length > 0) this.#frame(tag, timestamp, offset, events);
    }
    return events;
  }

  #configure(tag: MediaTag, events: SourceEvent[]): void {
    const id = idOf(tag);
    const { kind, codec, payload } = tag;
    const configuration = payload.length > 0 ? payload.slice() : undefined;
    const known = this.#tracks.get(id);
    if (known?.codec === codec && sameBytes(known.configuration, configuration)) return;
    this.#tell({ id, kind, codec, configuration, ...soundFacts(codec, configuration) }, events);
  }

  #frame(tag: MediaTag, timestamp: number, offset: number, events: SourceEvent[]): void {
    const id = idOf(tag);
    const { kind, codec, keyframe, compositionMs, payload, sampleRate, channels, sampleBits } = tag;
    const known = this.#tracks.get(id);
    if (known?.codec !== codec) this.#tell({ id, kind, codec, sampleRate, channels, sampleBits, ...(codec === 'pcm' && { matroskaCodec: 'A_PCM/INT/LIT' }) }, events);
    const decodeMs = this.#unwrap(timestamp);
    events.push({ type: 'frame', offset, track: id, kind, timeSeconds: (decodeMs + compositionMs) / 1000, decodeSeconds: decodeMs / 1000, keyframe, bytes: payload });
  }

  #tell(track: SourceTrack, events: SourceEvent[]): void {
    this.#tracks.set(track.id, track);
    events.push({ type: 'track', track });
  }

  /** Serial number arithmetic: a step is never more than half of what 32 bits tell. */
  #unwrap(timestamp: number): number {
    this.#clockMs = this.#clockMs === undefined ? timestamp : this.#clockMs + ((timestamp - this.#clockMs) | 0);
    return this.#clockMs;
  }
}

/** 1 and 2 are the picture and the sound; further tracks follow. */
function idOf({ kind, trackNumber }: MediaTag): number {
  return Math.min(trackNumber, maxTrackNumber) * 2 + (kind === 'video' ? 1 : 2);
}

function soundFacts(codec: string, configuration: Uint8Array | undefined): Partial<SourceTrack> {
  if (codec !== 'aac' || !configuration) return {};
  const facts = readAudioSpecificConfig(configuration);
  return facts ? { sampleRate: facts.sampleRate, channels: facts.channels } : {};
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.from(one).equals(other);
}
