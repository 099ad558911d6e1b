import type { InitSegment } from '../fmp4/init-segment.js';
import { keptName } from '../hls/media-address.js';
import { manifestLine, sumsOf, toMilliseconds, type ManifestEnd, type ManifestInit, type ManifestLine, type ManifestStart } from '../hls/manifest.js';
import type { WholeSegment } from '../hls/whole-segment.js';
import type { StreamDescription } from '../protocol/stream-description.js';
import type { MediaStore } from '../storage/media-store.js';
import { WriteBehind } from '../storage/write-behind.js';
import { WriteHealth } from '../storage/write-health.js';
import { settledWithin } from './settled-within.js';

export const manifestName = 'manifest.jsonl';

/** Some hours of lines. */
const mostUnwritten = 1_048_576;

/**
 * Told when the store does not take all of a recording, and why; and with how much is missing by then, of all of it, when it is well again: undefined for the
 * error. In turns, however long each lasts.
 */
export type TellOfGap = (error: Error | undefined, missingSeconds: number) => void;

export interface RecorderOptions {
  readonly store: MediaStore;
  readonly start: ManifestStart;
  readonly description: StreamDescription;
  readonly onGap: TellOfGap;
  readonly maxWaitingBytes?: number | undefined;
  /** How long the end waits for the store. */
  readonly endTimeoutMs?: number | undefined;
}

/**
 * Keeps the segments of a broadcast as they are closed: first the media, then its line in the manifest, so that what the manifest lists is there,
 * whenever the process dies. What the store does not take is a gap in the recording, listed as soon as it takes more; nobody waits for it.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #writer: WriteBehind;
  readonly #inits = new Map<string, ManifestInit>();
  #sums = { durationSeconds: 0, missingSeconds: 0, byteLength: 0 };
  readonly #health = new WriteHealth();
  /** Lines that the store did not take yet. */
  #unwritten = '';
  #description: StreamDescription;
  #noted: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    const { store, start, description, maxWaitingBytes } = options;
    this.#options = options;
    this.#writer = new WriteBehind({ store, onFailure: (error) => this.#failed(error), maxWaitingBytes });
    this.#description = description;
    this.#noted = this.#note([start, { type: 'description', ...description }]);
  }

  /** What was kept so far. */
  get sums(): Omit<ManifestEnd, 'type'> {
    return { ...sumsOf({ segments: [], inits: this.#inits, renditions: new Map() }), ...this.#sums };
  }

  /**
   * @param init what its media needs
   * @param rendition undefined for the best
   */
  segment({ parts: _parts, media, ...named }: WholeSegment, init: InitSegment, rendition?: string): void {
    const facts = { ...named, uri: keptName(rendition, named.uri), mapUri: keptName(rendition, named.mapUri) };
    const initLine = this.#inits.has(facts.mapUri) ? undefined : this.#putInit(facts.mapUri, init);
    // The pieces as they are now: the window lets go of its own once its own store has them.
    const put = facts.gap ? Promise.resolve(false) : this.#writer.put(facts.uri, { byteLength: media.byteLength, pieces: media.pieces });
    const isThere = put.then((there) => ({ gap: !there, isSteady: there && this.#health.taken() }));
    this.#next(async () => {
      const newInit = await initLine;
      const { gap, isSteady } = await isThere;
      const best = rendition === undefined ? facts.durationSeconds : 0;
      const { durationSeconds, missingSeconds, byteLength } = this.#sums;
      this.#sums = { durationSeconds: durationSeconds + best, missingSeconds: toMilliseconds(missingSeconds + (gap ? best : 0)), byteLength: byteLength + (gap ? 0 : facts.byteLength) };
      // Only now it is known how much is missing of what came before.
      if (isSteady && this.#health.recovered()) this.#options.onGap(undefined, this.#sums.missingSeconds);
      return [...(newInit ? [newInit] : []), { type: 'segment', ...(rendition !== undefined && { rendition }), ...facts, ...(gap && { gap }) }];
    });
  }

  describe(description: StreamDescription): void {
    this.#description = description;
    this.#next(() => [{ type: 'description', ...description }]);
  }

  /** Nothing more comes. Resolves when all is written, or when the store is not waited for any longer. */
  async end(): Promise<void> {
    // Beside the sums once more: whoever lists recordings reads the ends of a manifest alone.
    this.#next(() => [{ type: 'description', ...this.#description }, { type: 'end', ...this.sums }]);
    const { endTimeoutMs = 1500 } = this.#options;
    if (await settledWithin(this.#noted, endTimeoutMs)) return;
    void this.#writer.close();
    // Nothing of it waits for the store any more: what did not get there is counted as missing.
    await this.#noted;
  }

  #failed(error: Error): void {
    if (this.#health.failed()) this.#options.onGap(error, this.#sums.missingSeconds);
  }

  /** undefined when it did not get there: it is put again with the next segment, under the same name. */
  async #putInit(uri: string, { bytes, codecs, tracks }: InitSegment): Promise<ManifestInit | undefined> {
    const video = tracks.find((track) => track.kind === 'video');
    const line: ManifestInit = { type: 'init', uri, codecs, ...(video && { picture: { codec: video.codec, width: video.width, height: video.height } }) };
    this.#inits.set(uri, line);
    if (await this.#writer.put(uri, { byteLength: bytes.length, pieces: [bytes] })) return line;
    this.#inits.delete(uri);
    return undefined;
  }

  #next(lines: () => ManifestLine[] | Promise<ManifestLine[]>): void {
    this.#noted = this.#noted.then(async () => this.#note(await lines()));
  }

  /** Lines that were not taken are written with the next ones, behind what a full disk may have taken of them. */
  async #note(lines: readonly ManifestLine[]): Promise<void> {
    const text = this.#unwritten + lines.map(manifestLine).join('');
    if (await this.#writer.append(manifestName, text)) this.#unwritten = '';
    else if (text.length < mostUnwritten) this.#unwritten = `\n${text.trimStart()}`;
  }
}
