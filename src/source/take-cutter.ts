import { HeldFrames } from './held-frames.js';
import { RenditionGate, type ArrivingFrame } from './rendition-gate.js';
import { cutWords, type CutEvent, type TakeReason } from './cut-events.js';
import { SourceClock } from './source-clock.js';
import type { Container, Frame, Notice, SourceEvent, SourceHeader, SourceTrack } from './source-events.js';
import { TrackShaper, type ShapedFrame } from './track-shaper.js';

type Kind = SourceTrack['kind'];

/** A track that gave nothing for so much media is not waited for. */
const maxWaitSeconds = 1.5;
/** A picture that can't be begun with yet is surely coming: it is waited for longer. */
const maxEntrySeconds = 12;
/** After so much media of which nothing could be shown, the publisher is told. */
const hopelessSeconds = 30;
/** Sound this much older than the first picture is left out: players begin with a picture. */
const keptSoundSeconds = 0.5;

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
  readonly #held = new HeldFrames();
  /** Tracks that gave one that can be begun with. */
  readonly #begun = new Set<number>();
  #firstSeconds: number | undefined;
  #lastSeconds = 0;
  /** The tracks of the take that runs. */
  #taken: ReadonlyMap<Kind, number> | undefined;
  #clock = new SourceClock();
  /** A take must begin at the next picture that can be begun with. */
  #due: TakeReason | undefined;
  /** Where there are several pictures of one source. */
  #gate: RenditionGate | undefined;
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
    this.#dissolve(out);
    if (this.#taken) out.push({ type: 'over', reason: 'recording' });
    else this.#explain(out);
    this.#tracks = new Map();
    this.#awaited = new Set();
    this.#taken = undefined;
    this.#due = undefined;
    this.#stale.clear();
    this.#rest();
  }

  /** Its pictures are no longer held together. */
  #dissolve(out: CutEvent[]): void {
    for (const each of this.#gate?.flush() ?? []) this.#continue(each, out);
    this.#gate = undefined;
  }

  /** Frames came, and none of them could be shown: that must be told. */
  #explain(out: CutEvent[]): void {
    const shaper = [...this.#tracks.values()].find(({ undecodable }) => undecodable > 0);
    if (shaper) out.push({ type: 'not-media', reason: cutWords.undecodable(shaper) });
  }

  /** Forgets what waits. */
  #rest(): void {
    this.#held.take();
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
    if ([...(this.#gate?.renditions ?? [])].some((id) => this.#tracks.get(id) !== before.get(id))) {
      this.#dissolve(out);
      this.#due ??= 'change';
    }
  }

  #describe(track: SourceTrack, out: CutEvent[]): void {
    const known = this.#tracks.get(track.id);
    if (!this.#taken) this.#awaited.add(track.kind);
    if (known?.fits(track)) return known.describe(track);
    this.#tracks.set(track.id, new TrackShaper(track));
    if (known && this.#taken?.get(track.kind) === track.id) {
      // Another codec under the same number: it comes anew.
      this.#taken = new Map([...this.#taken].filter(([, id]) => id !== track.id));
      this.#notice(cutWords.changes(track), out);
    }
  }

  #frame(frame: Frame, out: CutEvent[]): void {
    const shaper = this.#tracks.get(frame.track);
    const shaped = shaper?.shape(frame);
    if (!shaper || !shaped) return;
    if (this.#taken) this.#pass({ frame: shaped.frame, changed: shaped.changed, shaper }, out);
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
    } else shaper.undecodable++;
    const waitedSeconds = this.#lastSeconds - this.#firstSeconds;
    const { isFull } = this.#held;
    // While only the picture is waited for, no more of the sound is kept than will be used.
    if (this.#awaitsEntry() && waitedSeconds < maxEntrySeconds && !isFull) return this.#held.forgetBefore(this.#lastSeconds - maxWaitSeconds);
    if (this.#hasAll() || waitedSeconds >= maxWaitSeconds || isFull) this.#begin(out);
    if (this.waiting && waitedSeconds > hopelessSeconds) this.#explain(out);
  }

  /** The picture came, but not yet one that can be begun with. */
  #awaitsEntry(): boolean {
    const pictures = [...this.#tracks].filter(([, { kind }]) => kind === 'video');
    return pictures.some(([, { undecodable }]) => undecodable > 0) && !pictures.some(([id]) => this.#begun.has(id));
  }

  #hasAll(): boolean {
    const kinds = new Set([...this.#begun].map((id) => this.#tracks.get(id)?.kind));
    const others = this.#candidates();
    // A smaller picture is often the first to come: the source, which is announced first, is no less waited for.
    const pictures = others.length > 0 ? [this.#source(), ...others] : [];
    return [...this.#awaited].every((wanted) => kinds.has(wanted)) && pictures.every((id) => id === undefined || this.#begun.has(id));
  }

  /** The first track of each kind that gave something is taken. */
  #begin(out: CutEvent[]): void {
    const taken = new Map<Kind, number>();
    for (const [id, { kind }] of this.#tracks) {
      if (!taken.has(kind) && this.#begun.has(id)) taken.set(kind, id);
    }
    if (taken.size === 0) return;
    for (const { kind, undecodable, lack } of this.#tracks.values()) {
      if (undecodable > 0 && lack && !taken.has(kind)) this.#notice(cutWords.leftOutForNow(kind, lack), out);
    }
    const held = this.#held.take();
    this.#taken = taken;
    const first = held.find(({ track }) => track === taken.get('video'));
    const candidates = this.#candidates();
    if (first && candidates.length > 0) this.#gate = RenditionGate.begin(first, candidates, held);
    this.#tellLeftOut(out);
    this.#open('recording', out);
    this.#clock = new SourceClock();
    for (const frame of held) {
      const isTooOld = first && frame.decodeSeconds < first.decodeSeconds - (frame.kind === 'audio' ? keptSoundSeconds : 0);
      const shaper = this.#tracks.get(frame.track);
      if (!isTooOld && shaper) this.#pass({ frame, shaper, changed: false }, out);
    }
    this.#begun.clear();
  }

  /** The picture that is broadcast whatever it is. */
  #source(): number | undefined {
    return this.#taken?.get('video') ?? [...this.#tracks].find(([, { kind }]) => kind === 'video')?.[0];
  }

  /** Pictures that may show the same as the first one, which is broadcast whatever they are. */
  #candidates(): number[] {
    const inH264 = [...this.#tracks].filter(([, { kind, track }]) => kind === 'video' && track.codec === 'h264').map(([id]) => id);
    return inH264.some((id) => id === this.#source()) ? inH264.filter((id) => id !== this.#source()) : [];
  }

  /** Pictures of one source are kept in step. */
  #pass(arriving: ArrivingFrame, out: CutEvent[]): void {
    if (!this.#gate) return this.#continue(arriving, out);
    const inStep = this.#gate.push(arriving);
    this.#tellLeftOut(out);
    for (const each of inStep) this.#continue(each, out);
  }

  #tellLeftOut(out: CutEvent[]): void {
    for (const id of this.#gate?.takeLeftOut() ?? []) this.#notice(cutWords.outOfStep(id, this.#tracks.get(id)?.track ?? {}), out, 'rendition-left-out');
  }

  #open(reason: TakeReason, out: CutEvent[]): void {
    const tracks = [...(this.#taken?.values() ?? [])].flatMap((id) => this.#tracks.get(id)?.track ?? []);
    const pictures = [...this.#tracks].filter(([, { kind }]) => kind === 'video').map(([id]) => id);
    for (const id of this.#gate?.renditions ?? []) {
      const track = this.#tracks.get(id)?.track;
      // By its place among the pictures, so that the next recording's goes on with it.
      if (track) tracks.push({ ...track, rendition: `picture-${pictures.indexOf(id) + 1}` });
    }
    // The picture comes first, as ffmpeg is told.
    tracks.sort((one, other) => (one.kind === other.kind ? 0 : one.kind === 'video' ? -1 : 1));
    out.push({ type: 'take', header: { container: this.#container, tracks }, reason });
    this.#due = undefined;
    this.#stale.clear();
  }

  /** In the middle of a take. */
  #continue({ frame, shaper, changed }: ArrivingFrame, out: CutEvent[]): void {
    const taken = this.#taken ?? new Map<Kind, number>();
    if (this.#gate?.renditions.has(frame.track)) {
      if (this.#due !== 'jump') out.push({ type: 'frame', frame });
      return;
    }
    const isTaken = taken.get(frame.kind) === frame.track;
    if (!isTaken) {
      if (taken.has(frame.kind)) return this.#notice(cutWords.furtherTrack(frame.kind), out);
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

  #notice(message: string, out: CutEvent[], code: Notice['code'] = 'passed-over'): void {
    if (this.#noticed.has(message) || this.#noticed.size >= 50) return;
    this.#noticed.add(message);
    out.push({ type: 'notice', code, message });
  }
}
