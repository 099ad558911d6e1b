import type { InitSegment } from '../fmp4/init-segment.js';
import { goingOn, noRewind, notYet, type Answer, type EmptyAnswer } from './answer.js';
import { Encoded } from './encoded.js';
import { Follower, type PartCut } from './follower.js';
import type { JoinedProgress } from './joined-list.js';
import type { SegmentStart } from './live-window.js';
import { mediaPlaylistUri, siblingPlaylistUri, type PlaylistKind } from './media-address.js';
import type { PlaylistTiming, RenditionReport } from './media-playlist.js';
import { writeMultivariantPlaylist, type KeyframeStream, type VariantStream } from './multivariant-playlist.js';
import { Rendition, type RenditionOptions } from './rendition.js';
import type { CutPart } from './segmenter.js';
import { SoundAlone, soundAloneId } from './sound-alone.js';

/** A run of media under one init segment. */
export interface Timeline {
  readonly init: InitSegment;
  /** Wall clock, ms since the epoch, at media time 0. */
  readonly captureTimeMs: number;
  /** The lead's pictures are shown so long after they are decoded, and these at once. Default 0. */
  readonly shownLaterSeconds?: number | undefined;
}

/** How far a presentation is: one that goes on in its place begins there. */
export interface PresentationProgress {
  readonly timing: PlaylistTiming;
  readonly frameRate?: number | undefined;
  /** Of the next segment. */
  readonly mediaSequence: number;
  /** How many discontinuities there were. */
  readonly discontinuitySequence: number;
  /** How many init segments were named, of the rendition that had most. */
  readonly inits: number;
  /** Of the lead's last segment (`tracksOf`), where media time goes on behind it. */
  readonly tracks?: string | undefined;
  /** Absent where a server says nothing of it. */
  readonly joined?: JoinedProgress | undefined;
}

export interface PresentationOptions extends Omit<RenditionOptions, 'reports' | 'first'> {
  /** What its addresses begin with. */
  readonly broadcast: string;
  /** Goes on where one of another server was: with the same values that may not change, with higher numbers, and behind a discontinuity. */
  readonly after?: PresentationProgress | undefined;
  /** Renditions that are made when somebody asks for them: they are listed before there is any. */
  readonly offered?: () => readonly OfferedRendition[];
}

/** What is listed of a rendition before it is made, and as long as it can be. */
export interface OfferedRendition extends Omit<VariantStream, 'mediaPlaylistUri'> {
  readonly id: string;
}

/** By then everybody has given a segment, or does not. */
const mostAwaitedSegments = 1;

/** Dates of segments that differ from their durations by more than a frame do not join: the source paused, or its clock was set. */
const steadyDateMs = 50;

/**
 * One broadcast as HLS clients see it: its renditions, and all that their playlists share. The lead's media decides when a segment
 * and a part begin and end, and on which date; the others are cut at the same media times. So media sequence numbers,
 * part numbers, durations and discontinuities are the same in all of them, and a player may change over at any part.
 */
export class Presentation {
  readonly lead: Rendition;
  readonly #sound: SoundAlone;
  readonly #options: PresentationOptions;
  readonly #followers = new Map<string, Follower>();
  /** Those that were there before the first segment: a player is to find them all. */
  readonly #fromStart: Follower[] = [];
  /** Those that are listed as they are offered. */
  readonly #madeAtOnce = new Set<string>();
  #timing: PlaylistTiming | undefined;
  #frameRate: number | undefined;
  #timeline: Timeline | undefined;
  /** How the open segment began, and was cut so far. */
  #open: { readonly start: SegmentStart; readonly cuts: PartCut[] } | undefined;
  #discontinuity = false;
  #discontinuities = 0;
  #segments = 0;
  #endTimeMs: number | undefined;
  #partsEndSeconds = 0;
  #ended = false;

