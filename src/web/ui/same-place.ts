import type { RecordingInfo } from '../../protocol/recording-info.js';

/** Who came so near to the end has seen it all. */
const nearEndSeconds = 5;

/** Where a recording's page begins, by its address (`#t=90.5`, as of Media Fragments URI 1.0 §4.2.1): seconds from the beginning; undefined where it does not say. */
export function placeIn(hash: string): number | undefined {
  const [, seconds] = /^#t=(\d{1,7}(?:\.\d{1,3})?)$/.exec(hash) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

/**
 * The address of a recording's page for somebody who was back in its broadcast when that ended.
 * @param page the recording's
 * @param api where the server tells of it
 * @param atSeconds where they were, by the clock: seconds since the epoch
 * @returns the page at that place; at its beginning where the place is not in it, near its end, or not known
 */
export async function pageAtPlace(page: string, api: string, atSeconds: number): Promise<string> {
  try {
    const response = await fetch(api, { cache: 'no-store' });
    if (!response.ok) return page;
    const { startedAt, durationSeconds } = (await response.json()) as RecordingInfo;
    const seconds = atSeconds - Date.parse(startedAt) / 1000;
    return seconds > 0 && seconds < durationSeconds - nearEndSeconds ? `${page}#t=${seconds.toFixed(1)}` : page;
  } catch {
    return page;
  }
}
