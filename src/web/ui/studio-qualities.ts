import type { LadderFacts, LiveStreamInfo, RenditionInUse } from '../../protocol/live-stream-info.js';
import { pageFacts, type FactsDesk, type FactsFollower } from '../sdk/playback/facts-poll.js';
import type { PublisherStats } from '../sdk/publisher-events.js';
import { chooseEncoder, type EncoderFacts } from '../sdk/publishing/encoder.js';
import { ladder } from '../sdk/publishing/webcodecs/ladder.js';
import type { Quality } from '../sdk/quality.js';
import { bitRate } from './amounts.js';
import { byId, element } from './element.js';
import { viewersInWords } from './live-words.js';
import { serverBase } from './server-base.js';
import type { StudioForm } from './studio-form.js';
import type { StudioSession } from './studio-session.js';

/** With the chosen one. */
export const mostRenditions = 3;

interface Tried {
  readonly quality: Quality;
  facts: EncoderFacts | undefined;
}

interface Row {
  readonly name: string;
  /** Of the uplink; undefined: it takes nothing of it. */
  readonly bitsPerSecond: number | undefined;
  readonly viewers: number | undefined;
}

/** Which qualities of the picture would be sent, and are: by what, what each takes of the uplink, and how many watch it; which ones the server makes. */
export class StudioQualities {
  readonly #form: StudioForm;
  readonly #session: StudioSession;
  readonly #chooseEncoder: typeof chooseEncoder;
  readonly #hint = byId('several-hint', HTMLElement);
  readonly #sent = byId('sent', HTMLElement);
  readonly #list = byId('sent-list', HTMLElement);
  readonly #by = byId('sent-by', HTMLElement);
  readonly #byServer = byId('made-by-server', HTMLElement);
  readonly #desk: Pick<FactsDesk, 'follow'>;
  #follower: FactsFollower | undefined;
  #facts: Pick<LiveStreamInfo, 'renditions' | 'ladder'> = {};
  /** What this machine was last tried for, and what was found. */
  #tried: Tried | undefined;

