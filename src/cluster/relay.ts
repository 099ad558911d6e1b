import type { LiveLog } from '../live/broadcast-options.js';
import type { Pictures } from '../live/pictures.js';
import type { ViewerPlace } from '../protocol/viewer-place.js';
import type { Viewers } from '../live/viewers.js';
import type { FragmentSource } from '../live/watchable.js';
import { settledWithin } from '../live/settled-within.js';
import type { Watched } from '../http/relayed.js';
import { RelayedMedia, type RelayedMediaOptions } from './relayed-media.js';
import type { OpenUpstream, Upstream, UpstreamEnd } from './upstream.js';

/** Where a broadcast that is watched here goes on. */
export interface Place {
  /** The URL of a node; it may have died a moment ago. */
  readonly node: string | undefined;
  /** Another node may go on with it. */
  readonly mayGoOn: boolean;
}

export interface RelayOptions extends Pick<RelayedMediaOptions, 'createBus' | 'onChange'> {
  readonly stream: string;
  /** The one that has it. */
  readonly node: string;
  readonly openUpstream: OpenUpstream;
  /** Where the first viewer is, if it comes back: nothing of before is here. */
  readonly place?: ViewerPlace | undefined;
  readonly picturesOf: (viewers: Viewers) => Pick<Pictures, 'look' | 'close'>;
  /** @param isLost what was so a moment ago is not so any more: answers a moment later */
  readonly find: (isLost: boolean) => Promise<Place>;
  readonly onOver: () => void;
  /** The node does not feed this one, or says what is not understood. */
  readonly onRefused: (cause: Error | undefined) => void;
  readonly log: LiveLog;
  /** How long it stands without viewers. */
  readonly lingerMs?: number;
}

/** How soon the owner knows who watches what here. */
const tellEveryMs = 500;
/** How often it is asked whether the broadcast is still where it was: a node that is cut off from the directory goes on sending for a while. */
const looksApart = 4;
/** From the connection to all that viewers need to begin. */
const readyWithinMs = 5000;

/**
 * A stream of another node for all who watch it here: one upstream, whose fragments are fanned out by the code that does it at the owner. When
 * the owner is lost, viewers keep their connections, and the upstream is opened anew at whichever node goes on. It is over when the broadcast
 * is, when nobody goes on with it, and when nobody has watched here for a while.
 */
