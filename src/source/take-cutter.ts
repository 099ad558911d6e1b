import { SourceClock } from './source-clock.js';
import type { Container, Frame, Notice, SourceEvent, SourceHeader, SourceTrack } from './source-events.js';
import { TrackShaper, type ShapedFrame } from './track-shaper.js';

/** Why a take begins: a header of its own, another configuration or set of tracks, or a clock that jumped. */
export type TakeReason = 'recording' | 'change' | 'jump';

export type CutEvent =
  /** What follows is one take: frames under one configuration, the first picture one that a decoder can begin with. */
  | { readonly type: 'take'; readonly header: SourceHeader; readonly reason: TakeReason }
  | { readonly type: 'frame'; readonly frame: ShapedFrame }
  /** The take is over; nothing is known of a next one yet. */
  | { readonly type: 'over'; readonly reason: TakeReason }
  | ({ readonly type: 'notice' } & Notice)
  | { readonly type: 'not-media'; readonly reason: string };

type Kind = SourceTrack['kind'];

/** A track that gave nothing for so much media is not waited for. */
const maxWaitSeconds = 1.5;
/** A picture that can't be begun with yet is surely coming: it is waited for longer. */
const maxEntrySeconds = 12;
/** After so much media of which nothing could be shown, the publisher is told. */
const hopelessSeconds = 30;
/** Sound this much older than the first picture is left out: players begin with a picture. */
const keptSoundSeconds = 0.5;
/** What waits may use so much memory. */
const maxHeldBytes = 8 * 1024 * 1024;
const maxHeldFrames = 2000;

/**
 * Cuts what readers tell into takes. It waits for tracks, but not for long; it begins with the first picture that can be
 * decoded; and where something changes, it begins anew.
 */
export class TakeCutter {
  #container: Container = 'matroska';
  /** Of the present recording, in the order in which they were announced. */
  #tracks = new Map<number, TrackShaper>();
  #awaited = new Set<Kind>();
  /** Frames before the take begins. */
  #held: ShapedFrame[] = [];
  /** Tracks that gave one that can be begun with. */
  readonly #begun = new Set<number>();
  #heldBytes = 0;
  #firstSeconds: number | undefined;
  #lastSeconds = 0;
  /** The tracks of the take that runs. */
  #taken: ReadonlyMap<Kind, number> | undefined;
  #clock = new SourceClock();
  /** A take must begin at the next picture that can be begun with. */
  #due: TakeReason | undefined;
  /** What is waited for before the next take's first picture: nothing of it would be decoded. */
  readonly #stale = new Set<number>();
  readonly #noticed = new Set<string>();

  /** Whether frames lie here that wait for another track: after a while, `hurry`. */
  get waiting(): boolean {
    return this.#taken === undefined && this.#firstSeconds !== undefined;
  }

  push(events: readonly SourceEvent[]): CutEvent[] {
    const out: CutEvent[] = [];
    for (const event of events) this.#take(event, out);
    return out;
  }

  /** What is there has to do. */
  hurry(): CutEvent[] {
    const out: CutEvent[] = [];
    if (this.waiting && !this.#awaitsEntry()) this.#begin(out);
    return out;
  }

  /** Nothing follows of the present recording. */
  end(): CutEvent[] {
    const out: CutEvent[] = [];
    this.#finish(out);
    return out;
  }

  #take(event: SourceEvent, out: CutEvent[]): void {
    switch (event.type) {
      case 'recording':
        this.#finish(out);
        return;
      case 'header':
        return this.#announce(event.header, out);
      case 'track':
        return this.#describe(event.track, out);
      case 'frame':
        return this.#frame(event, out);
      case 'notice':
        return this.#notice(event.message, out);
      case 'not-media':
        out.push(event);
    }
  }

  #finish(out: CutEvent[]): void {
    if (this.waiting) this.#begin(out);
    if (this.#taken) out.push({ type: 'over', reason: 'recording' });
    else this.#explain(out);
    this.#tracks = new Map();
    this.#awaited = new Set();
    this.#taken = undefined;
    this.#due = undefined;
    this.#stale.clear();
    this.#rest();
  }

