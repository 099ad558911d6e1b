import type { MediaBytes } from './media-bytes.js';
import type { SegmentKeeper, StoredMedia } from './stored-media.js';

/**
 * Whole segments that are younger are in memory: players start three segments before the end of a playlist, ffmpeg and GStreamer three or
 * four, VLC five, so that nearly all who watch live are answered from there.
 */
const edgeTargetDurations = 6;

interface Held {
  readonly uri: string;
  readonly media: MediaBytes;
  /** Media time at its end. */
  readonly endSeconds: number;
  stored: StoredMedia | undefined;
}

/** Which segments of a window lie in memory: the live edge, and whatever is not safe in the store. */
export class WindowMemory {
  readonly #keeper: SegmentKeeper | undefined;
  #edgeSeconds = Infinity;
  #mediaSeconds = 0;
  /** Oldest first. */
  #held: Held[] = [];

  /** @param keeper without one all of the window is in memory */
  constructor(keeper: SegmentKeeper | undefined) {
    this.#keeper = keeper;
  }

  measureBy(targetDurationSeconds: number): void {
    this.#edgeSeconds = edgeTargetDurations * targetDurationSeconds;
  }

  /** How many bytes of whole segments lie in memory. */
  get bytes(): number {
    return this.#held.reduce((sum, { media }) => sum + media.bytesInMemory, 0);
  }

  /** @param endSeconds media time at its end */
  add(uri: string, media: MediaBytes, endSeconds: number): void {
    const held: Held = { uri, media, endSeconds, stored: undefined };
    this.#held.push(held);
    void this.#keeper?.keep(uri, media).then((stored) => {
      held.stored = stored;
      this.#letGo();
    });
    this.#mediaSeconds = endSeconds;
    this.#letGo();
  }

  /** Takes a segment from memory, whatever its age, if it is in the store. */
  leave(uri: string): boolean {
    const held = this.#held.find((each) => each.uri === uri);
    if (held?.stored) held.media.leaveMemory(held.stored);
    if (held && !held.stored) return false;
    this.#held = this.#held.filter((each) => each !== held);
    return true;
  }

  /** It can't be had any more. */
  remove(uri: string): void {
    this.#held = this.#held.filter((held) => held.uri !== uri);
    this.#keeper?.remove(uri);
  }

  #letGo(): void {
    if (!this.#keeper?.reliable) return;
    this.#held = this.#held.filter(({ endSeconds, stored, media }) => {
      const stays = !stored || this.#mediaSeconds - endSeconds < this.#edgeSeconds;
      if (!stays) media.leaveMemory(stored);
      return stays;
    });
  }
}
