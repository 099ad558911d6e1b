import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import { readInitSegment, type Track } from '../../src/fmp4/init-segment.js';
import { Encoded } from '../../src/hls/encoded.js';
import type { Follower } from '../../src/hls/follower.js';
import type { WholeSegment } from '../../src/hls/whole-segment.js';
import { Packager } from '../../src/hls/packager.js';
import { Presentation } from '../../src/hls/presentation.js';
import type { Rendition } from '../../src/hls/rendition.js';
import { fragment, initSegment, type Sample } from './media-builder.js';
import { readMediaPlaylist, type ReadPlaylist } from './playlist-reader.js';

const start = Date.UTC(2026, 0, 2, 3, 4, 5);
/** All of them stay listed. */
const manySegments = 100;

/** What clients saw of one rendition. */
export class Watched {
  readonly seen: ReadPlaylist[] = [];
  #lastBody: unknown;

  constructor(
    readonly rendition: Pick<Rendition, 'mediaPlaylist' | 'media'>,
    readonly segments: readonly WholeSegment[],
  ) {}

  async look(): Promise<void> {
    const { body } = await this.rendition.mediaPlaylist({}, () => () => undefined);
    if (!(body instanceof Encoded) || body === this.#lastBody) return;
    this.#lastBody = body;
    const text = body.identity.toString();
    if (this.seen.at(-1)?.text !== text) this.seen.push(readMediaPlaylist(text));
  }

  /** Times of the pictures in its segments; of the sounds, where there are none. */
  timesOf(track: Track): number[] {
    return this.segments.flatMap(({ media }) =>
      new FragmentReader().push(Buffer.concat(media.pieces)).flatMap((event) =>
        event.type === 'fragment' ? event.fragment.runs.filter(({ trackId, sampleCount }) => trackId === track.trackId && sampleCount > 0).map((run) => run.baseMediaDecodeTime / track.timescale) : [],
      ),
    );
  }
}

/** A follower, whose media may come before the lead's or after it. */
export interface Rung {
  readonly follower: Follower;
  readonly watched: Watched;
  /** It has these of the source's tracks. */
  readonly kinds: readonly Track['kind'][];
  readonly behindSeconds: number;
  readonly queue: Sample[];
}

/** A lead with its followers, all on one media time. */
export class Ladder {
  readonly presentation: Presentation;
  readonly lead: Watched;
  readonly rungs: Rung[] = [];
  readonly sound: Watched;
  readonly published: Sample[] = [];
  readonly #packager: Packager;
  #number = 0;

  constructor({ listedSegments = manySegments } = {}) {
    const segments: WholeSegment[] = [];
    this.presentation = new Presentation({ broadcast: 'run1', listedSegments, onSegment: (segment) => segments.push(segment) });
    this.lead = new Watched(this.presentation.lead, segments);
    const sound = this.presentation.rendition('audio');
    if (!sound) throw new Error('expected the sound alone');
    this.sound = new Watched(sound, []);
    this.#packager = new Packager({ presentation: this.presentation, segmentTargetSeconds: 2, partSeconds: 0.334 });
  }

  add(id: string, { kinds = ['video', 'audio'], behindSeconds = 0 }: Partial<Pick<Rung, 'kinds' | 'behindSeconds'>> = {}): Rung {
    const segments: WholeSegment[] = [];
    const follower = this.presentation.follow(id, { onSegment: (segment) => segments.push(segment) });
    const rung = { follower, watched: new Watched(follower.rendition, segments), kinds, behindSeconds, queue: [] };
    this.rungs.push(rung);
    return rung;
  }

  /** What follows has these tracks; each rung's picture is half as large. */
  begin(tracks: readonly Track[], captureTimeMs = start): void {
    this.#packager.startTimeline({ init: readInitSegment(initSegment(tracks)), captureTimeMs });
    for (const rung of this.rungs) {
      this.#feed(rung, Infinity);
      this.beginRung(rung, tracks);
    }
  }

  beginRung({ follower, kinds }: Rung, tracks: readonly Track[]): void {
    const own = tracks.filter(({ kind }) => kinds.includes(kind)).map((track) => (track.kind === 'video' ? { ...track, width: track.width / 2, height: track.height / 2 } : track));
    if (own.length > 0) follower.startTimeline(readInitSegment(initSegment(own)));
  }

  /** As the server does it: what playlists can't go on with is left out for everybody. @param lost what a rung does not get */
  async push(samples: readonly Sample[], lost: (sample: Sample) => boolean = () => false): Promise<void> {
    for (const sample of samples) {
      const given = fragment([sample], this.#number++);
      if (!this.#packager.accepts(given)) continue;
      this.published.push(sample);
      for (const rung of this.rungs) {
        if (rung.kinds.includes(sample.track.kind) && !lost(sample)) rung.queue.push(sample);
        this.#feed(rung, sample.startSeconds - rung.behindSeconds);
      }
      this.#packager.push(given);
      await this.#look();
    }
  }

  async end(): Promise<void> {
    this.#packager.endTimeline();
    for (const rung of this.rungs) {
      this.#feed(rung, Infinity);
      rung.follower.endMedia();
    }
    await this.#look();
    this.presentation.end();
    await this.#look();
  }

  #feed({ follower, queue }: Rung, untilSeconds: number): void {
    for (let next = queue[0]; next && next.startSeconds <= untilSeconds; next = queue[0]) {
      queue.shift();
      follower.push(fragment([next], this.#number++));
    }
  }

  async #look(): Promise<void> {
    await this.lead.look();
    await this.sound.look();
    for (const { watched } of this.rungs) await watched.look();
  }
}
