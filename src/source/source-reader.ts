import { ByteFeed } from './byte-feed.js';
import { quietReader, type ContainerReader } from './container-reader.js';
import { beginsRecording, sniffContainer } from './container-sniffer.js';
import { FlvReader } from './flv-reader.js';
import { MatroskaReader } from './matroska-reader.js';
import { Mp4SourceReader } from './mp4-source-reader.js';
import { MpegTsReader } from './mpegts-reader.js';
import { OggReader } from './ogg-reader.js';
import type { SourceEvent } from './source-events.js';
import { WorkBudget } from './work-budget.js';

export { beginsRecording } from './container-sniffer.js';
export type { Container, Frame, SourceEvent, SourceHeader, SourceTrack } from './source-events.js';

export interface SourceReaderOptions {
  /** A header longer than this is not waited for. */
  readonly maxHeaderBytes?: number;
}

/** Tells what a publisher's byte stream holds, however it is sliced. Never throws on garbage. */
export class SourceReader {
  readonly #maxHeaderBytes: number;
  readonly #feed = new ByteFeed();
  readonly #budget = new WorkBudget();
  /** undefined while it is open which container begins here. */
  #reader: ContainerReader | undefined;
  #rejected = false;

  constructor({ maxHeaderBytes = 1024 * 1024 }: SourceReaderOptions = {}) {
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  /** Events in the order of the bytes. Frames are views onto `bytes` where they lie in one piece. */
  push(bytes: Uint8Array): SourceEvent[] {
    const events: SourceEvent[] = [];
    // The protocol: a message that begins with a container header begins a recording, wherever the last one broke off.
    if (this.#reader !== undefined && beginsRecording(bytes)) this.#leave(events);
    this.#feed.load(bytes);
    this.#budget.grant(bytes.length);
    while (!this.#rejected) {
      const known = events.length;
      const goesOn = this.#step(events);
      this.#pay(events, known);
      if (!goesOn) break;
    }
    if (this.#rejected) this.#feed.skipToEnd();
    this.#feed.unload();
    return events;
  }

  /** The next byte begins a new container header, whatever came before it. Tells what was held of that. */
  beginRecording(): SourceEvent[] {
    const events: SourceEvent[] = [];
    this.#leave(events);
    return events;
  }

  /** Nothing follows. */
  end(): SourceEvent[] {
    return this.#rejected ? [] : this.beginRecording();
  }

  #leave(events: SourceEvent[]): void {
    this.#reader?.finish?.(events);
    this.#feed.skipToEnd();
    this.#reader = undefined;
  }

  /** What one step told is paid for; what is too much is not told. */
  #pay(events: SourceEvent[], from: number): void {
    for (let index = from; index < events.length; index++) {
      const event = events[index];
      const tooMuch = event && this.#budget.spend(event);
      if (tooMuch === undefined) continue;
      events.length = index;
      this.#reject(tooMuch, events);
      return;
    }
  }

  #step(events: SourceEvent[]): boolean {
    if (this.#reader === undefined) return this.#sniff(events);
    const step = this.#reader.step(this.#feed, events);
    if (step === 'recording') {
      this.#reader.finish?.(events);
      this.#reader = undefined;
    }
    else if (step === 'lost') this.#reader = quietReader;
    else if (typeof step === 'object') return this.#reject(step.notMedia, events);
    return step !== 'more';
  }

  #sniff(events: SourceEvent[]): boolean {
    const found = sniffContainer(this.#feed);
    if (found === 'more') return false;
    if (typeof found === 'object' && 'notMedia' in found) return this.#reject(found.notMedia, events);
    const offset = this.#feed.offset;
    events.push({ type: 'recording', offset });
    const headerLimit = offset + this.#maxHeaderBytes;
    if (found === 'ebml') this.#reader = new MatroskaReader({ headerLimit });
    else if (found === 'mp4') this.#reader = new Mp4SourceReader({ headerLimit });
    else if (found === 'flv') this.#reader = new FlvReader({ headerLimit });
    else if (found === 'ogg') this.#reader = new OggReader({ headerLimit });
    else {
      this.#feed.skip(found.lead);
      this.#reader = new MpegTsReader({ headerLimit, stride: found.stride });
    }
    return true;
  }

  #reject(reason: string, events: SourceEvent[]): false {
    this.#rejected = true;
    events.push({ type: 'not-media', reason });
    return false;
  }
}
