import { clockTime } from './amounts.js';
import { element } from './element.js';
import { notice } from './notice.js';
import { retryAfterMs } from '../sdk/retry-after.js';

/** A server that makes a file says so again and again. */
const askAgainMs = 2000;

/**
 * Downloads a file that the server may have to make first, and says what goes on meanwhile.
 * @param into where it is said; the browser itself says how the download goes
 * @returns what stops the waiting
 */
export function downloadWhenMade(url: string, into: HTMLElement): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const beganMs = performance.now();
  const words = element('p', {}, 'The file is being made…');
  const bar = element('progress', { 'aria-label': 'The file is being made' });
  const cancel = element('button', { class: 'button', type: 'button' }, 'Cancel');
  cancel.addEventListener('click', () => stop.abort());
  into.replaceChildren(element('div', { class: 'making' }, words, bar, cancel));
  const counting = setInterval(() => (words.textContent = `The file is being made: ${clockTime((performance.now() - beganMs) / 1000)} so far. It is made once; then it can be had at once.`), 1000);
  signal.addEventListener('abort', () => {
    clearInterval(counting);
    into.replaceChildren();
  });

  const wait = async (): Promise<void> => {
    for (;;) {
      // A byte of it is enough to know that it is there.
      const response = await fetch(url, { headers: { range: 'bytes=0-0' }, cache: 'no-store', signal });
      if (response.ok) {
        await response.body?.cancel();
        return;
      }
      const { message } = (await response.json()) as { message: string };
      if (response.status !== 503) throw new Error(message);
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs(response.headers) ?? askAgainMs));
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
