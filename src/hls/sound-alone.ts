import { buffer } from 'node:stream/consumers';
import { readInitSegment } from '../fmp4/init-segment.js';
import { bytesOfTrack, soundInit, type SoundInit } from '../fmp4/sound-alone.js';
import type { RenditionFacts } from '../protocol/live-stream-info.js';
import { gapMedia, noRewind, type Answer, type EmptyAnswer } from './answer.js';
import { bitRatesOf, type BitRates, type WeighedSegment } from './bit-rates.js';
import type { DeliveryDirectives } from './blocking-request.js';
import { Encoded } from './encoded.js';
import type { WatchClient } from './held-requests.js';
import { encodeList } from './joined-list.js';
import { readMediaName } from './media-address.js';
import { writeMediaPlaylist, type MediaPlaylistSnapshot, type RenditionReport, type SegmentEntry } from './media-playlist.js';
import type { Rendition } from './rendition.js';
import type { RewindPlaylist } from './rewind.js';
import { writeRewindPlaylist, type WholeSegments } from './whole-playlists.js';
import type { WholeSegment, WindowPart } from './whole-segment.js';

/** Its id. */
export const soundAloneId = 'audio';

/** So many parts and segments are kept once they were asked for: everybody asks for the same ones at the same time. */
const mostKept = 32;

const noSound: EmptyAnswer = { outcome: 'gone', message: 'there is no sound in this' };

export interface SoundAloneOptions {
  readonly lead: Rendition;
  /** How far the other renditions are. */
  readonly reports: () => readonly RenditionReport[];
}

/**
 * The sound of the source alone, as a rendition with the numbers, cuts and dates of the lead. It is made of the lead's media only when somebody asks
 * for it: a stream to which nobody listens in this way pays nothing. Where there is no sound its segments and parts are gaps.
 */
export class SoundAlone {
  readonly #lead: Rendition;
  readonly #reports: () => readonly RenditionReport[];
  readonly #inits = new Map<string, SoundInit | undefined>();
  readonly #media = new Map<string, Buffer>();
  readonly #weights = new WeakMap<WholeSegment, WeighedSegment>();
  #rates: { readonly of: WholeSegment | undefined; readonly rates: BitRates } | undefined;
  #texts: { readonly revision: number; readonly whole?: Encoded; readonly delta?: Encoded } = { revision: -1 };

  constructor({ lead, reports }: SoundAloneOptions) {
    this.#lead = lead;
    this.#reports = reports;
  }

  /** Whether it is another rendition than the lead, and has something newly. */
  get isOffered(): boolean {
    const newest = this.#lead.window.listed.at(-1);
    return this.#lead.playable && this.#lead.hasPicture && newest?.sound === true && !newest.gap;
  }

  get isGap(): boolean {
    return !this.isOffered;
  }

  get last(): Omit<RenditionReport, 'uri'> | undefined {
    return this.isOffered ? this.#lead.last : undefined;
  }

  get facts(): RenditionFacts | undefined {
    const { timing, window: { listed } } = this.#lead;
    const newest = listed.at(-1);
    const sound = newest && this.#initOf(newest.mapUri);
    if (!timing || !sound || !this.isOffered) return undefined;
    if (this.#rates?.of !== newest) this.#rates = { of: newest, rates: this.#measure(listed, timing.targetDurationSeconds) };
    const { averageBitsPerSecond, peakBitsPerSecond } = this.#rates.rates;
    return { ...timing, codecs: sound.init.codecs, averageBitsPerSecond: Math.ceil(averageBitsPerSecond), peakBitsPerSecond: Math.ceil(peakBitsPerSecond) };
  }

  mediaPlaylist(directives: DeliveryDirectives, watchClient: WatchClient): Promise<Answer> {
    return this.#lead.playlistAnswer(directives, watchClient, (_timing, delta) => this.#playlist(delta));
  }

  async rewindPlaylist(kind: RewindPlaylist, { _HLS_msn, _HLS_skip }: DeliveryDirectives, watchClient: WatchClient): Promise<Answer> {
    const { rewind } = this.#lead.window;
    if (!rewind) return noRewind;
    if (kind === 'iframes') return { outcome: 'to-come', message: 'there is no picture in this' };
    return this.#lead.playlistAnswer({ _HLS_msn, _HLS_skip }, watchClient, (timing, delta) => {
      const { targetDurationSeconds } = timing;
      const { segments, discontinuitySequence, joined } = rewind;
      const list: WholeSegments = { targetDurationSeconds, segments: this.#soundOf(segments), discontinuitySequence, ended: this.#lead.ended };
      return encodeList(list, joined, (each) => writeRewindPlaylist(each, timing, { delta }));
    });
  }

