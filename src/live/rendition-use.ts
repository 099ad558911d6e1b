import type { IngestMessage } from '../protocol/ingest-messages.js';
import type { LadderFacts, RenditionInUse } from '../protocol/live-stream-info.js';
import { Audience } from './audience.js';
import type { LiveEvent } from './broadcast-options.js';
import type { Ladder } from './ladder.js';
import { offerOf, sourceId } from './rendition-choice.js';
import type { RenditionChange } from './viewer.js';
import type { Viewers } from './viewers.js';

export interface RenditionUseOptions {
  readonly viewers: () => Pick<Viewers, 'count' | 'countByRendition' | 'choices' | 'timeline'>;
  /** What makes renditions here, if anything does. */
  readonly ladder: () => Pick<Ladder, 'choices' | 'measures'> | undefined;
  readonly onEvent: ((event: LiveEvent) => void) | undefined;
}

/** Who watches which rendition of a broadcast, whichever way they watch, and how often somebody was changed over to one. */
export class RenditionUse {
  /** Who watches by HLS, told by the playlist requests. */
  readonly audience = new Audience({ onChange: (rendition) => this.changed({ rendition, why: 'asked' }) });
  readonly #options: RenditionUseOptions;
  readonly #changes = new Map<string, number>();
  #toldWanted = '';

  constructor(options: RenditionUseOptions) {
    this.#options = options;
  }

  /** @param change `asked`: a player of HLS took another playlist */
  changed({ rendition, why }: Pick<RenditionChange, 'rendition'> & { readonly why: RenditionChange['why'] | 'asked' }): void {
    this.#changes.set(rendition, (this.#changes.get(rendition) ?? 0) + 1);
    this.#options.onEvent?.(`rendition-${why}`);
  }

  /** Of all renditions together. */
  get viewerCount(): number {
    return this.#options.viewers().count + this.audience.count;
  }

  get viewersByRendition(): ReadonlyMap<string, number> {
    const counts = new Map(this.#options.viewers().countByRendition);
    for (const [rendition, count] of this.audience.countByRendition) counts.set(rendition, (counts.get(rendition) ?? 0) + count);
    return counts;
  }

  /** How often a viewer was changed over to each. */
  get changesByRendition(): ReadonlyMap<string, number> {
    return this.#changes;
  }

  /**
   * To the publisher, which may leave out what nobody wants: only what it was not told yet.
   * @param isRecorded of which the source is kept
   * @param connection its number: each is told anew
   */
  wantedNews(isRecorded: boolean, connection: number): IngestMessage[] {
    const watching = this.viewersByRendition;
    const { choices } = this.#options.viewers();
    const renditions = choices.flatMap(({ id }) => (watching.has(id) || (isRecorded && id === sourceId) ? [id] : []));
    const told = `${String(connection)}: ${renditions.join()}`;
    if (told === this.#toldWanted) return [];
    this.#toldWanted = told;
    return [{ type: 'wanted', renditions }];
  }

  /** All that there are, for everybody to read; nothing before there is any media. */
  get facts(): { readonly renditions?: readonly RenditionInUse[]; readonly ladder?: LadderFacts } {
    const { viewers, ladder } = this.#options;
    const { choices, timeline } = viewers();
    if (!timeline) return {};
    const madeHere = new Set(ladder()?.choices.map(({ id }) => id));
    const watching = this.viewersByRendition;
    const renditions = choices.map((choice): RenditionInUse => {
      const { id } = choice;
      return { ...offerOf(choice), madeBy: madeHere.has(id) ? 'server' : 'publisher', viewers: watching.get(id) ?? 0, changes: this.#changes.get(id) ?? 0 };
    });
    const measures = ladder()?.measures;
    return { renditions, ...(measures && { ladder: ladderFacts(measures) }) };
  }
}

function ladderFacts({ encoder, preset, renditions, lagSeconds }: LadderFacts): LadderFacts {
  return { encoder, preset, renditions, lagSeconds: Math.round(lagSeconds * 1000) / 1000 };
}