  /** Frames came, and none of them could be shown: that must be told. */
  #explain(out: CutEvent[]): void {
    for (const { track, undecodable, lack } of this.#tracks.values()) {
      if (undecodable === 0) continue;
      const why = lack ?? 'none that a decoder could begin with: let the encoder send keyframes';
      out.push({ type: 'not-media', reason: `expected ${track.kind === 'video' ? 'pictures' : 'sound'} that can be decoded, got ${undecodable} frames of ${track.codec}, and ${why}` });
      return;
    }
  }

  /** Forgets what waits. */
  #rest(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#begun.clear();
    this.#firstSeconds = undefined;
    this.#clock = new SourceClock();
  }

  #announce({ container, tracks, awaited = [] }: SourceHeader, out: CutEvent[]): void {
    this.#container = container;
    const before = this.#tracks;
    this.#tracks = new Map();
    for (const track of tracks) {
      const known = before.get(track.id);
      this.#tracks.set(track.id, known?.fits(track) ? known : new TrackShaper(track));
      if (known?.fits(track) && track.configuration) known.describe(track);
    }
    this.#awaited = new Set([...tracks.map(({ kind }) => kind), ...awaited]);
    if (this.#awaited.size === 0) out.push({ type: 'not-media', reason: `expected a recording with picture or sound, got ${container} with neither` });
    // A track that is no longer announced, or as something else, makes room for another of its kind.
    if (this.#taken) this.#taken = new Map([...this.#taken].filter(([, id]) => this.#tracks.has(id) && this.#tracks.get(id) === before.get(id)));
  }

  #describe(track: SourceTrack, out: CutEvent[]): void {
    const known = this.#tracks.get(track.id);
    if (!this.#taken) this.#awaited.add(track.kind);
    if (known?.fits(track)) return known.describe(track);
    this.#tracks.set(track.id, new TrackShaper(track));
    if (known && this.#taken?.get(track.kind) === track.id) {
      // Another codec under the same number: it comes anew.
      this.#taken = new Map([...this.#taken].filter(([, id]) => id !== track.id));
      this.#notice(`The ${nameOf(track.kind)} changes to ${track.codec}.`, out);
    }
  }

  #frame(frame: Frame, out: CutEvent[]): void {
    const shaper = this.#tracks.get(frame.track);
    const shaped = shaper?.shape(frame);
    if (!shaper || !shaped) return;
    if (this.#taken) this.#continue(shaped.frame, shaper, shaped.changed, this.#taken, out);
    else this.#hold(shaped.frame, shaper, out);
  }

  /** Before the take begins. */
  #hold(frame: ShapedFrame, shaper: TrackShaper, out: CutEvent[]): void {
    if (this.#clock.jumpsAt(frame)) this.#rest();
    this.#clock.note(frame);
    this.#firstSeconds ??= frame.decodeSeconds;
    this.#lastSeconds = Math.max(this.#firstSeconds, frame.decodeSeconds);
    this.#awaited.add(frame.kind);
    const canBegin = shaper.isConfigured && (frame.keyframe || this.#begun.has(frame.track));
    if (canBegin) {
      this.#begun.add(frame.track);
      this.#held.push(frame);
      this.#heldBytes += frame.bytes.length;
    } else shaper.undecodable++;
    const waitedSeconds = this.#lastSeconds - this.#firstSeconds;
    const isFull = this.#heldBytes > maxHeldBytes || this.#held.length > maxHeldFrames;
    if (this.#awaitsEntry() && waitedSeconds < maxEntrySeconds && !isFull) {
      this.#forgetOldSound();
      return;
    }
    if (this.#hasAll() || waitedSeconds >= maxWaitSeconds || isFull) this.#begin(out);
    if (this.waiting && waitedSeconds > hopelessSeconds) this.#explain(out);
  }

  /** While only the picture is waited for: of the sound no more is kept than will be used. */
  #forgetOldSound(): void {
    for (let first = this.#held[0]; first && first.decodeSeconds < this.#lastSeconds - maxWaitSeconds; first = this.#held[0]) {
      this.#held.shift();
      this.#heldBytes -= first.bytes.length;
    }
  }

  /** The picture came, but not yet one that can be begun with. */
  #awaitsEntry(): boolean {
    const pictures = [...this.#tracks].filter(([, { kind }]) => kind === 'video');
    return pictures.some(([, { undecodable }]) => undecodable > 0) && !pictures.some(([id]) => this.#begun.has(id));
  }

  #hasAll(): boolean {
    const kinds = new Set([...this.#begun].map((id) => this.#tracks.get(id)?.kind));
    return [...this.#awaited].every((wanted) => kinds.has(wanted));
  }

  /** The first track of each kind that gave something is taken. */
  #begin(out: CutEvent[]): void {
    const taken = new Map<Kind, number>();
    for (const [id, { kind }] of this.#tracks) {
      if (!taken.has(kind) && this.#begun.has(id)) taken.set(kind, id);
    }
    if (taken.size === 0) return;
    for (const { kind, undecodable, lack } of this.#tracks.values()) {
      if (undecodable > 0 && lack && !taken.has(kind)) this.#notice(`The ${nameOf(kind)} is left out for now: ${lack}.`, out);
    }
    const held = this.#held;
    this.#taken = taken;
    this.#open('recording', out);
    const first = held.find(({ kind }) => kind === 'video');
    for (const frame of held) {
      if (this.#passesOver(frame, out)) continue;
      const isTooOld = first && frame.kind === 'audio' && frame.decodeSeconds < first.decodeSeconds - keptSoundSeconds;
      if (!isTooOld) out.push({ type: 'frame', frame });
    }
    this.#held = [];
    this.#heldBytes = 0;
    this.#begun.clear();
  }

  #open(reason: TakeReason, out: CutEvent[]): void {
    const ids = [...(this.#taken?.values() ?? [])];
    const tracks = ids.flatMap((id) => this.#tracks.get(id)?.track ?? []);
    // The picture comes first, as ffmpeg is told.
    tracks.sort((one, other) => (one.kind === other.kind ? 0 : one.kind === 'video' ? -1 : 1));
    out.push({ type: 'take', header: { container: this.#container, tracks }, reason });
    this.#due = undefined;
    this.#stale.clear();
  }

  /** In the middle of a take. */
  #continue(frame: ShapedFrame, shaper: TrackShaper, changed: boolean, taken: ReadonlyMap<Kind, number>, out: CutEvent[]): void {
    const isTaken = taken.get(frame.kind) === frame.track;
    if (!isTaken) {
      if (taken.has(frame.kind)) return void this.#passesOver(frame, out);
      if (!shaper.isConfigured || !frame.keyframe) return;
      // A track that comes late: the picture begins a take itself, the sound with the next picture that can.
      this.#taken = new Map([...taken, [frame.kind, frame.track]]);
      this.#due ??= 'change';
      if (frame.kind === 'audio') this.#stale.add(frame.track);
    } else if (changed) {
      this.#due ??= 'change';
      if (frame.kind === 'audio') this.#stale.add(frame.track);
    }
    if (this.#due !== 'jump' && this.#clock.jumpsAt(frame)) {
      out.push({ type: 'over', reason: 'jump' });
      this.#due = 'jump';
    }
    if (this.#due !== undefined && this.#beginsTake(frame)) {
      if (this.#due === 'jump') this.#clock = new SourceClock();
      this.#open(this.#due, out);
    }
    if (this.#due === 'jump' || this.#stale.has(frame.track)) return;
    this.#clock.note(frame);
    out.push({ type: 'frame', frame });
  }

  /** A picture that can be begun with; where there is none, any sound. */
  #beginsTake({ kind, keyframe }: ShapedFrame): boolean {
    return this.#taken?.has('video') === true ? kind === 'video' && keyframe : true;
  }

  /** Whether it belongs to a track that is not taken, which is told once. */
  #passesOver({ kind, track }: ShapedFrame, out: CutEvent[]): boolean {
    if (this.#taken?.get(kind) === track) return false;
    this.#notice(`There is more than one ${nameOf(kind)} track: the first is broadcast, the others are left out.`, out);
    return true;
  }

  #notice(message: string, out: CutEvent[]): void {
    if (this.#noticed.has(message) || this.#noticed.size >= 50) return;
    this.#noticed.add(message);
    out.push({ type: 'notice', code: 'passed-over', message });
  }
}

function nameOf(kind: Kind): string {
  return kind === 'video' ? 'picture' : 'sound';
}
