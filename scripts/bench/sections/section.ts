import type { Figure } from '../report.js';

export interface SectionOptions {
  /** What all publishers send. */
  readonly recording: string;
  /** How long a steady state is measured. */
  readonly seconds: number;
  /** A built checkout of an earlier commit, to be measured at the same moment. */
  readonly before?: string | undefined;
}

/** What a change may cost, beside the server of before: one stream, and what is counted by the hundred. */
export const beforeBounds = { oneStream: 1.15, many: 1.1, delayMs: 5, startSeconds: 0.1, mainThreadPercent: 2 } as const;

/** Its name in a table. */
export const besideBefore = 'the server of before';

export type Section = (options: SectionOptions) => Promise<Figure[]>;

/** Until code is compiled and buffers have their size, nothing is steady. */
export const warmUpMs = 8000;
/** Code that runs some hundred times a second is still being compiled before. */
export const compiledMs = 30_000;