  /** As the lead's, without the picture. */
  async media(name: string, watchClient: WatchClient): Promise<Answer> {
    const kind = readMediaName(name)?.kind;
    if (kind === 'init') {
      const sound = this.#initOf(name);
      return sound ? { outcome: 'lasting', body: sound.init.bytes } : noSound;
    }
    const kept = this.#media.get(name);
    if (kept) return { outcome: 'lasting', body: kept };
    const answer = await this.#lead.media(name, watchClient);
    if (!answer.body || answer.body instanceof Encoded) return answer;
    const none: Answer = kind === 'segment' ? { outcome: 'lasting', body: gapMedia } : noSound;
    const sound = this.#initOf(this.#lead.window.mapUriOf(name) ?? '');
    if (!sound) return none;
    const whole = Buffer.isBuffer(answer.body) ? answer.body : await buffer(await answer.body.open(0, answer.body.byteLength));
    const body = bytesOfTrack(whole, sound.trackId);
    if (body.length === 0) return none;
    this.#keep(name, body);
    return { outcome: 'lasting', body };
  }

  /** See `Rendition`. */
  initAfterDiscontinuity(name: string): Buffer | undefined {
    return this.#lead.initAfterDiscontinuity(name) && this.#initOf(this.#lead.window.mapUriOf(name) ?? '')?.init.bytes;
  }

  #keep(name: string, body: Buffer): void {
    this.#media.set(name, body);
    const [oldest] = this.#media.keys();
    if (this.#media.size > mostKept && oldest !== undefined) this.#media.delete(oldest);
  }

  /** undefined: the lead's has no sound, or can't be had. */
  #initOf(mapUri: string): SoundInit | undefined {
    const known = this.#inits.get(mapUri);
    if (known) return known;
    const bytes = this.#lead.window.init(mapUri);
    const sound = bytes && soundInit(readInitSegment(bytes));
    if (sound) this.#inits.set(mapUri, sound);
    for (const uri of this.#inits.keys()) if (!this.#lead.window.init(uri)) this.#inits.delete(uri);
    return sound;
  }

  #playlist(delta: boolean): Encoded {
    const { revision } = this.#lead;
    if (this.#texts.revision !== revision) this.#texts = { revision };
    const made = delta ? this.#texts.delta : this.#texts.whole;
    if (made) return made;
    const { snapshot, window: { listed, open, joined } } = this.#lead;
    const segments: SegmentEntry[] = this.#soundOf(listed);
    if (open) segments.push({ ...open, mapUri: this.#initOf(open.mapUri) ? open.mapUri : (segments.at(-1)?.mapUri ?? ''), parts: open.parts.map(soundOf) });
    const list: MediaPlaylistSnapshot = { ...snapshot, segments, reports: this.#reports() };
    const text = encodeList(list, joined, (each) => writeMediaPlaylist(each, { delta }));
    this.#texts = { ...this.#texts, ...(delta ? { delta: text } : { whole: text }) };
    return text;
  }

  /** A segment that is a gap needs no init segment: it is given its neighbour's, so that none is listed that can't be had. */
  #soundOf(segments: readonly WholeSegment[]): WholeSegment[] {
    let mapUri = segments.find((segment) => this.#initOf(segment.mapUri))?.mapUri ?? '';
    return segments.map((segment) => {
      if (this.#initOf(segment.mapUri)) ({ mapUri } = segment);
      return { ...segment, mapUri, parts: segment.parts.map(soundOf), gap: segment.gap === true || segment.sound !== true };
    });
  }

  /** Of what lies in memory. */
  #measure(listed: readonly WholeSegment[], targetDurationSeconds: number): BitRates {
    return bitRatesOf(listed.flatMap((segment) => this.#weigh(segment) ?? []), targetDurationSeconds);
  }

  #weigh(segment: WholeSegment): WeighedSegment | undefined {
    const known = this.#weights.get(segment);
    if (known) return known;
    const sound = this.#initOf(segment.mapUri);
    const { durationSeconds, media } = segment;
    if (!sound || segment.gap || media.bytesInMemory < media.byteLength) return undefined;
    const weight = { durationSeconds, byteLength: media.pieces.reduce((sum, piece) => sum + bytesOfTrack(piece, sound.trackId).length, 0) };
    this.#weights.set(segment, weight);
    return weight;
  }
}

/** Sound can be decoded from anywhere. */
function soundOf(part: WindowPart): WindowPart {
  return { ...part, independent: true, ...(!part.sound && { gap: true }) };
}
