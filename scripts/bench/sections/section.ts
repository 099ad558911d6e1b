import type { Figure } from '../report.js';

export interface SectionOptions {
  /** What all publishers send. */
  readonly recording: string;
  /** How long a steady state is measured. */
  readonly seconds: number;
}

export type Section = (options: SectionOptions) => Promise<Figure[]>;

/** Until code is compiled and buffers have their size, nothing is steady. */
export const warmUpMs = 8000;
/** Code that runs some hundred times a second is still being compiled before. */
export const compiledMs = 30_000;