export class Relay implements Watched {
  readonly stream: string;
  readonly viewers: FragmentSource;
  readonly pictures: Pick<Pictures, 'look' | 'close'>;
  readonly #options: RelayOptions;
  readonly #media: RelayedMedia;
  readonly #timer: NodeJS.Timeout;
  readonly #lingerMs: number;
  #upstream: Upstream | undefined;
  #node: string;
  #told = '';
  #ticks = 0;
  #isOver = false;
  #askedForAtMs = performance.now();
  /** Why it could not begin: it never got so far. */
  #failure: { readonly end: UpstreamEnd; readonly cause: Error | undefined } | undefined;
  /** It was moved by what the directory said. */
  #next: string | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(options: RelayOptions) {
    const { stream, node, createBus, onChange, picturesOf, lingerMs = 10_000 } = options;
    this.#options = options;
    this.stream = stream;
    this.#node = node;
    this.#lingerMs = lingerMs;
    this.#media = new RelayedMedia({ createBus, onChange, onDemand: () => queueMicrotask(() => this.#tell()) });
    const { viewers } = this.#media;
    this.pictures = picturesOf(viewers);
    const count = (): number => this.#media.count;
    this.viewers = {
      join: (sink, rendition, place) => viewers.join(sink, rendition, place),
      select: (sink, rendition) => viewers.select(sink, rendition),
      requireRendition: (rendition) => viewers.requireRendition(rendition),
      get count() {
        return count();
      },
    };
    this.#timer = setInterval(() => this.#tick(), tellEveryMs);
    void this.#run();
  }

  /** How many are sent it by this node. */
  get countHere(): number {
    return this.#media.viewers.countHere;
  }

  /**
   * Resolves when viewers can join: true; false where it has to be handed on instead, viewer by viewer.
   * @throws {Error} when the node that has it can't be reached just now
   */
  async ready(): Promise<boolean> {
    this.#askedForAtMs = performance.now();
    if (!this.#media.isReady && !this.#isOver) await settledWithin(new Promise<void>((resolve) => this.#waiting.add(resolve)), readyWithinMs);
    if (this.#media.isReady) return true;
    if (this.#failure?.end === 'absent' || this.#failure?.end === 'refused') return false;
    throw new Error('expected the node that has the stream to feed this one in time', { cause: this.#failure?.cause });
  }

  /** This node leaves: its viewers are told to come again. */
  close(): void {
    this.#finish(() => this.#media.viewers.moveAway());
  }

  async #run(): Promise<void> {
    const { stream, log } = this.#options;
    for (let hasBegun = false; ; ) {
      const { end, cause, wasReady } = await this.#follow(this.#node);
      if (this.#isOver) return;
      if (end === 'ended') return this.#finish(() => this.#media.end());
      if (end === 'refused') this.#options.onRefused(cause);
      if (!hasBegun && !wasReady) {
        this.#failure = { end, cause };
        return this.close();
      }
      hasBegun = true;
      // Its viewers come again, and are handed on.
      if (end === 'refused') return this.close();
      const next = this.#next ?? (await this.#untilFound());
      this.#next = undefined;
      if (next === undefined) return this.close();
      if (next !== this.#node || wasReady) log.info({ stream, from: this.#node, to: next, why: end, err: cause }, 'the upstream is opened anew');
      this.#node = next;
    }
  }

  /** Until this connection is over. */
  async #follow(node: string): Promise<{ end: UpstreamEnd; cause: Error | undefined; wasReady: boolean }> {
    let wasReady = false;
    const { openUpstream, stream, place } = this.#options;
    const look = (): void => {
      if (wasReady || !this.#media.isReady) return;
      wasReady = true;
      clearTimeout(patience);
      this.#tell();
      this.#wake();
    };
    this.#told = '';
    const upstream = openUpstream(stream, node, this.#media.place ?? place, {
      message: (message) => {
        const goesOn = this.#media.message(message);
        look();
        return goesOn;
      },
      media: (number, boxes) => {
        this.#media.media(number, boxes);
        look();
      },
    });
    this.#upstream = upstream;
    const patience = setTimeout(() => upstream.close(), readyWithinMs);
    const { end, cause } = await upstream.closed;
    clearTimeout(patience);
    this.#upstream = undefined;
    this.#media.disconnected();
    return { end, cause, wasReady };
  }

  /** The node that goes on; undefined: none does, or nobody waits for it. */
  async #untilFound(): Promise<string | undefined> {
    while (!this.#isOver && this.countHere > 0) {
      const { node, mayGoOn } = await this.#options.find(true);
      if (node !== undefined) return node;
      if (!mayGoOn) return undefined;
    }
    return undefined;
  }

  #tick(): void {
    if (this.countHere > 0) this.#askedForAtMs = performance.now();
    else if (performance.now() - this.#askedForAtMs > this.#lingerMs) return this.close();
    this.#tell();
    if (++this.#ticks % looksApart === 0) void this.#look();
  }

  async #look(): Promise<void> {
    const upstream = this.#upstream;
    const { node } = await this.#options.find(false);
    if (node === undefined || node === this.#node || upstream !== this.#upstream) return;
    this.#next = node;
    upstream?.close();
  }

  #tell(): void {
    if (!this.#upstream || !this.#media.isReady) return;
    const request = this.#media.watching();
    const told = JSON.stringify(request);
    if (told === this.#told) return;
    this.#told = told;
    this.#upstream.send(request);
  }

  #finish(say: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#upstream?.close();
    say();
    void this.pictures.close();
    this.#media.disconnected();
    this.#wake();
    this.#options.onOver();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

