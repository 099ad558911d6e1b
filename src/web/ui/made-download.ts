import type { DownloadProgress } from '../../protocol/recording-info.js';
import { element } from './element.js';
import { notice } from './notice.js';
import { retryAfterMs } from '../sdk/retry-after.js';

/** So often it is asked how far a file is. */
const askEveryMs = 1000;
/** A server that refuses for now says how long; one that does not say is asked again after so long. */
const askAgainMs = 2000;

/**
 * Downloads a file that the server may have to make first, and says what goes on meanwhile.
 * @param into where it is said; the browser itself says how the download goes
 * @returns what stops the waiting
 */
export function downloadWhenMade(url: string, into: HTMLElement): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const words = element('p', {}, 'The file is being made…');
  const bar = element('progress', { 'aria-label': 'The file is being made' });
  const cancel = element('button', { class: 'button', type: 'button' }, 'Cancel');
  cancel.addEventListener('click', () => stop.abort());
  into.replaceChildren(element('div', { class: 'making' }, words, bar, cancel));
  signal.addEventListener('abort', () => into.replaceChildren());

  const wait = async (): Promise<void> => {
    for (;;) {
      const response = await fetch(progressUrl(url), { cache: 'no-store', signal });
      let waitMs = askEveryMs;
      if (response.ok) {
        const told = (await response.json()) as DownloadProgress;
        if (told.state === 'ready') return;
        words.textContent = progressWords(told);
        // Without a value a bar says that it is not known yet how far it is.
        if (told.state === 'making') bar.value = told.percent / 100;
      } else {
        const { message } = (await response.json()) as { message: string };
        if (response.status !== 503) throw new Error(message);
        words.textContent = message;
        waitMs = retryAfterMs(response.headers) ?? askAgainMs;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      signal.throwIfAborted();
    }
  };
  wait().then(
    () => {
      stop.abort();
      const link = element('a', { href: url, download: '' });
      document.body.append(link);
      link.click();
      link.remove();
      into.replaceChildren(notice('info', { title: 'The download has begun', advice: 'Your browser shows how far it is. Should nothing happen, use the link below.' }), element('a', { href: url, download: '' }, 'Download the file'));
    },
    (error: unknown) => {
      if (signal.aborted) return;
      stop.abort();
      into.replaceChildren(notice('error', { title: "This can't be downloaded", advice: error instanceof Error ? error.message : String(error) }));
    },
  );
  return () => stop.abort();
}

/** Where it is told how far a file is: beside the file, with the same query. */
export function progressUrl(url: string): string {
  return url.replace(/\/download\.mp4(?=$|\?)/, '/download.json');
}

export function progressWords(told: DownloadProgress): string {
  if (told.state === 'ready') return 'The file is made.';
  if (told.state === 'waiting') return 'The file waits until others are made.';
  return `The file is being made: ${String(told.percent)} % is done. It is made once; then it can be had at once.`;
}
