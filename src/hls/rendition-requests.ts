import { gapMedia, goingOn, notYet, type Answer } from './answer.js';
import { isListed, readBlockingRequest, type DeliveryDirectives, type BlockingRequest } from './blocking-request.js';
import type { Encoded } from './encoded.js';
import { HeldRequests, type StartTimer, type WatchClient } from './held-requests.js';
import type { LiveWindow } from './live-window.js';
import { readMediaName } from './media-address.js';
import { partHoldBackSeconds, type PlaylistTiming } from './media-playlist.js';

/** What requests must know of a rendition, beside its window. */
export interface Requested {
  /** undefined: nothing is served so far. */
  readonly timing: PlaylistTiming | undefined;
  /** Whether a player can start. */
  readonly playable: boolean;
  /** It was played from another server before: players are there already, and give up what is answered with 404. */
  readonly goesOn: boolean;
  /** Nothing more comes. */
  readonly ended: boolean;
  /** How many init segments were named so far. */
  readonly initCount: number;
}

/** Requests of HLS clients for one rendition: each is answered when there is what it asks for, and held until then (RFC 8216bis §6.2.5.2). */
export class RenditionRequests {
  readonly #window: LiveWindow;
  readonly #rendition: Requested;
  readonly #held: HeldRequests;

  /** @param startTimer `setTimeout` but for tests */
  constructor(window: LiveWindow, rendition: Requested, startTimer: StartTimer | undefined) {
    this.#window = window;
    this.#rendition = rendition;
    this.#held = new HeldRequests(startTimer);
  }

  /** How many are held. */
  get waiting(): number {
    return this.#held.count;
  }

  /** There is more, or nothing more will come. */
  recheck(): void {
    this.#held.recheck();
  }

  /** Answers with what is written, once that holds what the directives ask for. */
  async playlist(directives: DeliveryDirectives, watchClient: WatchClient, write: (timing: PlaylistTiming, delta: boolean) => Encoded): Promise<Answer> {
    const { timing, goesOn } = this.#rendition;
    if (!timing) return notYet;
    if (goesOn && !(await this.#reached(() => this.#rendition.playable, timing, watchClient))) return goingOn;
    if (!this.#rendition.playable) return notYet;
    if (this.#rendition.ended) return { outcome: 'lasting', body: write(timing, false) };
    let request: BlockingRequest;
    try {
      request = readBlockingRequest(directives, this.#window, timing.partTargetSeconds);
    } catch (error) {
      const message = error instanceof RangeError ? error.message : String(error);
      return { outcome: 'malformed', message };
    }
    const { until, delta } = request;
    if (until && !(await this.#reached(() => isListed(this.#window, until), timing, watchClient))) {
      return { outcome: 'standstill', message: 'the stream stands still: no new media for three target durations' };
    }
    return { outcome: until ? 'lasting' : 'present', body: write(timing, delta) };
  }

  /** An init segment, a segment, or a part; the part that comes next is waited for (RFC 8216bis §4.4.5.3). */
  async media(name: string, watchClient: WatchClient): Promise<Answer> {
    const { timing, goesOn, playable } = this.#rendition;
    if (!timing) return notYet;
    if (goesOn && !playable && !this.#window.media(name)) return goingOn;
    if (name === this.#window.nextPartUri && !this.#rendition.ended) {
      await this.#reached(() => name !== this.#window.nextPartUri, timing, watchClient);
    }
    const body = this.#window.media(name);
    if (body) return { outcome: 'lasting', body };
    if (this.#window.isGap(name)) return { outcome: 'lasting', body: gapMedia };
    if (this.#isPast(name)) return { outcome: 'gone', message: 'this is no longer there' };
    return { outcome: 'to-come', message: 'there is no such segment, or not yet' };
  }

  /** See `Rendition`. */
  async untilMedia(watchClient: WatchClient): Promise<boolean> {
    const { timing } = this.#rendition;
    if (!timing) return false;
    const leastSeconds = partHoldBackSeconds(timing) + timing.partTargetSeconds / 2;
    return this.#reached(() => this.#mediaSeconds >= leastSeconds, timing, watchClient);
  }

  /** How much of the newest that is listed can be had, without a gap. */
  get #mediaSeconds(): number {
    const { open, listed } = this.#window;
    const segments = [...listed, ...(open && open.parts.length > 0 ? [open] : [])];
    const from = segments.findLastIndex(({ gap }) => gap) + 1;
    return segments.slice(from).reduce((sum, { parts }) => parts.reduce((all, { durationSeconds }) => all + durationSeconds, sum), 0);
  }

  /** Whether this names something of a segment that is closed, or an init segment that was told: what is not there now never will be. */
  #isPast(name: string): boolean {
    const read = readMediaName(name);
    if (!read) return false;
    if (read.kind === 'init') return read.number < this.#rendition.initCount - 1;
    return this.#rendition.ended || read.mediaSequence < this.#window.openMediaSequence;
  }

  /** Waits, for three target durations at most, until `condition` holds, the client has gone or the stream is over. */
  #reached(condition: () => boolean, timing: PlaylistTiming, watchClient: WatchClient): Promise<boolean> {
    // RFC 8216bis §6.2.5.2: a request must not be held longer.
    return this.#held.hold(() => condition() || this.#rendition.ended, timing.targetDurationSeconds * 3 * 1000, watchClient);
  }
}
