import type { PathFailure, PathFailureOf } from '../words.js';
import type { PathName } from './path-choice.js';

/** A path that failed so long ago may be tried again, at the next occasion. */
const forgivenAfterMs = 120_000;
/** One broken frame is no reason to leave a path: it is begun anew so often first. */
const mediaErrorsAllowed = 2;

/** Which paths failed of late. */
export class PathFailures {
  #entries: { readonly failure: PathFailureOf; readonly atMs: number }[] = [];

  add(path: PathName, failure: PathFailure, nowMs: number): void {
    this.#entries.push({ failure: { ...failure, path }, atMs: nowMs });
  }

  forgive(): void {
    this.#entries = [];
  }

  /** Those that keep their path from being chosen. */
  standing(nowMs: number): PathFailureOf[] {
    const recent = this.#entries.filter(({ atMs }) => nowMs - atMs < forgivenAfterMs).map(({ failure }) => failure);
    return recent.filter((failure) => failure.code !== 'media-error' || recent.filter(({ path, code }) => path === failure.path && code === 'media-error').length > mediaErrorsAllowed);
  }
}