  constructor(options: PresentationOptions) {
    this.#options = options;
    const { after } = options;
    this.lead = new Rendition({ ...options, first: after, reports: () => this.#reportsBeside(undefined) });
    this.#sound = new SoundAlone({ lead: this.lead, reports: () => this.#reportsBeside(soundAloneId) });
    if (!after) return;
    this.#segments = after.mediaSequence;
    this.#discontinuities = after.discontinuitySequence;
    this.freeze(after.timing, after.frameRate);
  }

  /**
   * Adds a rendition that is cut as the lead is, from the next segment on.
   * @param id how its addresses name it; once in a broadcast
   */
  follow(id: string, options: Pick<RenditionOptions, 'keeper' | 'onSegment'> = {}): Follower {
    const follower = new Follower(this.#addable(id, options));
    this.#followers.set(id, follower);
    if (this.#segments === 0) this.#fromStart.push(follower);
    return follower;
  }

  /**
   * The same of one that is made because somebody asked: from the present segment on, with the lead's whole list before it as gaps, so
   * that it can be played as soon as it has anything. It is in no longer playlist: most of that would be gaps.
   */
  followAtOnce(id: string): Follower {
    const follower = new Follower(this.#addable(id, { rewindSeconds: 0 }), this.lead.window);
    this.#madeAtOnce.add(id);
    this.#followers.set(id, follower);
    if (this.#open) follower.openSegment(this.#open.start);
    for (const cut of this.#open?.cuts ?? []) follower.cutPart(cut);
    return follower;
  }

  /** @throws {RangeError} when there is one of that name */
  #addable(id: string, options: Pick<RenditionOptions, 'keeper' | 'onSegment' | 'rewindSeconds'>): Rendition {
    if (this.#followers.has(id) || id === soundAloneId) throw new RangeError(`expected a name that no other rendition has, got "${id}" again`);
    const { listedSegments, rewindSeconds, startTimer } = this.#options;
    const rendition = new Rendition({ listedSegments, rewindSeconds, startTimer, ...options, first: this.#options.after, reports: () => this.#reportsBeside(id) });
    if (this.#timing) rendition.freeze(this.#timing, this.#frameRate);
    return rendition;
  }

  /** @param id undefined for the lead */
  rendition(id: string | undefined): Rendition | SoundAlone | undefined {
    if (id === soundAloneId) return this.#sound;
    return id === undefined ? this.lead : this.#followers.get(id)?.rendition;
  }

  /**
   * Fixes what may not change in the life of a playlist; nothing is served before.
   * @param frameRate of the picture, as measured
   */
  freeze(timing: PlaylistTiming, frameRate: number | undefined): void {
    this.#timing = Object.freeze({ ...timing });
    this.#frameRate = frameRate;
    for (const rendition of this.#renditions()) rendition.freeze(this.#timing, frameRate);
  }

  get timing(): PlaylistTiming | undefined {
    return this.#timing;
  }

  /** What one that goes on in its place would begin with; undefined before the first segment. */
  get progress(): PresentationProgress | undefined {
    if (!this.#timing) return undefined;
    const inits = Math.max(...[...this.#renditions()].map(({ initCount }) => initCount));
    return { timing: this.#timing, frameRate: this.#frameRate, mediaSequence: this.#segments, discontinuitySequence: this.#discontinuities, inits, tracks: this.lead.lastTracks, joined: this.lead.window.joinedProgress };
  }

  /** Whether a player can start. */
  get playable(): boolean {
    if (!this.lead.playable) return false;
    // Few players read the multivariant playlist again: renditions are waited for, but not for long.
    return (this.lead.last?.mediaSequence ?? 0) > mostAwaitedSegments || this.#fromStart.every(({ rendition }) => rendition.playable);
  }

  /** What is answered before a player can start. */
  get notYet(): EmptyAnswer {
    return this.#options.after ? goingOn : notYet;
  }

  /** Wall clock, ms since the epoch, at the end of what is published; undefined before the first part. */
  get endTimeMs(): number | undefined {
    return this.#endTimeMs;
  }

  /** Media time at which the last part ends. */
  get endSeconds(): number {
    return this.#partsEndSeconds;
  }

  /** How many requests are held until there is more. */
  get waiting(): number {
    return [...this.#renditions()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** How many bytes of whole segments lie in memory. */
  get bytesInMemory(): number {
    return [...this.#renditions()].reduce((sum, { bytesInMemory }) => sum + bytesInMemory, 0);
  }

  /** What follows has this init segment and this clock; the first cut after it opens a segment. */
  startTimeline(timeline: Timeline): void {
    this.endSegment();
    this.#timeline = timeline;
    this.#discontinuity = this.#endTimeMs !== undefined || this.#options.after !== undefined;
    this.lead.startTimeline(timeline.init);
  }

  /** Media is missing: the next segment does not join the one before. */
  markDiscontinuity(): void {
    this.endSegment();
    this.#discontinuity = this.#endTimeMs !== undefined;
  }

  /** @param part of the lead */
  appendPart(part: CutPart): void {
    if (!this.#timeline) throw new Error('expected startTimeline() before the first part');
    const { startSeconds, durationSeconds } = part;
    if (!this.lead.isOpen) this.#openSegment(this.#timeline.captureTimeMs + startSeconds * 1000);
    // By the clock of its segment: a correction of the clock counts from the next one on.
    this.#endTimeMs = (this.#endTimeMs ?? 0) + durationSeconds * 1000;
    this.#partsEndSeconds = startSeconds + durationSeconds;
    this.lead.appendPart(part);
    this.#open?.cuts.push({ startSeconds, durationSeconds });
    for (const follower of this.#followers.values()) follower.cutPart({ startSeconds, durationSeconds });
  }

  #openSegment(dateMs: number): void {
    const isDateJump = Math.abs(dateMs - (this.#endTimeMs ?? dateMs)) > steadyDateMs;
    const discontinuity = this.#discontinuity || isDateJump;
    const start = { mediaSequence: this.#segments++, discontinuity, discontinuitySequence: this.#discontinuities, programDateTimeMs: dateMs };
    if (discontinuity) this.#discontinuities++;
    this.#discontinuity = false;
    this.#endTimeMs = dateMs;
    this.#open = { start, cuts: [] };
    this.lead.openSegment(start);
    for (const follower of this.#followers.values()) follower.openSegment(start);
  }

  endSegment(): void {
    if (!this.lead.isOpen) return;
    this.#open = undefined;
    this.lead.endSegment();
    for (const follower of this.#followers.values()) follower.endSegment();
  }

  /** All playlists are closed with EXT-X-ENDLIST. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.endSegment();
    this.lead.end();
    for (const follower of this.#followers.values()) follower.end();
  }

  /** All renditions that can be played, or made; the largest picture first, sound alone last. */
  multivariant(): Answer {
    const offered = this.#options.offered?.() ?? [];
    return this.#multivariant('media', [], offered.map(({ id, ...variant }) => ({ ...variant, mediaPlaylistUri: mediaPlaylistUri(this.#options.broadcast, id) })));
  }

  /** The same renditions with the longer playlist, and their keyframes. */
  rewindMultivariant(): Answer {
    if ((this.#options.rewindSeconds ?? 0) === 0) return noRewind;
    const keyframes = [undefined, ...this.#followers.keys()].filter((id) => !this.#madeAtOnce.has(id ?? '')).flatMap((id): KeyframeStream[] => {
      const { keyframes: facts } = this.#followers.get(id ?? '')?.rendition ?? this.lead;
      return facts ? [{ ...facts, keyframePlaylistUri: mediaPlaylistUri(this.#options.broadcast, id, 'iframes') }] : [];
    });
    return this.#multivariant('dvr', keyframes);
  }

  #multivariant(kind: PlaylistKind, keyframes: readonly KeyframeStream[], offered: readonly VariantStream[] = []): Answer {
    const variants = this.#ids().flatMap((id) => (this.#madeAtOnce.has(id ?? '') ? [] : (this.#variant(id, kind) ?? [])));
    if (!this.playable || variants.length === 0) return this.notYet;
    const inOrder = [...variants, ...offered].toSorted((one, other) => pixelsOf(other) - pixelsOf(one));
    return { outcome: 'multivariant', body: new Encoded(writeMultivariantPlaylist(inOrder, keyframes)) };
  }

  #variant(id: string | undefined, kind: PlaylistKind): VariantStream | undefined {
    const { facts, isGap } = this.rendition(id) ?? {};
    if (!facts || isGap) return undefined;
    const { width, height, ...variant } = facts;
    const resolution = width !== undefined && height !== undefined ? { width, height } : undefined;
    return { ...variant, mediaPlaylistUri: mediaPlaylistUri(this.#options.broadcast, id, kind), ...(resolution && { resolution }) };
  }

  /** RFC 8216bis §4.4.5.4: how far the other renditions are. */
  #reportsBeside(id: string | undefined): RenditionReport[] {
    const others = this.#ids().filter((other) => other !== id);
    return others.flatMap((other) => {
      const last = this.rendition(other)?.last;
      return last ? [{ uri: siblingPlaylistUri(id, other), ...last }] : [];
    });
  }

  /** The lead has none. */
  #ids(): (string | undefined)[] {
    return [undefined, ...this.#followers.keys(), soundAloneId];
  }

  *#renditions(): Generator<Rendition> {
    yield this.lead;
    for (const { rendition } of this.#followers.values()) yield rendition;
  }
}

function pixelsOf({ resolution }: VariantStream): number {
  return resolution ? resolution.width * resolution.height : 0;
}
