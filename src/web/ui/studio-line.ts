import type { PublisherStats } from '../sdk/publisher-events.js';
import type { UplinkSecond, UplinkVerdict } from '../sdk/publishing/uplink-history.js';
import { bitRate } from './amounts.js';
import { byId } from './element.js';
import { lineGraph } from './line-graph.js';

type Mood = 'good' | 'busy' | 'bad';

const verdicts: Readonly<Record<UplinkVerdict, { readonly words: string; readonly mood: Mood }>> = {
  starting: { words: 'Measuring the line …', mood: 'busy' },
  good: { words: 'The line is fine.', mood: 'good' },
  reduced: { words: 'The line is tight: the picture is sent with fewer bits.', mood: 'busy' },
  slow: { words: 'The line is too slow: viewers fall behind.', mood: 'bad' },
  dropping: { words: 'The line was too slow: viewers missed a part.', mood: 'bad' },
  offline: { words: 'No connection: what is recorded is kept for a minute.', mood: 'bad' },
  'few-pictures': { words: 'The camera gives few pictures: try more light, or close other programs.', mood: 'busy' },
};

/** How the line to the server does: one sentence, figures, and a graph of the last minutes. */
export class StudioLine {
  readonly #section = byId('line', HTMLElement);
  readonly #verdict = byId('verdict', HTMLElement);
  readonly #graph = byId('line-graph', HTMLElement);

  set hidden(hidden: boolean) {
    this.#section.hidden = hidden;
  }

  show(stats: PublisherStats, history: readonly UplinkSecond[]): void {
    const { words, mood } = verdicts[stats.verdict];
    // Set only when it changes: it is read out.
    if (this.#verdict.textContent !== words) this.#verdict.textContent = words;
    this.#verdict.dataset.mood = mood;
    byId('upstream', HTMLElement).textContent = bitRate(stats.upstreamBitsPerSecond);
    byId('viewers', HTMLElement).textContent = String(stats.viewers);
    byId('pictures', HTMLElement).textContent = stats.framesPerSecond === undefined ? '–' : `${String(stats.framesPerSecond)}/s`;
    byId('backlog', HTMLElement).textContent = `${(stats.backlogMs / 1000).toFixed(1)} s`;
    this.#graph.replaceChildren(lineGraph(history));
  }
}
