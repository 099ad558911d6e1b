import t from 'tap';
import { FragmentReader } from '../../src/fmp4/fragment-reader.js';
import type { Presentation } from '../../src/hls/presentation.js';
import { everySeconds, samplesOf, tracksOf, videoTrack } from '../helpers/media-builder.js';
import { Ladder, type Watched } from '../helpers/packaged-ladder.js';
import { violations } from '../helpers/playlist-rules.js';
import { readAttributes } from '../helpers/playlist-reader.js';
import { seededRandom } from '../helpers/seeded-random.js';

const rate = 12.5;
const stepSeconds = 1 / 3;
const noClient = (): (() => void) => () => undefined;

interface Variant extends Watched {
  readonly pictures: Map<string, Promise<readonly number[]>>;
}

/** The numbers of the pictures in a part; asked for once, whoever takes it. */
function picturesOf({ rendition, pictures }: Variant, uri: string): Promise<readonly number[]> {
  const read = async (): Promise<readonly number[]> => {
    const { outcome, body } = await rendition.media(uri, noClient);
    if (!Buffer.isBuffer(body)) throw new Error(`expected the part ${uri}, which is listed, got "${outcome}"`);
    const fragments = new FragmentReader().push(body).flatMap((event) => (event.type === 'fragment' ? [event.fragment] : []));
    return fragments.flatMap(({ runs }) => runs.filter(({ trackId, sampleCount }) => trackId === videoTrack.trackId && sampleCount > 0).map((run) => Math.round((run.baseMediaDecodeTime / videoTrack.timescale) * rate)));
  };
  const known = pictures.get(uri) ?? read();
  pictures.set(uri, known);
  return known;
}

/** Takes one part after the other, and another rendition now and then where one can be begun with. */
class Viewer {
  changes = 0;
  taken = 0;
  lastNumber: number | undefined;
  readonly faults: string[] = [];
  #at = 0;
  #next: { readonly mediaSequence: number; readonly part: number } | undefined;

  constructor(
    private readonly presentation: Presentation,
    private readonly variants: readonly Variant[],
    private readonly random: () => number,
  ) {}

  /** Takes all that is new. */
  async look(): Promise<void> {
    for (let part = this.#newPart(); part; part = this.#newPart()) {
      if (part.isIndependent && this.random() < 0.4 && this.#change(part.mediaSequence)) continue;
      const variant = this.variants[this.#at];
      // What is left of a segment's sound may lie a part earlier in another rendition.
      for (const number of variant && !part.isGap ? await picturesOf(variant, part.uri) : []) {
        if (this.lastNumber !== undefined && number !== this.lastNumber + 1) this.faults.push(`after picture ${this.lastNumber} came ${number}`);
        this.lastNumber = number;
      }
      this.taken++;
      this.#next = part.isLast ? { mediaSequence: part.mediaSequence + 1, part: 0 } : { mediaSequence: part.mediaSequence, part: part.index + 1 };
    }
  }

  #newPart(): { readonly mediaSequence: number; readonly index: number; readonly uri: string; readonly isIndependent: boolean; readonly isGap: boolean; readonly isLast: boolean } | undefined {
    const segments = this.variants[this.#at]?.seen.at(-1)?.segments ?? [];
    const next = this.#next ?? { mediaSequence: segments.at(-1)?.sequenceNumber ?? 0, part: 0 };
    const begun = segments.find(({ sequenceNumber }) => sequenceNumber === next.mediaSequence);
    const from = begun?.uri !== undefined && next.part >= begun.parts.length ? { mediaSequence: next.mediaSequence + 1, part: 0 } : next;
    const segment = segments.find(({ sequenceNumber }) => sequenceNumber === from.mediaSequence);
    const part = segment?.parts[from.part];
    if (!segment || !part) return undefined;
    return { mediaSequence: from.mediaSequence, index: from.part, uri: part.uri, isIndependent: part.isIndependent, isGap: part.isGap, isLast: segment.uri !== undefined && from.part === segment.parts.length - 1 };
  }

  /** What the present playlist reports of another is there at once. @returns whether it is that far */
  #change(mediaSequence: number): boolean {
    const to = Math.floor(this.random() * this.variants.length);
    const text = this.variants[this.#at]?.seen.at(-1)?.text ?? '';
    const reports = [...text.matchAll(/^#EXT-X-RENDITION-REPORT:(.*)$/gm)].map(([, attributes = '']) => readAttributes(attributes));
    const folder = ['', '480p/', '360p/'][to] ?? '';
    const report = reports.find(({ URI: uri = '' }) => uri.replace('../', '') === `${folder}media.m3u8`);
    if (to === this.#at || !report || Number(report['LAST-MSN']) < mediaSequence) return false;
    void this.variants[to]?.rendition.mediaPlaylist({ _HLS_msn: report['LAST-MSN'], _HLS_part: report['LAST-PART'] }, noClient);
    if (this.presentation.waiting > 0) this.faults.push(`${folder} was not there yet, though it was reported to be at ${String(report['LAST-MSN'])}.${String(report['LAST-PART'])}`);
    this.#at = to;
    this.changes++;
    return true;
  }
}

t.test('in ten minutes three renditions and their sound break no rule, and 200 viewers who change at random are sent every picture once', async (t) => {
  const random = seededRandom(16);
  const ladder = new Ladder({ listedSegments: 8 });
  ladder.add('480p', { behindSeconds: 0.1 });
  ladder.add('360p', { behindSeconds: 0.3 });
  const samples = samplesOf({ gapsSeconds: [1 / rate], isKeyframe: everySeconds(2), withSound: true, seconds: 600 });
  ladder.begin(tracksOf(samples));
  const variants = [ladder.lead, ...ladder.rungs.map(({ watched }) => watched)].map((watched): Variant => Object.assign(watched, { pictures: new Map<string, Promise<readonly number[]>>() }));
  const viewers: Viewer[] = [];
  let at = 0;
  for (let seconds = stepSeconds; at < samples.length; seconds += stepSeconds) {
    const from = at;
    while ((samples[at]?.startSeconds ?? Infinity) < seconds) at++;
    await ladder.push(samples.slice(from, at));
    // They come over the first five minutes.
    if (seconds > 10 && viewers.length < 200 && random() < 0.3) viewers.push(new Viewer(ladder.presentation, variants, random));
    // Some are late: those find other renditions as far as theirs.
    for (const viewer of viewers) if (random() < 0.7) await viewer.look();
  }
  for (const viewer of viewers) await viewer.look();
  await ladder.end();
  for (const [name, { seen }] of [...variants.map((variant, index) => [`rendition ${index}`, variant] as const), ['the sound alone', ladder.sound] as const]) {
    t.ok(seen.length > 1700, `${name}: ${seen.length} playlists`);
    t.strictSame(violations(seen), [], name);
  }
  t.equal(viewers.length, 200);
  t.strictSame(viewers.flatMap(({ faults }) => faults), []);
  const least = (amount: (viewer: Viewer) => number): number => Math.min(...viewers.map(amount));
  t.ok(least(({ lastNumber = 0 }) => lastNumber) > 599 * rate, `each into the last second: ${least(({ lastNumber = 0 }) => lastNumber)}`);
  t.ok(least(({ taken }) => taken) > 700, `${least(({ taken }) => taken)} parts at least`);
  t.ok(least(({ changes }) => changes) > 5, `${least(({ changes }) => changes)} changes at least`);
});
