import { Encoded } from './encoded.js';
import { encodeList } from './joined-list.js';
import type { LiveWindow } from './live-window.js';
import type { PlaylistTiming } from './media-playlist.js';
import { writeKeyframePlaylist, writeRewindPlaylist, type WholeSegments } from './whole-playlists.js';

export type RewindPlaylist = 'dvr' | 'iframes';

/** The longer playlist of a window, and that of its keyframes: made once a segment, and only when somebody asks. */
export class Rewind {
  readonly #window: LiveWindow;
  readonly #texts = new Map<string, Encoded>();
  #keyframeBitsPerSecond: number | undefined;

  constructor(window: LiveWindow) {
    this.#window = window;
  }

  /** Whether there is one. */
  get isOn(): boolean {
    return this.#window.rewind !== undefined;
  }

  /** A segment was closed, or all has ended. */
  renew(): void {
    this.#texts.clear();
    this.#keyframeBitsPerSecond = undefined;
  }

  playlist(kind: RewindPlaylist, { timing, ended, delta }: { timing: PlaylistTiming; ended: boolean; delta: boolean }): Encoded {
    const name = kind === 'dvr' && delta ? 'delta' : kind;
    const made = this.#texts.get(name);
    if (made) return made;
    const { segments = [], discontinuitySequence = 0, joined = this.#window.joined } = this.#window.rewind ?? {};
    const list: WholeSegments = { targetDurationSeconds: timing.targetDurationSeconds, segments, discontinuitySequence, ended };
    const text = kind === 'dvr' ? encodeList(list, joined, (each) => writeRewindPlaylist(each, timing, { delta })) : new Encoded(writeKeyframePlaylist(list));
    this.#texts.set(name, text);
    return text;
  }

  /** RFC 8216bis §4.4.6.3: of the segment whose keyframe is the heaviest for its duration; 0 where there is no picture. */
  get keyframeBitsPerSecond(): number {
    const { segments = [] } = this.#window.rewind ?? {};
    this.#keyframeBitsPerSecond ??= segments.reduce((most, { keyframe, durationSeconds }) => Math.max(most, ((keyframe?.byteLength ?? 0) * 8) / durationSeconds), 0);
    return this.#keyframeBitsPerSecond;
  }
}