  /** @param choose,desk the SDK's own, unless a test has others */
  constructor(form: StudioForm, session: StudioSession, choose = chooseEncoder, desk: Pick<FactsDesk, 'follow'> = pageFacts) {
    this.#desk = desk;
    this.#form = form;
    this.#session = session;
    this.#chooseEncoder = choose;
    byId('several-qualities', HTMLInputElement).addEventListener('change', () => void this.#try());
    byId('quality', HTMLSelectElement).addEventListener('change', () => void this.#try());
    // Tried while the picture is looked at, going live needn't wait for it.
    session.on('opened', () => void this.#try());
    session.on('changed', () => {
      if (session.state.air === 'live') this.#follow();
      this.#promise();
      if (session.onAir) return;
      this.#sent.hidden = true;
      this.#follower?.close();
      this.#follower = undefined;
      this.#facts = {};
    });
    this.#promise();
  }

  /** How many qualities of the picture would be sent at most, as far as browser and machine are known. */
  get renditions(): number {
    const { quality, severalQualities } = this.#form;
    if (!severalQualities) return 1;
    return (this.#tried?.quality === quality ? this.#tried.facts?.renditions : undefined) ?? mostRenditions;
  }

  /** Call once a second while on air. */
  show({ renditions, upstreamBitsPerSecond }: Pick<PublisherStats, 'renditions' | 'upstreamBitsPerSecond'>, encoder: EncoderFacts | undefined): void {
    this.#sent.hidden = encoder === undefined;
    if (encoder === undefined) return;
    const { renditions: known = [], ladder: encoding } = this.#facts;
    const byServer = known.filter(({ madeBy }) => madeBy === 'server');
    // The server knows them by their size, and the first as the source.
    const sent = renditions.map(({ width, height, bitsPerSecond }, index): Row => {
      const found = index === 0 ? known[0] : known.find((each) => each.madeBy === 'publisher' && each.height === height && each !== known[0]);
      return { name: `${String(Math.min(width, height))}p`, bitsPerSecond, viewers: found?.viewers };
    });
    if (sent.length === 0) sent.push({ name: this.#form.quality.name, bitsPerSecond: upstreamBitsPerSecond, viewers: known[0]?.viewers });
    const soundAlone = known.filter(({ height, viewers }) => height === undefined && viewers > 0);
    const free = [...byServer.map((each) => ({ name: each.id, viewers: each.viewers })), ...soundAlone.map(({ viewers }) => ({ name: 'Sound', viewers }))];
    const rows: readonly Row[] = [...sent, ...free.map((each) => ({ ...each, bitsPerSecond: undefined }))];
    const most = Math.max(...sent.map(({ bitsPerSecond = 0 }) => bitsPerSecond), 1);
    this.#list.replaceChildren(...rows.map((row) => rowOf(row, most)));
    const made = madeByServer(byServer, encoding);
    if (this.#byServer.textContent !== made) this.#byServer.textContent = made;
    const words = encoder.encoder === 'webcodecs' ? `Made in this browser by WebCodecs: ${encoder.why}.` : `Recorded by this browser’s MediaRecorder, in one quality: ${encoder.why}.`;
    if (this.#by.textContent !== words) this.#by.textContent = words;
  }

  #follow(): void {
    this.#follower ??= this.#desk.follow(`${serverBase}/api/streams/${this.#form.stream}`, (facts) => {
      if (facts.known) this.#facts = facts.info ?? {};
    });
  }

  async #try(): Promise<void> {
    this.#promise();
    const { quality, severalQualities } = this.#form;
    if (!severalQualities || this.#tried?.quality === quality || this.#session.onAir || this.#session.state.media.getTracks().length === 0) return;
    const tried: Tried = { quality, facts: undefined };
    this.#tried = tried;
    const { facts, close } = await this.#chooseEncoder({ wish: 'auto', quality, maxRenditions: mostRenditions });
    close();
    tried.facts = facts;
    this.#promise();
  }

  /** What will be sent, as far as browser and machine are known. */
  #promise(): void {
    const { quality, severalQualities } = this.#form;
    // What is on air is what was found then.
    const facts = this.#session.state.encoder ?? (this.#tried?.quality === quality ? this.#tried.facts : undefined);
    const more = ladder({ videoBitsPerSecond: quality.videoBitsPerSecond, lines: quality.height }, facts?.renditions ?? mostRenditions).slice(1);
    const listed = more.map(({ lines = quality.height, bitsPerSecond }) => `${String(lines)}p (${bitRate(bitsPerSecond)})`).join(' and ');
    let words = `For viewers on slower lines this browser sends ${listed}, too.`;
    if (!severalQualities) words = 'Everybody gets the one quality, whatever their line carries.';
    else if (facts?.encoder === 'mediarecorder') words = `Not here: ${facts.why}. One quality is sent.`;
    else if (listed === '') words = 'This machine makes one quality in time.';
    if (this.#hint.textContent !== words) this.#hint.textContent = words;
  }
}

function rowOf({ name, bitsPerSecond, viewers }: Row, most: number): HTMLElement {
  // The figure beside it says it.
  const bar = element('progress', { max: String(most), value: String(bitsPerSecond ?? 0), 'aria-hidden': 'true' });
  const takes = bitsPerSecond === undefined ? 'no uplink' : bitRate(bitsPerSecond);
  return element('li', {}, element('span', {}, name), bar, element('span', { class: 'numbers' }, takes), element('span', { class: 'numbers soft' }, viewers === undefined ? '' : viewersInWords(viewers)));
}

/** @param encoding what does it now; undefined: nobody watches one of them */
function madeByServer(renditions: readonly RenditionInUse[], encoding: LadderFacts | undefined): string {
  if (renditions.length === 0) return '';
  const listed = renditions.map(({ id }) => id).join(' and ');
  const when = encoding === undefined ? 'while somebody watches one' : `now, with ${encoding.encoder}, ${encoding.lagSeconds.toFixed(1)} s behind what you send`;
  return `Made by the server: ${listed}, ${when}.`;
}
